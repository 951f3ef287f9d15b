// SPDX-License-Identifier: MIT OR Apache-2.0
//! Real threads on real processors: no value is torn or goes back, and all threads make progress.

mod support;

#[path = "stress/experiment.rs"]
mod experiment;
#[path = "stress/one_processor.rs"]
mod one_processor;
#[path = "stress/pressure.rs"]
mod pressure;
#[path = "stress/races.rs"]
mod races;
#[path = "stress/sums.rs"]
mod sums;
