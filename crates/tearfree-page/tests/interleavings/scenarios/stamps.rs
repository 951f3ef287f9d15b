// SPDX-License-Identifier: MIT OR Apache-2.0
//! A reader of an old value beside a writer that dies: in taking over, in publishing, in renewing its promise.

use core::time::Duration;
use std::fs;

use tearfree_page::{Freshness, Options, Reader, Writer};

use super::roles::make_page;
use crate::scheduler::calls::{Detail, watch};
use crate::scheduler::events::{What, World};
use crate::scheduler::run::Outcome;
use crate::scheduler::search::Scenario;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "a_writer_dies_in_publishing_beside_a_reader_of_an_old_value",
        prepare: make_old_page,
        roles: &[("mortal", publish), ("reader", read)],
        preemptions: 2,
        mortal: Some(0),
        check,
        cases: &["the old value alone", "the new value too"],
    },
    Scenario {
        name: "a_writer_dies_in_renewing_a_promise_beside_a_reader_of_an_old_value",
        prepare: make_old_page,
        roles: &[("mortal", touch), ("reader", read)],
        preemptions: 1,
        mortal: Some(0),
        check,
        cases: &["the old value alone", "the new value too"],
    },
];

/// A second after the boot.
const OLD_NS: u64 = 1_000_000_000;

fn hour() -> Options {
    Options::new().lifetime(Duration::from_secs(3600))
}

/// Makes a page whose only value was published long ago, with a promise that is over.
fn make_old_page(world: &World) {
    make_page(world, &hour());
    let path = world.page.join("page");
    let mut bytes = fs::read(&path).expect("a page");
    bytes[448..464].copy_from_slice(&[OLD_NS, OLD_NS].map(u64::to_ne_bytes).concat());
    fs::write(&path, bytes).expect("a page");
}

/// Publishes the number 1.
fn publish(world: &World) {
    let mut writer = Writer::<u64>::take_over(&world.page, &hour()).expect("free");
    watch(Detail::Accesses);
    writer.set(1).expect("the page is ours");
    watch(Detail::Calls);
}

/// Publishes the number of the dead writer again, by renewing its promise, and then renews its own.
fn touch(world: &World) {
    let mut writer = Writer::<u64>::take_over(&world.page, &hour()).expect("free");
    watch(Detail::Accesses);
    writer.touch().expect("the page is ours");
    writer.touch().expect("the page is ours");
    watch(Detail::Calls);
}

/// Reads three times: each time the old value, and that is stale, or the new one, and that is fresh.
fn read(world: &World) {
    let reader = Reader::<u64>::open(&world.page).expect("a page");
    watch(Detail::Accesses);
    let readings = [0; 3].map(|_| reader.read().expect("not torn"));
    watch(Detail::Calls);
    for reading in readings {
        let (is_new, is_fresh) =
            (reading.generation == 1, matches!(reading.freshness(), Freshness::Fresh(_)));
        let is_old = reading.published_ns() == Some(OLD_NS);
        assert_eq!((is_fresh, is_old), (is_new, !is_new), "{reading:?}");
        world.report(What::Read, reading.generation);
    }
}

fn check(outcome: &Outcome<'_>) -> &'static str {
    let reads = || outcome.events.iter().filter(|event| event.what == What::Read);
    assert_eq!(reads().count(), 3, "a writer keeps no reader waiting");
    if reads().any(|event| event.number == 1) { "the new value too" } else { "the old value alone" }
}
