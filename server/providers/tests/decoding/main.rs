//! Every family's decoder against streams as providers send them, whole and broken.
//!
//! The samples stand in `tests/corpus/<family>/`, each with the pieces that it must give beside it, one per line of a
//! `.expected.json`.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

mod broken;
mod samples;
mod spoken;
