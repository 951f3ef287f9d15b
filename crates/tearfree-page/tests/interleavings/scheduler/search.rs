// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs a scenario in every order that has at most so many preemptions.

use core::panic::AssertUnwindSafe;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::panic::catch_unwind;
use std::path::Path;

use tempfile::TempDir;

use super::events::{Events, World};
use super::run::{Choice, NO_WATCHPOINTS, Outcome, Run, Turn};
use super::task::fork;
use crate::left_out::leave_out;

/// After so long a schedule hangs, which takes milliseconds.
const WATCHDOG_SECONDS: u32 = 120;

/// A process of a scenario: its name, and what it does.
pub(crate) type Role = (&'static str, fn(&World));

/// Two or three processes, and what must hold after them.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Makes what is there before the processes start. Runs once, in a process of its own.
    pub(crate) prepare: fn(&World),
    pub(crate) roles: &'static [Role],
    /// How many preemptions a schedule has at most, unless the environment says otherwise.
    pub(crate) preemptions: usize,
    /// The process that may be killed, at any of its calls.
    pub(crate) mortal: Option<usize>,
    /// Panics if something is wrong; returns which of the cases this was.
    pub(crate) check: fn(&Outcome<'_>) -> &'static str,
    /// All cases. Each must be met, or the scenario tests less than it says.
    pub(crate) cases: &'static [&'static str],
}

/// Returns the number in an environment variable.
fn asked(variable: &str) -> Option<usize> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

/// Runs all schedules of a scenario. Panics at the first that fails, with its steps.
pub(crate) fn explore(scenario: &Scenario) {
    let bound = asked("TEARFREE_PREEMPTIONS").unwrap_or(scenario.preemptions);
    let folder = TempDir::new().expect("a folder");
    let template = prepare(scenario, folder.path());
    let world = World { page: folder.path().join("page"), events: Events::new(), role: 0 };
    let (mut cases, mut schedules, mut turns) = (BTreeSet::new(), 0_usize, 0);
    let mut prefixes: Vec<Vec<Choice>> = vec![Vec::new()];
    while let Some(prefix) = prefixes.pop() {
        copy_folder(&template, &world.page);
        start_watchdog();
        world.events.clear();
        let mut run = Run::new(scenario, &world);
        let checked = run.finish(&prefix).and_then(|outcome| {
            catch_unwind(AssertUnwindSafe(|| (scenario.check)(&outcome)))
                .map_err(|_| format!("after {:#?}", outcome.events))
        });
        match checked {
            Ok(case) => cases.insert(case),
            Err(error) if error == NO_WATCHPOINTS => return leave_out(NO_WATCHPOINTS),
            Err(error) => panic!(
                "{}: {error}, in schedule {schedules}:\n  {}",
                scenario.name,
                run.steps.join("\n  ")
            ),
        };
        schedules += 1;
        turns += run.turns.len();
        prefixes.extend(branches(&run.turns, prefix.len(), bound));
    }
    println!(
        "{}: {schedules} schedules with at most {bound} preemptions, {} turns each; {}",
        scenario.name,
        turns / schedules,
        cases.iter().copied().collect::<Vec<_>>().join(", ")
    );
    for case in scenario.cases.iter().filter(|_| bound >= scenario.preemptions) {
        assert!(cases.contains(case), "{}: no schedule had the case '{case}'", scenario.name);
    }
}

/// Has the kernel end this process if it hangs.
pub(crate) fn start_watchdog() {
    // SAFETY: sets a timer, and touches no memory.
    unsafe { libc::alarm(WATCHDOG_SECONDS) };
}

/// Returns the schedules that differ from this one for the first time behind its prefix.
fn branches(turns: &[Turn], prefix: usize, bound: usize) -> Vec<Vec<Choice>> {
    let mut found = Vec::new();
    let mut preemptions = 0;
    for (at, turn) in turns.iter().enumerate() {
        if at >= prefix {
            for &other in &turn.others {
                if preemptions + usize::from(turn.is_preemption(other)) <= bound {
                    let before = turns[..at].iter().map(|turn| turn.chosen);
                    found.push(before.chain([other]).collect());
                }
            }
        }
        preemptions += usize::from(turn.is_preemption(turn.chosen));
    }
    found
}

fn prepare(scenario: &Scenario, folder: &Path) -> std::path::PathBuf {
    let template = folder.join("template");
    let world = World { page: template.clone(), events: Events::new(), role: 0 };
    let child = fork(|| (scenario.prepare)(&world));
    let mut status = 0;
    // SAFETY: the status and the child are ours.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "{}: the preparation failed", scenario.name);
    template
}

/// Replaces a folder by a copy of another one, or by nothing. The page in it is one of the lock file that is in it.
fn copy_folder(from: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).expect("it is ours");
    }
    let Ok(files) = fs::read_dir(from) else { return };
    fs::create_dir(to).expect("a folder");
    for file in files.flatten() {
        fs::copy(file.path(), to.join(file.file_name())).expect("a copy");
    }
    if let Ok(page) = fs::OpenOptions::new().write(true).open(to.join("page")) {
        // Without a lock file: of one that no other file will be taken for.
        let inode = fs::metadata(to.join("lock")).map_or(1, |lock| lock.ino());
        page.write_all_at(&inode.to_ne_bytes(), 88).expect("a page has a header");
    }
}
