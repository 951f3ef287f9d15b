// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs the smallest clock: a timer, and a reader that never delays it.

mod tk;

use core::time::Duration;
use std::thread;
use std::time::Instant;

use tk::{Time, tk_read, tk_update};

/// Ten ticks of a tenth of a second, and a reader beside them.
fn main() {
    thread::scope(|scope| {
        let timer = scope.spawn(|| {
            let mut last = Instant::now();
            for _ in 0..10 {
                thread::sleep(Duration::from_millis(100));
                let passed = last.elapsed();
                last += passed;
                tk_update(u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX));
            }
        });
        while !timer.is_finished() {
            let Time { seconds, nsec } = tk_read();
            println!("{seconds}.{nsec:09}");
            thread::sleep(Duration::from_millis(250));
        }
    });
}
