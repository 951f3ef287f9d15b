// SPDX-License-Identifier: MIT OR Apache-2.0
//! No read of the smallest clock is torn while a timer and a reader race.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicBool, AtomicU64};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use tk::{Time, tk_read, tk_update};

#[path = "../examples/tk_clock/tk.rs"]
mod tk;

/// Nearly every tick of this length carries into the seconds.
const TICK: u64 = 700_000_001;
const TICKS: u64 = 200_000;
/// The limit of the test: it does not take as long, even on a busy machine.
const WATCHDOG: Duration = Duration::from_secs(60);

#[test]
fn every_time_that_is_read_is_a_whole_number_of_ticks() {
    let (done, seen) = (AtomicBool::new(false), AtomicU64::new(0));
    let (ticks, last) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut last = tk_read();
            // The last round begins after the last tick.
            loop {
                let is_last = done.load(Acquire);
                let now = tk_read();
                assert_eq!(ns(now) % u128::from(TICK), 0, "torn: {now:?}");
                assert!(now >= last, "{now:?} after {last:?}");
                seen.fetch_add(u64::from(now != last), Relaxed);
                last = now;
                if is_last {
                    return last;
                }
            }
        });
        let (mut ticks, start) = (0, Instant::now());
        // On one core the reader sees a new time only when it gets its turn.
        while ticks < TICKS || seen.load(Relaxed) < 100 {
            tk_update(TICK);
            ticks += 1;
            let is_hung = reader.is_finished() || start.elapsed() > WATCHDOG;
            assert!(!is_hung, "the reader sees no new times: {}", seen.load(Relaxed));
        }
        done.store(true, Release);
        (ticks, reader.join().expect("the reader saw no torn time"))
    });
    assert_eq!(ns(last), u128::from(TICK) * u128::from(ticks), "the last tick was not read");
    println!("{} different times read", seen.into_inner());
}

fn ns(time: Time) -> u128 {
    u128::from(time.seconds) * 1_000_000_000 + u128::from(time.nsec)
}
