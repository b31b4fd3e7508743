//! What administrators change while the server runs: laid over the configuration, checked as the file is, stored, and
//! written down.
//!
//! The configuration that holds is always read anew from the file's text, the environment and all live changes together;
//! so a change is refused in the reader's own words, and taking one back leaves nothing of it. Turns under way keep what
//! they began with; the next attempt finds the new catalog, and living circuits the new figures.

pub mod audit;
mod change;
pub mod describe;
mod effect;
mod key;
mod places;
mod settings;
mod start;
mod trial;

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use evenkeel_protocol::SettingValue;
use tokio::sync::Mutex;

pub use self::change::{Refused, Wanted, change, imagine, stale};
pub use self::effect::{Hand, circuit_effect};
pub use self::key::{KeyRefused, Tested, forget_key, replace_key};
pub use self::settings::settings;
pub use self::start::Started;
pub use self::trial::{plan, test};
use crate::config::{Changes, Config, Keys, Place, Source};

/// The live changes, and what they are laid over.
pub struct Live {
    source: Source,
    /// What the file and the environment say alone.
    file: Config,
    /// Where keys are kept.
    keys: PathBuf,
    now: ArcSwap<Now>,
    /// One change at a time.
    changing: Mutex<()>,
}

/// The live changes as they are now.
#[derive(Clone, Default)]
struct Now {
    revision: u64,
    changes: Changes,
    keys: Keys,
}

impl Live {
    /// How often live settings have been changed; what was looked at under another number may be different now.
    pub fn revision(&self) -> u64 {
        self.now.load().revision
    }

    /// Everything taken back.
    pub fn everything(&self) -> Wanted {
        let now = self.now.load();
        now.changes
            .values
            .keys()
            .map(|place| (place.clone(), None))
            .collect()
    }

    /// What holds without live changes.
    fn file(&self) -> &Config {
        &self.file
    }

    /// What a setting was changed to, where it was.
    fn value(&self, place: &Place) -> Option<SettingValue> {
        self.now.load().changes.values.get(place).cloned()
    }

    fn now(&self) -> Arc<Now> {
        self.now.load_full()
    }
}
