// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random histories of one thread, each compared with a simple model.

mod support;

#[path = "properties/counts.rs"]
mod counts;
#[path = "properties/fields.rs"]
mod fields;
#[path = "properties/latches.rs"]
mod latches;
#[path = "properties/seqlocks.rs"]
mod seqlocks;

/// The length of the longest history.
const MOST_STEPS: usize = if cfg!(miri) { 8 } else { 50 };

/// Nothing is written to disk: a failure prints the history, which is short.
fn config() -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        cases: u32::try_from(support::times(200, 2)).unwrap(),
        failure_persistence: None,
        ..Default::default()
    }
}

/// The model's versions beside those of the crate. Over the whole history, two of the crate's are equal if
/// and only if the model's are.
#[derive(Default)]
struct Versions(Vec<(u64, tearfree::Version)>);

impl Versions {
    fn check(&mut self, model: u64, version: tearfree::Version) {
        for &(other_model, other) in &self.0 {
            assert_eq!(model == other_model, version == other, "versions {model}, {other_model}");
        }
        self.0.push((model, version));
    }
}
