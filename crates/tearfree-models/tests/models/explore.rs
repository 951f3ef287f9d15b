// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs a model, and says what came of it.

use core::fmt::Write;
use std::time::Instant;

use tearfree::model::mutant;
use tearfree_axm::Report;

/// A small program over the shipped code.
pub(crate) struct Model {
    pub(crate) name: &'static str,
    /// All its executions, or those until this complaint was found.
    pub(crate) explore: fn(Option<&str>) -> Report,
    /// What all of them together see.
    pub(crate) outcomes: &'static [&'static str],
}

/// Demands that `model` holds, and that it sees what it should: neither more nor less.
pub(crate) fn holds(model: &Model) {
    let (report, line) = explored(model, None, None);
    println!("{:36} {line}", model.name);
    if let Some((failure, execution)) = report.failures.first_key_value() {
        panic!("{}: {failure}\n{execution}", model.name);
    }
    assert_eq!(report.seen(), model.outcomes, "{}: seen on the left", model.name);
}

/// Demands that `model` fails with this complaint.
pub(crate) fn fails(model: &Model, mutant: Option<&'static str>, complaint: &str) {
    let (report, line) = explored(model, mutant, Some(complaint));
    println!("{:18} {:36} {line}", mutant.unwrap_or("as it is"), model.name);
    let is_found = report.failures.keys().any(|failure| failure.contains(complaint));
    assert!(is_found, "{}, {mutant:?}: no {complaint:?}, but: {line}", model.name);
}

/// Explores `model` with one ordering weakened, or with all in place for `None`.
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

/// The mutant, and the writer's fence for its waiters in every model without waiters: where `membarrier`
/// stands in for that fence, it orders nothing else.
fn weakened(model: &Model, mutant: Option<&'static str>) -> &'static [&'static str] {
    let has_waiters = model.name.contains("wait");
    let standing_in = (!has_waiters).then_some("fence_publish");
    let names: Vec<&str> = mutant.into_iter().chain(standing_in).collect();
    // The few names of a run of tests may stay until its end.
    names.leak()
}

/// The generation that all words of a payload are of.
pub(crate) fn generation<const WORDS: usize>(payload: [usize; WORDS]) -> usize {
    let first = payload[0];
    assert!(payload.iter().all(|&word| word == first), "torn read: {payload:?}");
    first
}

/// The generation that was read, if one was.
pub(crate) fn generation_or_none<const WORDS: usize>(payload: Option<[usize; WORDS]>) -> String {
    payload.map_or_else(|| "none".to_owned(), |payload| generation(payload).to_string())
}
