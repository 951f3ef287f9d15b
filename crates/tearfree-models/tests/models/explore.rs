// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs models, and checks their outcomes.

use core::fmt::Write;
use std::time::Instant;

use tearfree::model::mutant;
use tearfree_axm::Report;

/// A small program over the shipped code.
pub(crate) struct Model {
    pub(crate) name: &'static str,
    /// Explores all its executions, or those up to a failure with this message.
    pub(crate) explore: fn(Option<&str>) -> Report,
    /// The outcomes of all executions.
    pub(crate) outcomes: &'static [&'static str],
}

/// Requires that `model` holds, with exactly its list of outcomes.
pub(crate) fn holds(model: &Model) {
    let (report, line) = explored(model, None, None);
    println!("{:36} {line}", model.name);
    if let Some((failure, execution)) = report.failures.first_key_value() {
        panic!("{}: {failure}\n{execution}", model.name);
    }
    assert_eq!(
        report.seen(),
        model.outcomes,
        "{}: the outcomes are on the left, the expected ones on the right",
        model.name
    );
}

/// Requires that `model` fails with this message.
pub(crate) fn fails(model: &Model, mutant: Option<&'static str>, complaint: &str) {
    let (report, line) = explored(model, mutant, Some(complaint));
    println!("{:18} {:36} {line}", mutant.unwrap_or("as it is"), model.name);
    let is_found = report.failures.keys().any(|failure| failure.contains(complaint));
    assert!(is_found, "{}, {mutant:?}: no {complaint:?}, but: {line}", model.name);
}

/// Explores `model` with one ordering weakened, or none.
fn explored(
    model: &Model,
    mutant: Option<&'static str>,
    complaint: Option<&str>,
) -> (Report, String) {
    let start = Instant::now();
    let report = mutant::with(weakened(model, mutant), || (model.explore)(complaint));
    let took = start.elapsed().as_millis();
    let mut line = format!(
        "{:6} graphs {:6} executions {:5} cut {took:5} ms",
        report.graphs, report.executions, report.cut
    );
    let result = match report.failures.keys().next() {
        Some(failure) => write!(line, "  failed: {}", failure.replace('\n', " ")),
        None => write!(line, "  saw {}", report.seen().join(" | ")),
    };
    result.expect("a string can be written to");
    (report, line)
}

/// The names to weaken: the mutant, and in models without waiters the writer's fence for waiters, because
/// where `membarrier` replaces that fence, it orders nothing else.
fn weakened(model: &Model, mutant: Option<&'static str>) -> &'static [&'static str] {
    let has_waiters = model.name.contains("wait");
    let without_fence = (!has_waiters).then_some("fence_publish");
    let names: Vec<&str> = mutant.into_iter().chain(without_fence).collect();
    // Leaked: the tests need few of them.
    names.leak()
}

/// Returns the generation of a payload, which all its words have.
pub(crate) fn generation<const WORDS: usize>(payload: [usize; WORDS]) -> usize {
    let first = payload[0];
    assert!(payload.iter().all(|&word| word == first), "torn read: {payload:?}");
    first
}

/// Returns the generation that was read, or "none".
pub(crate) fn generation_or_none<const WORDS: usize>(payload: Option<[usize; WORDS]>) -> String {
    payload.map_or_else(|| "none".to_owned(), |payload| generation(payload).to_string())
}
