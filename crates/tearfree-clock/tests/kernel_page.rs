// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads the running kernel's page if its layout is known; otherwise it has to be refused.

use core::time::Duration;
use std::fs;
use std::io::{self, Write};
use std::thread;
use std::time::Instant;

use tearfree_clock::Source;
use tearfree_clock::kernel::{Agreement, KernelClock, KernelPage};

/// The kernel updates its page some hundred times a second.
const WATCHDOG: Duration = Duration::from_secs(60);

/// Returns the page. `None`: it may be refused, because the layout is unknown, programs cannot read the
/// counter, or this is a time namespace.
fn page() -> Option<KernelPage> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let release = read("/proc/sys/kernel/osrelease");
    let is_known = ["6.1.", "6.12.", "6.18."].iter().any(|known| release.starts_with(known));
    let offsets = read("/proc/self/timens_offsets");
    let is_host = offsets.split_whitespace().all(|word| word.parse::<i64>().unwrap_or(0) == 0);
    match KernelPage::find() {
        Ok(page) => Some(page),
        Err(error) => {
            let reason = format!("{error}, on {release}");
            assert!(!(is_known && is_host && Source::best().0 != Source::Host), "{reason}");
            // Past the test runner, which drops the output of tests that pass.
            let _ = writeln!(io::stderr(), "left out: {reason}");
            None
        }
    }
}

#[test]
fn the_page_has_the_time_of_clock_gettime() {
    let Some(page) = page() else { return };
    println!("{:?}", page.layout());
    for &clock in KernelClock::ALL {
        // The time of day may be set meanwhile, but not each time.
        let agreements = [(); 3].map(|()| page.verify(clock, 100_000));
        println!("{}: {agreements:?}", clock.name());
        let is_right = agreements.iter().any(Agreement::is_perfect);
        assert!(is_right, "{clock:?} {agreements:?}");
    }
}

#[test]
fn the_kernels_count_steps_by_two() {
    let Some(page) = page() else { return };
    let end = Instant::now() + WATCHDOG;
    let even = || page.snapshot(KernelClock::Monotonic).expect("the count becomes even").count;
    let first = even();
    let (mut last, mut steps) = (first, 0);
    while steps < 5 {
        let count = even();
        assert_eq!(count.wrapping_sub(last) % 2, 0, "from {last} to {count}");
        steps += u32::from(count != last);
        last = count;
        assert!(Instant::now() < end, "the kernel does not update its page");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn all_words_of_a_snapshot_are_of_one_moment() {
    let Some(page) = page() else { return };
    let mut last = page.snapshot(KernelClock::Monotonic).expect("the count becomes even");
    for _ in 0..200_000 {
        let next = page.snapshot(KernelClock::Monotonic).expect("the count becomes even");
        if next.count == last.count {
            assert_eq!(next, last, "one count, two contents");
        } else {
            assert!(next.cycle_last >= last.cycle_last, "{last:?} {next:?}");
        }
        last = next;
    }
}
