// SPDX-License-Identifier: MIT OR Apache-2.0
//! Readings of clocks: ours from its page, the kernel's, and those of other crates.

#![allow(unsafe_code, reason = "clock_gettime of the C library")]

use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Instant, SystemTime};

use tearfree_clock::{Clock, Keeper, Settings, Source};

use crate::alone::{Job, Work};
use crate::runner::{Bench, Workload};

pub(super) const CLOCK: Workload = Workload {
    name: "clock",
    about: "one reading of a clock, with a timekeeper at work",
    cases: || 1,
    run,
};

pub(crate) const ORDERED_COUNTER: &str = "counter, ordered";
pub(crate) const COUNTER: &str = "counter, unordered";
pub(crate) const NOW: &str = "tearfree now";
pub(crate) const UNORDERED: &str = "tearfree now_unordered";
pub(crate) const COARSE: &str = "tearfree coarse";
pub(crate) const KERNEL_COARSE: &str = "CLOCK_MONOTONIC_COARSE";
pub(crate) const INSTANT: &str = "std Instant::now";

/// The size of a reading in bytes.
pub(crate) const BYTES: usize = 8;

/// A timekeeper thread, with a page of its own.
struct RunningKeeper {
    folder: PathBuf,
    is_over: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
}

impl RunningKeeper {
    fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("tearfree-clock-{}", std::process::id()));
        let mut keeper = Keeper::open(page(&folder), Settings::default())
            .expect("cannot create the page of the clock");
        keeper.tick().expect("the page is this keeper's");
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let keeper = thread::spawn(move || {
            // ORDERING: Relaxed: only ends the loop; it publishes nothing else.
            while !seen.load(Ordering::Relaxed) {
                keeper.tick().expect("the page is this keeper's");
                keeper.wait();
            }
        });
        RunningKeeper { folder, is_over, keeper: Some(keeper) }
    }

    fn clock(&self) -> Clock {
        Clock::open_page(page(&self.folder)).expect("cannot open the clock")
    }
}

impl Drop for RunningKeeper {
    fn drop(&mut self) {
        // ORDERING: Relaxed: ends the loop of the thread, which is joined below.
        self.is_over.store(true, Ordering::Relaxed);
        self.keeper.take().map(JoinHandle::join);
        // A folder that cannot be removed stays in the temporary folder of the system.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn page(folder: &Path) -> PathBuf {
    std::fs::create_dir_all(folder).expect("cannot create a folder for the page");
    folder.join("clock")
}

fn run(bench: &mut Bench) {
    let keeper = RunningKeeper::start();
    let source = keeper.clock().source();
    let jobs = vec![
        reading(ORDERED_COUNTER, source, |source: &Source| source.read_ordered()),
        reading(COUNTER, source, |source: &Source| source.read_unordered()),
        reading(NOW, keeper.clock(), Clock::now),
        reading(UNORDERED, keeper.clock(), Clock::now_unordered),
        reading(COARSE, keeper.clock(), Clock::coarse),
        reading("tearfree realtime", keeper.clock(), Clock::realtime),
        reading("tearfree now_bounded", keeper.clock(), |clock: &Clock| clock.now_bounded().latest),
        reading("CLOCK_MONOTONIC", libc::CLOCK_MONOTONIC, system),
        reading(KERNEL_COARSE, libc::CLOCK_MONOTONIC_COARSE, system),
        reading("CLOCK_REALTIME", libc::CLOCK_REALTIME, system),
        reading(INSTANT, (), |()| {
            black_box(Instant::now());
            1
        }),
        reading("std Instant, elapsed", Instant::now(), |start: &Instant| {
            start.elapsed().as_nanos() as u64
        }),
        reading("std SystemTime", SystemTime::UNIX_EPOCH, |start: &SystemTime| {
            start.elapsed().map_or(0, |since| since.as_nanos() as u64)
        }),
        reading("quanta 0.13", quanta::Clock::new(), |clock| {
            black_box(clock.now());
            1
        }),
        reading("minstant 0.1", (), |()| {
            black_box(minstant::Instant::now());
            1
        }),
        reading("fastant 0.1", (), |()| {
            black_box(fastant::Instant::now());
            1
        }),
        // Not `elapsed`, which is zero within a tick of the coarse clock.
        reading("coarsetime 0.1", (), |()| {
            black_box(coarsetime::Instant::now());
            1
        }),
        reading("coarsetime 0.1, recent", coarsetime::Instant::now(), |_| {
            coarsetime::Instant::recent().as_ticks()
        }),
    ];
    bench.compare(CLOCK.name, BYTES, jobs);
}

fn system(id: &libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid for a write of the answer.
    unsafe { libc::clock_gettime(*id, &raw mut time) };
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

/// Returns a job that reads a clock. It checks only that the time is not zero.
fn reading<C: 'static>(
    name: &'static str,
    clock: C,
    read: impl Fn(&C) -> u64 + 'static,
) -> Box<dyn Job> {
    let clock = Box::new(clock);
    let work = move |times| {
        let clock = black_box(&*clock);
        let mut seen = 0;
        for _ in 0..times {
            seen = black_box(read(clock));
        }
        u64::from(seen > 0)
    };
    Box::new(Work { name, expected: 1, work })
}
