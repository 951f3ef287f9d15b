// SPDX-License-Identifier: MIT OR Apache-2.0
//! Processes that want to be the writer: two create a page, two take one over, one dies, one forks.

use std::fs;

use tearfree_page::{Lost, Options, Reader, Writer, WriterState};

use super::roles::{
    check_one_writer, files, has, last_published, make_page, report_refusal, set_count,
    write_for_a_while,
};
use crate::scheduler::calls::{Detail, pause, watch};
use crate::scheduler::events::{What, World};
use crate::scheduler::run::Outcome;
use crate::scheduler::search::Scenario;

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "two_processes_create_one_page",
        prepare: |_| {},
        roles: &[("first", create), ("second", create)],
        preemptions: 2,
        mortal: None,
        check: check_writers,
        cases: &["both wrote", "the first wrote", "the second wrote"],
    },
    Scenario {
        name: "two_processes_take_over_one_page",
        prepare: |world| {
            make_page(world, &Options::new());
            set_count(world, 11);
        },
        roles: &[("first", take_over), ("second", take_over)],
        preemptions: 2,
        mortal: None,
        check: check_writers,
        cases: &["both wrote", "the first wrote", "the second wrote"],
    },
    Scenario {
        name: "two_processes_take_over_a_page_without_its_lock_file",
        prepare: |world| {
            make_page(world, &Options::new());
            fs::remove_file(world.page.join("lock")).expect("a file");
        },
        roles: &[("first", take_over), ("second", take_over)],
        preemptions: 2,
        mortal: None,
        check: check_writers,
        cases: &["both wrote", "the first wrote", "the second wrote"],
    },
    Scenario {
        name: "a_writer_dies_beside_one_that_takes_over",
        prepare: |world| make_page(world, &Options::new()),
        roles: &[("mortal", take_over_and_store), ("other", take_over)],
        preemptions: 1,
        mortal: Some(0),
        check: check_writers,
        cases: &["both wrote", "the first wrote", "the second wrote", "none wrote"],
    },
    Scenario {
        name: "two_threads_write_in_turn_beside_another_process",
        prepare: |world| make_page(world, &Options::new()),
        roles: &[("process", hold_in_two_threads), ("other", hold)],
        preemptions: 2,
        mortal: None,
        check: check_holders,
        cases: &["one thread wrote", "both threads wrote"],
    },
    Scenario {
        name: "a_writer_forks_beside_one_that_takes_over",
        prepare: |world| make_page(world, &Options::new()),
        roles: &[("parent", fork), ("other", hold)],
        preemptions: 1,
        mortal: Some(0),
        check: check_family,
        cases: &["the child wrote", "the other wrote", "the parent alone wrote"],
    },
];

/// The role of a thread in its reports, behind those of the two processes.
const SECOND_THREAD: usize = 2;
/// That of a forked child.
const CHILD: usize = 2;

fn create(world: &World) {
    write_for_a_while(world, Writer::create(&world.page, 1, &Options::new()));
}

fn take_over(world: &World) {
    write_for_a_while(world, Writer::take_over(&world.page, &Options::new()));
}

/// Can be killed between any two stores of its publications.
fn take_over_and_store(world: &World) {
    let Ok(mut writer) = Writer::<u64>::take_over(&world.page, &Options::new()) else {
        return world.report(What::Busy, 0);
    };
    world.report(What::Writes, writer.generation());
    watch(Detail::Accesses);
    writer.set(1001).expect("the page is ours");
    watch(Detail::Calls);
    world.report(What::Published, 1001);
    world.report(What::Ends, writer.generation());
    drop(writer);
}

/// Both threads want to be the writer.
fn hold_in_two_threads(world: &World) {
    let second = World { page: world.page.clone(), events: world.events, role: SECOND_THREAD };
    std::thread::scope(|scope| {
        scope.spawn(|| hold(&second));
        hold(world);
    });
}

/// Is the writer for a moment.
fn hold(world: &World) {
    world.report(What::Tries, 0);
    match Writer::<u64>::take_over(&world.page, &Options::new()) {
        Ok(writer) => {
            world.report(What::Writes, writer.generation());
            pause();
            world.report(What::Ends, writer.generation());
            drop(writer);
        }
        Err(error) => report_refusal(world, &error),
    }
}

fn check_holders(outcome: &Outcome<'_>) -> &'static str {
    check_one_writer(outcome);
    match [0, SECOND_THREAD].map(|role| has(outcome, role, What::Writes)) {
        [true, true] => "both threads wrote",
        [false, false] => "no thread wrote",
        _ => "one thread wrote",
    }
}

/// Is the writer, and has a child that tries to write.
fn fork(world: &World) {
    let Ok(mut writer) = Writer::<u64>::take_over(&world.page, &Options::new()) else {
        return world.report(What::Busy, 0);
    };
    world.report(What::Writes, writer.generation());
    let reader = Reader::<u64>::open(&world.page).expect("a page");
    // SAFETY: this process has one thread.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let set = writer.set(9);
        pause();
        // The lock is not its own, and it cannot have it before its parent has released it.
        hold(&World { page: world.page.clone(), events: world.events, role: CHILD });
        // Its copies of the descriptors are closed.
        drop(writer);
        // SAFETY: ends the child.
        unsafe { libc::_exit(i32::from(set != Err(Lost::InChild))) };
    }
    for number in [1001, 1002] {
        writer.set(number).expect("the page is ours");
        world.report(What::Published, number);
        pause();
        assert_eq!(reader.get(), Ok(number), "what the only writer published");
        assert_eq!(reader.writer_state(), WriterState::Live, "a child does not end the writer");
    }
    world.report(What::Ends, writer.generation());
    drop(writer);
}

fn check_family(outcome: &Outcome<'_>) -> &'static str {
    check_one_writer(outcome);
    let child_wrote = has(outcome, CHILD, What::Writes);
    let position = |role, what| {
        outcome.events.iter().position(|event| event.role == role && event.what == what)
    };
    // The child still runs, with everything that it inherited.
    if let (Some(killed), Some(tried)) = (position(0, What::Killed), position(1, What::Tries))
        && killed < tried
        && !child_wrote
    {
        assert!(has(outcome, 1, What::Writes), "a child does not keep the lock of its parent");
    }
    Writer::<u64>::take_over(outcome.page, &Options::new()).expect("the lock is free");
    match (child_wrote, has(outcome, 1, What::Writes)) {
        (true, _) => "the child wrote",
        (_, true) => "the other wrote",
        _ => "the parent alone wrote",
    }
}

fn check_writers(outcome: &Outcome<'_>) -> &'static str {
    check_one_writer(outcome);
    assert_eq!(files(outcome.page), ["lock", "page"]);
    let wrote = [0, 1].map(|role| has(outcome, role, What::Writes));
    let reading = Reader::<u64>::open(outcome.page).expect("a page").read().expect("whole");
    let reported = last_published(&outcome.events);
    // A process that was killed may have published without a report.
    if has(outcome, 0, What::Killed) {
        let possible = [reported, Some(0), Some(1001), Some(1002)];
        assert!(possible.contains(&Some(reading.value)), "{reading:?}");
        Writer::<u64>::take_over(outcome.page, &Options::new()).expect("the lock is free");
    } else {
        assert_eq!(Some(reading.value), reported);
        assert_ne!(wrote, [false, false], "none became the writer");
    }
    match wrote {
        [true, true] => "both wrote",
        [true, false] => "the first wrote",
        [false, true] => "the second wrote",
        [false, false] => "none wrote",
    }
}
