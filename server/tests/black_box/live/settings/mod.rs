//! Each kind of setting, and the next turn that finds it changed.

mod alerts;
mod refused;
mod resilience;
mod routing;
mod unwritten;

const NO_RETRIES: &str = "retries_before_fallback = 0\nmax_retries = 0";
