// SPDX-License-Identifier: MIT OR Apache-2.0
//! The incarnations of pages: each page of a name has a larger one than those before it.

use std::fs;
use std::path::Path;

use rustix::time::{ClockId, clock_gettime};
use tearfree_page::{Options, Writer, remove};

use crate::support::{new_path, quote, set_word_in_file, word_in_file};

/// Where the incarnation is in the file.
const INCARNATION: usize = 80;

fn boot_time_ns() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    u64::try_from(time.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap()
}

/// Creates a page with or without waking; the other one is replaced. Returns its incarnation.
fn create(page: &Path, wakes: bool) -> u64 {
    let writer = Writer::create(page, quote(1), &Options::new().wakes(wakes)).unwrap();
    assert_eq!(writer.geometry().incarnation, word_in_file(page, INCARNATION));
    writer.geometry().incarnation
}

#[test]
fn each_page_of_a_name_has_a_larger_incarnation_than_those_before_it() {
    let (_folder, page) = new_path();
    let mut last = create(&page, false);
    let mut next = |wakes| {
        let incarnation = create(&page, wakes);
        assert!(incarnation > last, "{incarnation} > {last}");
        last = incarnation;
    };
    next(true);
    next(false);
    remove(&page).unwrap();
    next(false);
    fs::remove_dir_all(&page).unwrap();
    next(true);
    assert_eq!(create(&page, true), last, "taken over: the same page");
}

#[test]
fn an_incarnation_is_the_boot_time_of_the_creation() {
    let (_folder, page) = new_path();
    let before = boot_time_ns();
    let incarnation = create(&page, false);
    let offsets = fs::read_to_string("/proc/self/timens_offsets").unwrap_or_default();
    let is_initial = offsets.lines().all(|line| line.split_whitespace().skip(1).all(|n| n == "0"));
    assert!(!is_initial || (before..=boot_time_ns()).contains(&incarnation), "{incarnation}");
}

/// A writer in a time namespace whose offset it cannot see has another clock.
#[test]
fn a_page_that_replaces_one_of_the_future_has_the_next_incarnation() {
    let (_folder, page) = new_path();
    create(&page, false);
    let future = boot_time_ns() + 1_000_000_000_000;
    set_word_in_file(&page, INCARNATION as u64, future);
    assert_eq!(create(&page, true), future + 1);
    set_word_in_file(&page, INCARNATION as u64, u64::MAX);
    assert_eq!(create(&page, false), u64::MAX, "there is no larger one");
}
