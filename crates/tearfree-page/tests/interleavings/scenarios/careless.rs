// SPDX-License-Identifier: MIT OR Apache-2.0
//! The lock file is removed by hand while two processes create a page, so each may hold a lock.

use std::fs;

use tearfree_page::{Options, Reader, Writer};

use super::roles::{has, make_page};
use crate::scheduler::calls::pause;
use crate::scheduler::events::{What, World};
use crate::scheduler::run::Outcome;
use crate::scheduler::search::{Role, Scenario};

const ROLES: &[Role] = &[("first", create), ("careless", create_without_lock)];

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "a_lock_file_is_removed_while_two_create_a_page",
        prepare: |_| {},
        roles: ROLES,
        preemptions: 2,
        mortal: None,
        check: check_writers,
        cases: &["one has the page", "one after the other", "one has lost it", "one has failed"],
    },
    Scenario {
        name: "a_lock_file_is_removed_while_two_replace_a_page",
        prepare: |world| make_page(world, &Options::new()),
        roles: ROLES,
        preemptions: 2,
        mortal: None,
        check: check_writers,
        cases: &["one has the page", "one after the other", "one has lost it", "one has failed"],
    },
];

/// As many publications without a time until a writer has surely looked at its file twice.
const NOTICED_AFTER: u32 = 2002;

fn create_without_lock(world: &World) {
    let lock = world.page.join("lock");
    // Kept open: some file systems would give its inode to the next lock file, and some would not.
    let kept = fs::File::open(&lock);
    let _ = fs::remove_file(&lock);
    create(world);
    drop(kept);
}

/// Publishes until the value is what a new reader finds, or until this is not the writer any more.
fn create(world: &World) {
    let value = world.role as u64 + 1;
    // Another kind of value than that of `make_page`, so that the page is replaced.
    let options = Options::new().replace(true).timed(false);
    let Ok(mut writer) = Writer::create(&world.page, 0.0_f64, &options) else {
        return world.report(What::Failed, 0);
    };
    let mut publish = || writer.set(value as f64);
    if publish().is_err() {
        return world.report(What::Lost, 0);
    }
    pause();
    let read = Reader::<f64>::open(&world.page).map(|reader| reader.get());
    if read.is_ok_and(|read| read == Ok(value as f64)) {
        return world.report(What::Published, value);
    }
    // Another writer has the page, or its file has no name any more, which it notices later.
    let is_told = (0..=NOTICED_AFTER).any(|_| publish().is_err());
    assert!(is_told, "it publishes, no reader finds that, and no error says so");
    world.report(What::Lost, 0);
}

fn check_writers(outcome: &Outcome<'_>) -> &'static str {
    let [published, lost, failed] = [What::Published, What::Lost, What::Failed]
        .map(|what| [0, 1].into_iter().filter(|&role| has(outcome, role, what)).count());
    assert_eq!(published + lost + failed, 2);
    // What is left is no obstacle.
    Writer::create(outcome.page, 7.0_f64, &Options::new().replace(true))
        .expect("no obstacle is left");
    assert_eq!(Reader::<f64>::open(outcome.page).expect("a page").get(), Ok(7.0));
    match (published, lost, failed) {
        (2, ..) => "one after the other",
        (1, 1, _) => "one has lost it",
        (1, ..) => "one has the page",
        _ => "one has failed",
    }
}
