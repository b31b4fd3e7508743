//! What must stay fast when much is kept: search, the receipt, saving an answer while it streams, and the log of attempts.

#![expect(clippy::unwrap_used, reason = "a benchmark may fail by panicking")]

mod kept;
mod log;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};

criterion_group! {
    name = group;
    // Nothing here takes long, and there is much of it.
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1));
    targets = kept::benches, log::benches
}
criterion_main!(group);
