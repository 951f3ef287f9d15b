// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cell::UnsafeCell` holds values of any type, and reports races.
#![expect(unsafe_code, reason = "cells give raw pointers")]

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use tearfree_axm::cell::UnsafeCell;
use tearfree_axm::{AtomicBool, Program, Report, pause};

type Text = UnsafeCell<Vec<&'static str>>;

fn read(cell: &Text) -> String {
    // SAFETY: the pointer is valid until the closure returns.
    cell.with(|text| unsafe { &*text }.join(" "))
}

fn push(cell: &Text, word: &'static str) {
    // SAFETY: the pointer is valid until the closure returns.
    cell.with_mut(|text| unsafe { &mut *text }.push(word));
}

fn races(report: &Report) -> bool {
    let is_race = |failure: &String| failure.starts_with("data race");
    !report.failures.is_empty() && report.failures.keys().all(is_race)
}

#[test]
fn each_execution_has_its_own_value() {
    let add = |word| {
        move |(lock, text): &(AtomicBool, Text)| {
            while lock.swap(true, Acquire) {
                pause();
            }
            push(text, word);
            lock.store(false, Release);
        }
    };
    let report = Program::new((AtomicBool::new(false), Text::new(vec!["start"])))
        .silent(add("one"))
        .silent(add("two"))
        .after(|(_, text)| read(text))
        .explore();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(report.seen(), ["start one two", "start two one"]);
}

#[test]
fn a_concurrent_write_is_a_race_and_two_reads_are_not() {
    let state = || Text::new(vec!["start"]);
    let reads = Program::new(state()).thread(read).thread(read).explore();
    assert!(reads.failures.is_empty(), "{:?}", reads.failures);
    assert_eq!(reads.seen(), ["start, start"]);
    let write = |text: &Text| push(text, "more");
    assert!(races(&Program::new(state()).thread(read).silent(write).explore()));
    assert!(races(&Program::new(state()).silent(write).silent(write).explore()));
}

#[test]
fn a_cell_is_published_by_release_only() {
    let explore = |order| {
        Program::new((Text::default(), AtomicBool::new(false)))
            .silent(move |(text, is_ready)| {
                push(text, "ready");
                is_ready.store(true, order);
            })
            .thread(|(text, is_ready)| match is_ready.load(Acquire) {
                true => read(text),
                false => "early".to_owned(),
            })
            .explore()
    };
    assert_eq!(explore(Release).seen(), ["early", "ready"]);
    assert!(races(&explore(Relaxed)));
}

#[test]
fn a_cell_outside_of_a_program_or_in_one_thread_behaves_as_in_core() {
    let cell = Text::new(vec!["a"]);
    push(&cell, "b");
    assert_eq!(read(&cell), "a b");
    assert_eq!(cell.into_inner(), ["a", "b"]);
    let own = |word| {
        move |_: &()| {
            let cell = Text::default();
            push(&cell, word);
            read(&cell)
        }
    };
    let report = Program::new(()).thread(own("x")).thread(own("y")).explore();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(report.seen(), ["x, y"]);
}
