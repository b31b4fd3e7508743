//! Has the crate compiled again when a migration is added; `sqlx::migrate!` by itself only sees those it knows change.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
