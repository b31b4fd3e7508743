//! Keeps conversations, messages, attempts and settings in a database, and gives them back as they were.
//!
//! It stores the wire types of `evenkeel-protocol` and imports nothing else of the project. It must never know HTTP,
//! the engine, or what a turn does: it is told what to write and by whom. Whatever is asked for on behalf of a
//! principal is found only where it belongs to that principal; to all others it does not exist.

mod alerts;
mod answer;
mod attachments;
mod attempt_query;
mod attempts;
mod audit;
mod buckets;
mod changes;
mod conversations;
mod deletion;
mod error;
mod files;
mod import;
mod live;
mod message;
mod open;
mod receipt;
mod rows;
mod runs;
mod search;
mod settings;
mod statistics;
mod thread;
mod title;
mod turn;

pub use alerts::{AlertMessage, KeptAlert};
pub use attachments::File;
pub use attempt_query::{AttemptFilter, LogPlace};
pub use attempts::CallAttempts;
pub use audit::{AuditRow, Deed};
pub use buckets::{KeptMinute, TurnEnd};
pub use changes::Change;
pub use error::StoreError;
pub use import::Import;
pub use live::{LiveChange, LiveSettings};
pub use open::Store;
pub use receipt::Account;
pub use runs::{EndedRun, LastAsked};
pub use statistics::{Sample, TurnCount};
pub use thread::ThreadMessage;
pub use turn::{Before, Begun, NewAnswer, NewTurn};
