// SPDX-License-Identifier: MIT OR Apache-2.0
//! A page is removed while another process creates it, takes it over, opens it, or removes it too.

use std::fs;

use tearfree_page::{Error, Options, Reader, Writer};

use super::roles::{
    Expected, check_one_writer, files, has, last_published, make_page, read_until, remove,
    report_refusal, set_count, waking, write_for_a_while,
};
use crate::scheduler::calls::{Detail, watch};
use crate::scheduler::events::{What, World};
use crate::scheduler::run::Outcome;
use crate::scheduler::search::Scenario;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "a_page_is_removed_and_created",
        prepare: |world| make_page(world, &Options::new()),
        roles: &[("remover", remove), ("creator", create)],
        preemptions: 2,
        mortal: None,
        check: check_page,
        cases: &["removed, and a page is there", "removed, and no page is there", "kept"],
    },
    Scenario {
        name: "a_page_is_removed_and_taken_over",
        prepare: |world| make_page(world, &Options::new()),
        roles: &[("remover", remove), ("other", take_over)],
        preemptions: 2,
        mortal: None,
        check: check_page,
        cases: &["removed, and no page is there", "kept"],
    },
    Scenario {
        name: "a_page_is_removed_twice",
        prepare: |world| make_page(world, &Options::new()),
        roles: &[("first", remove), ("second", remove)],
        preemptions: 2,
        mortal: None,
        check: check_removed,
        cases: &["one removed it"],
    },
    Scenario {
        name: "a_page_is_removed_twice_and_created",
        prepare: |world| make_page(world, &Options::new()),
        roles: &[("first", remove), ("creator", create_briefly), ("second", remove)],
        preemptions: 2,
        mortal: None,
        check: check_page,
        cases: &["removed, and a page is there", "removed, and no page is there"],
    },
    Scenario {
        name: "a_process_dies_while_it_removes_a_page",
        prepare: |world| make_page(world, &Options::new()),
        roles: &[("remover", remove), ("creator", create)],
        preemptions: 1,
        mortal: Some(0),
        check: check_after_death,
        cases: &["created"],
    },
    Scenario {
        name: "a_process_dies_while_it_creates_a_page",
        prepare: |_| {},
        roles: &[("mortal", create), ("creator", create)],
        preemptions: 1,
        mortal: Some(0),
        check: check_after_death,
        cases: &["created"],
    },
    Scenario {
        name: "a_page_is_removed_and_a_reader_waits",
        prepare: |world| {
            make_page(world, &waking());
            set_count(world, 10);
        },
        roles: &[("remover", remove), ("reader", read_to_the_end)],
        preemptions: 3,
        mortal: None,
        check: check_reader,
        cases: &["missing", "superseded", "slept, then superseded"],
    },
    Scenario {
        name: "a_page_is_superseded_at_each_access",
        prepare: |world| {
            make_page(world, &waking());
            set_count(world, 10);
        },
        roles: &[("remover", remove_watched), ("reader", read_to_the_end)],
        preemptions: 3,
        mortal: None,
        check: check_reader,
        cases: &["missing", "superseded", "slept, then superseded"],
    },
    Scenario {
        name: "foreign_files_stay_when_a_page_is_removed",
        prepare: |world| {
            make_page(world, &Options::new());
            fs::write(world.page.join("notes"), "foreign").expect("a file");
        },
        roles: &[("remover", remove), ("creator", create_beside_notes)],
        preemptions: 2,
        mortal: None,
        check: check_notes,
        cases: &["only the notes are there", "the page is there, too"],
    },
];

fn create(world: &World) {
    let writer = Writer::create(&world.page, 1, &Options::new());
    assert!(!matches!(writer, Err(Error::Missing(_))), "what is missing is created");
    write_for_a_while(world, writer);
}

/// With as few calls as possible.
fn create_briefly(world: &World) {
    match Writer::create(&world.page, 1_u64, &Options::new()) {
        Ok(writer) => {
            world.report(What::Writes, writer.generation());
            world.report(What::Published, 1);
            world.report(What::Ends, writer.generation());
        }
        Err(error) => {
            assert!(!matches!(error, Error::Missing(_)), "what is missing is created");
            report_refusal(world, &error);
        }
    }
}

fn take_over(world: &World) {
    write_for_a_while(world, Writer::take_over(&world.page, &Options::new()));
}

fn read_to_the_end(world: &World) {
    let is_published = |value, generation| value == 5 && generation == 5;
    read_until(world, &Expected { is_published, is_last: |_| false }, Detail::Calls);
}

/// Can be interrupted between any two accesses to the page.
fn remove_watched(world: &World) {
    watch(Detail::Accesses);
    remove(world);
}

/// Without the page, it is a directory of others.
fn create_beside_notes(world: &World) {
    match Writer::create(&world.page, 1, &Options::new()) {
        Err(Error::Foreign { file, .. }) => assert_eq!(file, "notes"),
        writer => write_for_a_while(world, writer),
    }
}

fn check_page(outcome: &Outcome<'_>) -> &'static str {
    check_one_writer(outcome);
    let removed = has(outcome, 0, What::Removed) || has(outcome, 2, What::Removed);
    let wrote = has(outcome, 1, What::Writes);
    assert!(removed || wrote, "one of the two gets its way");
    if outcome.page.exists() {
        assert_eq!(files(outcome.page), ["lock", "page"]);
        assert!(wrote, "nothing is left of a removed page");
        let reading = Reader::<u64>::open(outcome.page).expect("a page").read().expect("whole");
        assert_eq!(Some(reading.value), last_published(&outcome.events));
        if removed { "removed, and a page is there" } else { "kept" }
    } else {
        assert!(removed);
        "removed, and no page is there"
    }
}

fn check_after_death(outcome: &Outcome<'_>) -> &'static str {
    check_one_writer(outcome);
    Writer::create(outcome.page, 1_u64, &Options::new()).expect("no obstacle is left");
    assert_eq!(files(outcome.page), ["lock", "page"]);
    tearfree_page::remove(outcome.page).expect("no obstacle is left");
    assert!(!outcome.page.exists());
    "created"
}

fn check_removed(outcome: &Outcome<'_>) -> &'static str {
    let removed = [0, 1].map(|role| has(outcome, role, What::Removed));
    assert!(removed == [true, false] || removed == [false, true], "{removed:?}");
    assert!(!outcome.page.exists());
    "one removed it"
}

fn check_reader(outcome: &Outcome<'_>) -> &'static str {
    assert!(has(outcome, 0, What::Removed) && !outcome.page.exists());
    if has(outcome, 1, What::Missing) {
        return "missing";
    }
    assert!(has(outcome, 1, What::Superseded));
    if outcome.sleeps[1] > 0 { "slept, then superseded" } else { "superseded" }
}

fn check_notes(outcome: &Outcome<'_>) -> &'static str {
    match has(outcome, 0, What::Removed) && !outcome.page.join("page").exists() {
        true => assert_eq!(files(outcome.page), ["notes"]),
        false => assert_eq!(files(outcome.page), ["lock", "notes", "page"]),
    }
    if has(outcome, 0, What::Removed) {
        "only the notes are there"
    } else {
        "the page is there, too"
    }
}
