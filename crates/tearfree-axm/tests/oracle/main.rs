// SPDX-License-Identifier: MIT OR Apache-2.0
//! The checker has the executions that a second enumerator finds, which shares no code with it.
//!
//! Both count the same: an execution is a choice of the write that each read reads from, and of the order of
//! the writes to each word, also of writes that are never read. An update is one of each, an exchange that
//! fails is a read. Two things cannot be compared. If there is a race, the checker ends an execution there,
//! so only that there is one is compared. Executions in which a thread waits too long are counted in
//! `Report::cut`, and the random programs have no loops.
//!
//! `TEARFREE_ORACLE_PROGRAMS` sets the number of random programs, `TEARFREE_ORACLE_SEED` another seed.

mod counts;
mod definition;
mod program;
mod relation;
mod text;

use std::collections::BTreeSet;
use std::env;

use program::{Random, checked, mixes_accesses};
use tearfree_axm::litmus::{Litmus, Verdict};

fn number(variable: &str, default: u64) -> u64 {
    let text = env::var(variable).ok();
    text.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}: {text}")))
}

#[test]
fn random_programs_have_the_executions_of_the_definition() {
    let count = number("TEARFREE_ORACLE_PROGRAMS", 3000);
    let seed = number("TEARFREE_ORACLE_SEED", 1);
    let mut random = Random::new(seed);
    let (mut executions, mut races, mut programs) = (0, 0, 0);
    for _ in 0..count {
        let threads = random.program();
        if mixes_accesses(&threads) {
            continue; // not for Rust's types
        }
        programs += 1;
        let expected = definition::answer(&threads);
        let found = checked(&threads).explore();
        let has_race = found.failures.keys().any(|failure| failure.starts_with("data race"));
        assert_eq!(has_race, expected.has_race, "seed {seed}: {threads:?}\n{:?}", found.failures);
        if has_race {
            races += 1;
            continue;
        }
        assert!(found.failures.is_empty(), "seed {seed}: {threads:?}\n{:?}", found.failures);
        assert_eq!(found.outcomes, expected.outcomes, "seed {seed}: {threads:?}");
        assert_eq!(found.executions, expected.executions, "seed {seed}: {threads:?}");
        executions += found.executions;
    }
    println!("{programs} programs: {executions} executions, {races} races");
    // The choice of programs has not become a trivial one.
    assert!(races as u64 > count / 100 && executions as u64 > 4 * count, "{races} {executions}");
}

/// The reader of litmus files too has the executions of the definition. There a word can be plain in one thread
/// and atomic in another.
#[test]
fn random_litmus_files_have_the_states_of_the_definition() {
    let count = number("TEARFREE_ORACLE_PROGRAMS", 3000) / 4;
    let seed = number("TEARFREE_ORACLE_SEED", 1) + 1;
    let mut random = Random::new(seed);
    let (mut states, mut races) = (0, 0);
    for _ in 0..count {
        let threads = random.program();
        let expected = definition::answer(&threads);
        let text = text::litmus(&threads);
        let test =
            Litmus::parse(&text).unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"));
        let has_race = test.verdict() == Verdict::Race;
        assert_eq!(has_race, expected.has_race, "seed {seed}:\n{text}");
        if has_race {
            races += 1;
            continue;
        }
        let found = test.states();
        let outcome = |state: &String| text::outcome(state, threads.len());
        let outcomes: BTreeSet<String> = found.iter().map(outcome).collect();
        assert_eq!(outcomes, expected.outcomes, "seed {seed}:\n{text}");
        states += outcomes.len();
    }
    println!("{count} litmus files: {states} states, {races} races");
    assert!(races as u64 > count / 50 && states as u64 > 2 * count, "{races} {states}");
}
