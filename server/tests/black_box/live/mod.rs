//! Live control: what an administrator changes holds for the next turn, without a restart, and is there after one.

mod audit;
mod effects;
mod keys;
mod settings;
mod stored;
mod trials;
