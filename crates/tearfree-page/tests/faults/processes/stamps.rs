// SPDX-License-Identifier: MIT OR Apache-2.0
//! Kills writers while they renew a promise, and reads stamps where the time namespace is unknown.

use core::time::Duration;
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use tearfree_page::{Freshness, Options, Reader, Reading, Writer};
use tempfile::TempDir;

use super::kills::{MOST_STEPS, kills, may_trace, spread};
use super::process::{Process, may_unshare};
use super::steps::{self, Ended, kill_after};
use super::value::{Medium, SelfChecking, Small};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_writer_is_killed_anywhere_in_renewing_its_promise", own),
    ("a_writer_is_killed_anywhere_in_renewing_the_promise_of_a_dead_one", other),
    ("a_time_is_unknown_where_the_namespace_is", without_proc),
];

/// A second after the boot.
const OLD_NS: u64 = 1_000_000_000;

/// Has a value be published a second after the boot, with a promise that has been over since.
pub(crate) fn make_old<T>(page: &Path, generation: u64) {
    let file = OpenOptions::new().write(true).open(page.join("page")).expect("a page");
    let stride = 64 + size_of::<T>().next_multiple_of(64) as u64;
    let stamp = [OLD_NS, OLD_NS].map(u64::to_ne_bytes).concat();
    file.write_all_at(&stamp, 448 + generation % 2 * stride).expect("writable");
}

/// Whether it is a value that `make_old` has made old, or one that was published since.
///
/// # Panics
/// If it is a mixture of both.
pub(crate) fn is_old<T>(reading: &Reading<T>) -> bool {
    let is_old = reading.published_ns() == Some(OLD_NS);
    let is_stale = matches!(reading.freshness(), Freshness::Stale(_));
    assert_eq!(is_stale, is_old, "published {:?}", reading.published_ns());
    is_old
}

fn hour() -> Options {
    Options::new().lifetime(Duration::from_secs(3600))
}

/// Renews the promise of a value, traced: of its own, or of the writer before.
pub(crate) fn touch_traced(page: &str, is_own: bool) {
    let mut writer = Writer::<Small>::take_over(page, &hour()).expect("the page is free");
    if is_own {
        writer.set_from(&writer.get()).expect("the page is ours");
        make_old::<Small>(page.as_ref(), writer.generation());
    }
    steps::begin();
    writer.touch().expect("the page is ours");
    steps::end();
}

/// Kills processes in `touch`; `check` is given the generation before and the reading after it, and returns whether
/// the promise was renewed.
fn kill_in_touch(role: &str, check: fn(u64, &Reading<Small>) -> bool) {
    if !may_trace() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    drop(Writer::create(&page, Small::from_number(7), &hour()).unwrap());
    let reader = Reader::<Small>::open(&page).unwrap();
    let kill = |steps| {
        let before = reader.generation();
        make_old::<Small>(&page, before);
        let ended = kill_after(&mut Process::start(&[role, page.to_str().unwrap()]), steps);
        let reading = reader.read().expect("a dead writer delays no reader");
        assert_eq!(reading.value.number(), 7);
        (ended, check(before, &reading))
    };
    let (Ended::Done(steps), true) = kill(MOST_STEPS) else {
        panic!("it does not end, or renews nothing")
    };
    let mut renewed = 0;
    let moments = spread(steps, kills());
    let killed = moments.iter().filter(|&&moment| {
        let (ended, is_renewed) = kill(moment);
        renewed += usize::from(is_renewed);
        ended == Ended::Killed
    });
    let killed = killed.count();
    eprintln!("{role}: {killed} killed within {steps} steps, {renewed} renewed");
    assert!(renewed < killed, "all of them were killed too late");
}

fn own() {
    kill_in_touch("touch-own", |before, reading| {
        assert_eq!(reading.generation, before + 1, "what it published before");
        assert_eq!(reading.published_ns(), Some(OLD_NS), "its age stays");
        matches!(reading.freshness(), Freshness::Fresh(_))
    });
}

fn other() {
    kill_in_touch("touch-other", |before, reading| {
        let is_renewed = !is_old(reading);
        assert_eq!(reading.generation, before + u64::from(is_renewed), "a new value, or none");
        is_renewed
    });
}

/// `/proc` is covered, so a process there does not know its time namespace.
const WITHOUT_PROC: [&str; 5] =
    ["unshare", "-m", "sh", "-c", "mount -t tmpfs tmpfs /proc && exec \"$0\" \"$@\""];

fn without_proc() {
    if !may_unshare("a_time_is_unknown_where_the_namespace_is", &["-m"]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    let writer = Writer::create(&page, Medium::from_number(6), &hour()).unwrap();
    let fresh = |wrapper: &[&str]| {
        Process::start_under(wrapper, &["fresh", page.to_str().unwrap()]).read_line()
    };
    assert_eq!(fresh(&[]), "6 fresh aged Some(true)");
    assert_eq!(fresh(&WITHOUT_PROC), "6 unknown ageless None");
    drop(writer);
    let writer =
        Process::start_under(&WITHOUT_PROC, &["write", page.to_str().unwrap()]).wait_ready();
    assert_eq!(fresh(&[]), "0 unknown ageless None");
    assert_eq!(fresh(&WITHOUT_PROC), "0 unknown ageless None", "both are unknown, not the same");
    drop(writer);
}
