// SPDX-License-Identifier: MIT OR Apache-2.0
//! No read of the smallest clock is torn while a timer and a reader race.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use tk::{Time, tk_read, tk_update};

#[path = "../examples/tk_clock/tk.rs"]
mod tk;

/// Nearly every tick of this length carries into the seconds.
const TICK: u64 = 700_000_001;
const TICKS: u64 = 200_000;

#[test]
fn every_time_that_is_read_is_a_whole_number_of_ticks() {
    let done = AtomicBool::new(false);
    let seen = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut last, mut different) = (tk_read(), 0_u64);
            while !done.load(Relaxed) {
                let now = tk_read();
                assert_eq!(ns(now) % u128::from(TICK), 0, "torn: {now:?}");
                assert!(now >= last, "{now:?} after {last:?}");
                different += u64::from(now != last);
                last = now;
            }
            different
        });
        (0..TICKS).for_each(|_| tk_update(TICK));
        // On one core the reader may not have run yet: it still has to read the last tick.
        done.store(true, Relaxed);
        reader.join().expect("the reader saw no torn time")
    });
    assert_eq!(ns(tk_read()), u128::from(TICK) * u128::from(TICKS));
    println!("{seen} different times read");
}

fn ns(time: Time) -> u128 {
    u128::from(time.seconds) * 1_000_000_000 + u128::from(time.nsec)
}
