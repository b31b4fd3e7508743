//! (in the making)

mod boot;

pub use boot::{Boot, BootPage};
