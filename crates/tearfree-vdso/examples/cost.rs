// SPDX-License-Identifier: MIT OR Apache-2.0
//! Measures what a reading costs: by the image, and by the kernel's own vDSO, in turns. Prints nanoseconds, and ratios.
//!
//!     cargo run --release -p tearfree-vdso --example cost

#[path = "../tests/common/mod.rs"]
mod common;

use core::hint::black_box;
use core::time::Duration;
use std::thread;
use std::time::Instant;

use common::Functions;
use tearfree_clock::{Clock, Keeper, Settings, TestClock, TestSettings};

const ROUNDS: u32 = 200;
const READINGS: u32 = 5000;

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let kernel = common::kernel_functions().ok_or("this machine has no vDSO to compare with")?;
    let folder = tempfile::tempdir()?;
    let page = folder.path().join("test");
    TestClock::create(&page, TestSettings::default())?;
    compare("a test clock", &common::map(&page), &kernel);
    let page = folder.path().join("fast");
    TestClock::create(&page, TestSettings::new().speed(2.0))?;
    compare("a fast one", &common::map(&page), &kernel);
    // Its line is too long for a product of 64 bits then.
    thread::sleep(Duration::from_secs(5));
    compare("a fast one, later", &common::map(&page), &kernel);

    let page = folder.path().join("kept");
    let mut keeper = Keeper::open(&page, Settings::default())?;
    keeper.tick()?;
    println!("the timekeeper reads {}", Clock::open_page(&page)?.source().name());
    compare("a timekeeper's clock", &common::map(&page), &kernel);
    Ok(())
}

/// Measures both in turns, so that what disturbs one disturbs the other, and takes the best round of each.
fn compare(clock: &str, image: &Functions, kernel: &Functions) {
    for (name, id) in [("monotonic", libc::CLOCK_MONOTONIC), ("realtime", libc::CLOCK_REALTIME)] {
        let (mut ours, mut theirs) = (f64::MAX, f64::MAX);
        for _ in 0..ROUNDS {
            ours = ours.min(one_round(image, id));
            theirs = theirs.min(one_round(kernel, id));
        }
        let ratio = ours / theirs;
        println!("{clock}, {name}: image {ours:.1} ns, kernel {theirs:.1} ns, ratio {ratio:.2}");
    }
}

/// Returns nanoseconds per reading.
fn one_round(functions: &Functions, id: i32) -> f64 {
    let start = Instant::now();
    for _ in 0..READINGS {
        black_box(functions.ns(black_box(id)));
    }
    start.elapsed().as_nanos() as f64 / f64::from(READINGS)
}
