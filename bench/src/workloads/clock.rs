// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading a clock: ours from its page, the kernel's, and those of other crates.

#![allow(unsafe_code, reason = "clock_gettime of the C library")]

use core::hint::black_box;
use core::sync::atomic::{AtomicBool, Ordering};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Instant, SystemTime};

use tearfree_clock::{Clock, Keeper, Settings, Source};

use super::{Bench, Workload};
use crate::alone::{Job, Work};

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

/// What a reading is, in bytes.
pub(crate) const BYTES: usize = 8;

/// A timekeeper on a page of its own, for as long as the measurements take.
struct Kept {
    folder: PathBuf,
    is_over: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
}

impl Kept {
    fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("tearfree-clock-{}", std::process::id()));
        let mut keeper = Keeper::open(page(&folder), Settings::default()).expect("a clock's page");
        keeper.tick();
        let is_over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_over);
        let keeper = thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                keeper.tick();
                keeper.wait();
            }
        });
        Kept { folder, is_over, keeper: Some(keeper) }
    }

    fn clock(&self) -> Clock {
        Clock::open_page(page(&self.folder)).expect("the clock is there")
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.keeper.take().map(JoinHandle::join);
        // What cannot be removed lies in the system's own folder for that.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn page(folder: &Path) -> PathBuf {
    std::fs::create_dir_all(folder).expect("a folder for the page");
    folder.join("clock")
}

fn run(bench: &mut Bench) {
    let kept = Kept::start();
    let source = kept.clock().source();
    let jobs = vec![
        reading(ORDERED_COUNTER, source, |source: &Source| source.read_ordered()),
        reading(COUNTER, source, |source: &Source| source.read_unordered()),
        reading(NOW, kept.clock(), Clock::now),
        reading(UNORDERED, kept.clock(), Clock::now_unordered),
        reading(COARSE, kept.clock(), Clock::coarse),
        reading("tearfree realtime", kept.clock(), Clock::realtime),
        reading("tearfree now_bounded", kept.clock(), |clock: &Clock| clock.now_bounded().latest),
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
        // Its `elapsed` is zero within a tick of the coarse clock, so it shows nothing.
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
    // SAFETY: a valid place for the answer.
    unsafe { libc::clock_gettime(*id, &raw mut time) };
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

/// A clock as a job. Whether it tells the right time, other tests say; here it must tell one.
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
