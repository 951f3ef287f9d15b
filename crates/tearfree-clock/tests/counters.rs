// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs a clock on each counter that this build can read, and changes from one to another.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::path::Path;
use std::thread;

use tearfree_clock::{Clock, Keeper, Record, Settings, Source, Status, host_ns};
use tearfree_page::{Options, Writer};
use tempfile::TempDir;

fn counters() -> Vec<Source> {
    let all = [Source::Host, Source::Tsc, Source::Cntvct];
    all.into_iter().filter(|source| source.is_supported()).collect()
}

fn keep(keeper: &mut Keeper, ticks: u32) {
    for _ in 0..ticks {
        keeper.tick().expect("the page is this keeper's");
        keeper.wait();
    }
}

/// Sets a clock ahead by 1 ms.
fn set_ahead(page: &Path) {
    let mut writer =
        Writer::<Record>::take_over(page, &Options::new()).expect("the page has no keeper");
    let record = writer.get();
    let (mono_ns, bound_ns) = (record.mono_ns + 1_000_000, record.bound_ns + 1_000_000);
    writer.set(Record { mono_ns, bound_ns, ..record }).expect("the page is ours");
}

#[test]
fn each_counter_gives_the_time_of_the_host() {
    assert!(counters().len() > 1 || !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")));
    for source in counters() {
        let folder = TempDir::new().expect("a folder");
        let page = folder.path().join("clock");
        let mut keeper =
            Keeper::open_with(&page, source, Settings::default()).expect("the page is new");
        let clock = Clock::open_page(&page).expect("the clock can be opened");
        let mut ticks = 0;
        while clock.status() != Status::Synchronised {
            keep(&mut keeper, 1);
            ticks += 1;
            assert!(ticks < 6000, "{source:?} is not synchronised after a minute");
        }
        assert_eq!(clock.source(), source);
        for _ in 0..1000 {
            let (before, now, after) = (host_ns(), clock.now_bounded(), host_ns());
            assert!(now.earliest <= after && now.latest >= before, "{source:?} {now:?} {before}");
            let (first, second) = (clock.now(), clock.now());
            assert!(first <= second && clock.coarse() <= second, "{source:?}");
            // The processor may read the counter a little earlier or later than these two.
            let (unordered, third) = (clock.now_unordered(), clock.now());
            let around = second - 10_000..=third + 10_000;
            assert!(around.contains(&unordered), "{source:?}: {unordered} in {around:?}");
        }
    }
}

/// As when the kernel stops trusting the counter, and the timekeeper is restarted.
#[test]
fn the_time_does_not_go_back_when_the_counter_changes() {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("clock");
    let counters = counters();
    let open = |turn: usize| {
        let source = counters[turn % counters.len()];
        Keeper::open_with(&page, source, Settings::default()).expect("the page has no keeper")
    };
    keep(&mut open(0), 2);
    let (ended, latest) = (AtomicBool::new(false), AtomicU64::new(0));
    let (reads, step_back) = (AtomicU64::new(0), AtomicU64::new(0));
    let read = || {
        let clock = Clock::open_page(&page).expect("the clock can be opened");
        while !ended.load(Ordering::Relaxed) {
            let seen = latest.load(Ordering::Acquire);
            let now = clock.now();
            step_back.fetch_max(seen.saturating_sub(now), Ordering::Relaxed);
            latest.fetch_max(now, Ordering::AcqRel);
            reads.fetch_add(1, Ordering::Relaxed);
        }
    };
    let passed = thread::scope(|scope| {
        (0..2).for_each(|_| drop(scope.spawn(read)));
        let passed = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
            for turn in 1..10 {
                // The clock has no keeper for a while, and gets ahead.
                thread::sleep(Duration::from_millis(20));
                set_ahead(&page);
                keep(&mut open(turn), 5);
            }
            let clock = Clock::open_page(&page).expect("the clock can be opened");
            let (before, now, after) = (host_ns(), clock.now_bounded(), host_ns());
            assert!(now.earliest <= after && now.latest >= before, "{now:?} {before}");
        }));
        ended.store(true, Ordering::Relaxed);
        passed
    });
    passed.expect("no change of the counter panicked");
    assert!(reads.into_inner() > 1000, "too few reads");
    assert_eq!(step_back.into_inner(), 0, "the time went back");
}
