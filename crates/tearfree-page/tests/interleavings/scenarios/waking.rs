// SPDX-License-Identifier: MIT OR Apache-2.0
//! A reader waits in one process and a writer publishes in another: no wake-up is lost.

use tearfree_page::{Options, Writer};

use super::roles::{Expected, has, make_page, read_until, set_count, waking};
use crate::scheduler::calls::{Detail, watch};
use crate::scheduler::events::{What, World};
use crate::scheduler::run::Outcome;
use crate::scheduler::search::Scenario;

/// A count whose lower half is about to become zero.
const BEFORE_WRAP: u64 = (1 << 32) - 2;
/// Far from zero in both halves, which differ.
const LARGE: u64 = 7 << 32 | 10;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "a_reader_waits_for_three_publications",
        prepare: |world| make_page(world, &waking()),
        roles: &[("writer", publish_three), ("reader", read_three)],
        preemptions: 3,
        mortal: None,
        check: check_woken,
        cases: &["read", "slept"],
    },
    Scenario {
        name: "two_readers_wait_for_one_publication",
        prepare: |world| prepare_at(world, LARGE),
        roles: &[("writer", store_one), ("reader", read_one), ("second reader", read_one)],
        preemptions: 1,
        mortal: None,
        check: check_woken,
        cases: &["both slept", "read", "slept"],
    },
    Scenario {
        name: "a_reader_polls_for_three_publications",
        prepare: |world| make_page(world, &Options::new()),
        roles: &[("writer", publish_three), ("reader", read_three)],
        preemptions: 2,
        mortal: None,
        check: check_woken,
        cases: &["read"],
    },
    Scenario {
        name: "a_publication_wakes_at_each_access",
        prepare: |world| prepare_at(world, LARGE),
        roles: &[("writer", store_one), ("reader", |world| read_one_more::<LARGE>(world))],
        preemptions: 3,
        mortal: None,
        check: check_woken,
        cases: &["read", "slept"],
    },
    Scenario {
        name: "a_publication_wakes_from_an_odd_count",
        prepare: |world| prepare_at(world, LARGE + 1),
        roles: &[("writer", store_one), ("reader", |world| read_one_more::<LARGE>(world))],
        preemptions: 3,
        mortal: None,
        check: check_woken,
        cases: &["read", "slept"],
    },
    Scenario {
        name: "a_publication_wakes_where_half_of_the_count_wraps",
        prepare: |world| prepare_at(world, BEFORE_WRAP),
        roles: &[("writer", store_one), ("reader", |world| read_one_more::<BEFORE_WRAP>(world))],
        preemptions: 3,
        mortal: None,
        check: check_woken,
        cases: &["read", "slept"],
    },
];

fn prepare_at(world: &World, count: u64) {
    make_page(world, &waking());
    set_count(world, count);
}

/// Each value is the number of its generation.
fn read_numbers(world: &World, is_last: fn(u64) -> bool, detail: Detail) {
    let is_published = |value, generation| value == generation;
    read_until(world, &Expected { is_published, is_last }, detail);
}

fn publish_three(world: &World) {
    let mut writer = Writer::<u64>::take_over(&world.page, &Options::new()).expect("the lock");
    for number in 1..=3 {
        writer.set(number).expect("the page is ours");
        world.report(What::Published, number);
    }
}

fn read_three(world: &World) {
    read_numbers(world, |value| value == 3, Detail::Calls);
}

/// Publishes one number, and can be interrupted between any two accesses.
fn store_one(world: &World) {
    let mut writer = Writer::<u64>::take_over(&world.page, &Options::new()).expect("the lock");
    let number = writer.generation() + 1;
    watch(Detail::Accesses);
    writer.set(number).expect("the page is ours");
    watch(Detail::Calls);
    world.report(What::Published, number);
}

fn read_one(world: &World) {
    read_numbers(world, |value| value == LARGE / 2 + 1, Detail::Calls);
}

/// Waits for one publication after this count, and can be interrupted between any two accesses.
fn read_one_more<const COUNT: u64>(world: &World) {
    read_numbers(world, |value| value == COUNT / 2 + 1, Detail::Accesses);
}

fn check_woken(outcome: &Outcome<'_>) -> &'static str {
    let read = outcome.events.iter().rev().find(|event| event.role == 1);
    let read = read.expect("it has opened the page");
    let last = outcome.events.iter().rev().find(|event| event.what == What::Published);
    assert_eq!(Some(read.number), last.map(|event| event.number), "the last publication is read");
    assert!(!has(outcome, 1, What::Superseded));
    match outcome.sleeps[1..].iter().filter(|&&sleeps| sleeps > 0).count() {
        2 => "both slept",
        1 => "slept",
        _ => "read",
    }
}
