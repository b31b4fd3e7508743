//! What the health panel shows and edits, as plain data.

mod chart;
mod draft;
mod query;
mod rollout;
mod route;
mod series;

pub use chart::{Bars, Curves, Strip, bars, curves, round_up, strip};
pub use draft::{Draft, Edit, SECTIONS, move_item, section};
pub use query::{decoded, encoded};
pub use rollout::percentage;
pub use route::{PanelRoute, PanelView};
pub use series::{DAY, DAY_STEP_MS, QUARTER, QUARTER_STEP_MS, Slot, Track, summed};
