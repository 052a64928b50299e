//! What the benchmarks share: arguments, a folder, and verdicts as ratios.
#![allow(dead_code, unused_imports, reason = "each benchmark uses its part")]

#[path = "../../../playground-services/kit/benches/report.rs"]
mod figures;
pub mod recorded;
pub mod viewer;

pub use figures::*;
