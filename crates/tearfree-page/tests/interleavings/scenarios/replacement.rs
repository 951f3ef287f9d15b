// SPDX-License-Identifier: MIT OR Apache-2.0
//! A page is created or replaced while another process opens it, reads it and waits.

use tearfree_page::{ByteReader, Error, Options, Waited, Writer};

use super::roles::{has, make_page, report_refusal, set_count, waking};
use crate::scheduler::calls::pause;
use crate::scheduler::events::{What, World};
use crate::scheduler::run::Outcome;
use crate::scheduler::search::Scenario;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "a_page_is_created_and_opened",
        prepare: |_| {},
        roles: &[("creator", create), ("reader", read_to_the_last)],
        preemptions: 2,
        mortal: None,
        check: check_opened,
        cases: &["missing", "read the new page"],
    },
    Scenario {
        name: "a_page_is_replaced_and_a_reader_waits",
        prepare: |world| prepare_old(world, &waking()),
        roles: &[("writer", replace), ("reader", read_to_the_last)],
        preemptions: 2,
        mortal: None,
        check: check_replaced,
        cases: &["read the new page", "read both pages", "slept on the old page"],
    },
    Scenario {
        name: "a_page_that_wakes_is_replaced_by_one_that_does_not",
        prepare: |world| prepare_old(world, &waking()),
        roles: &[("writer", replace_by_silent), ("reader", read_to_the_last)],
        preemptions: 2,
        mortal: None,
        check: check_replaced,
        cases: &["read the new page", "read both pages", "slept on the old page"],
    },
    Scenario {
        name: "a_page_that_does_not_wake_is_replaced_by_one_that_does",
        prepare: |world| prepare_old(world, &Options::new()),
        roles: &[("writer", replace_same_schema), ("reader", read_to_the_last)],
        preemptions: 2,
        mortal: None,
        check: check_replaced,
        cases: &["read the new page", "read both pages"],
    },
];

/// The number on the old page.
const OLD: u64 = 5;
/// The number that is published last, on the new page.
const LAST: u64 = 8;

fn prepare_old(world: &World, options: &Options) {
    make_page(world, options);
    set_count(world, 2 * OLD);
}

fn create(world: &World) {
    finish(world, Writer::create(&world.page, 7, &waking()));
}

fn replace(world: &World) {
    finish(world, Writer::create(&world.page, [7_u64; 1], &waking().replace(true)));
}

fn replace_by_silent(world: &World) {
    finish(world, Writer::create(&world.page, 7, &Options::new()));
}

fn replace_same_schema(world: &World) {
    finish(world, Writer::create(&world.page, 7, &waking()));
}

/// Publishes the last number.
fn finish<T: From8>(world: &World, writer: Result<Writer<T>, Error>) {
    let mut writer = writer.expect("no other process wants to write");
    pause();
    writer.set(T::from8()).expect("the page is ours");
    world.report(What::Published, LAST);
}

/// The payloads of the two schemas, which both have the size of a word.
trait From8: tearfree_page::Payload {
    fn from8() -> Self;
}

impl From8 for u64 {
    fn from8() -> Self {
        LAST
    }
}

impl From8 for [u64; 1] {
    fn from8() -> Self {
        [LAST]
    }
}

/// Opens the page again whenever it is superseded, and reads until the last number.
fn read_to_the_last(world: &World) {
    loop {
        let reader = match ByteReader::open(&world.page) {
            Ok(reader) => reader,
            Err(error) => return report_refusal(world, &error),
        };
        world.report(What::Opened, 0);
        let mut reading = reader.read().expect("whole");
        loop {
            let value = u64::from_ne_bytes(reading.value[..].try_into().expect("a word"));
            world.report(What::Read, value);
            if value == LAST {
                return;
            }
            match reader.wait_changed(reading.generation, None) {
                Waited::Changed => reading = reader.read().expect("whole"),
                Waited::Superseded => break,
                other => panic!("{other:?}"),
            }
        }
        world.report(What::Superseded, 0);
    }
}

fn check_opened(outcome: &Outcome<'_>) -> &'static str {
    if has(outcome, 1, What::Missing) { "missing" } else { "read the new page" }
}

fn check_replaced(outcome: &Outcome<'_>) -> &'static str {
    let events = outcome.events.iter().filter(|event| event.role == 1);
    let mut read = events.filter(|event| event.what == What::Read).map(|event| event.number);
    assert!(read.clone().all(|number| [OLD, 7, LAST].contains(&number)), "what was published");
    assert_eq!(read.clone().next_back(), Some(LAST), "the last publication is read");
    match read.next() {
        Some(OLD) if outcome.sleeps[1] > 0 => "slept on the old page",
        Some(OLD) => "read both pages",
        _ => "read the new page",
    }
}
