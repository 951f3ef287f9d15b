// SPDX-License-Identifier: MIT OR Apache-2.0
//! A sensor is read by an interrupt and used by the main loop, which sends its settings the other way.
//!
//! These rules exclude deadlocks:
//!
//! - a value that the interrupt writes and the main loop reads is in a `SeqLock`;
//! - a value that the main loop writes and the interrupt reads is in a `SeqLatch`, whose readers never wait;
//! - a value that both write is written by `within::<CriticalSection>()`.
//!
//! In an interrupt of a write to a `SeqLock`, `read` and `set` of that lock never return.
#![no_std]
#![no_main]

use cortex_m::asm::wfi;
use cortex_m_rt::{entry, exception};
use cortex_m_semihosting::hprintln;
use tearfree::context::CriticalSection;
use tearfree::{SeqLatch, SeqLock};
use tearfree_bare_metal::{interrupt_each, succeed};

#[derive(Clone, Copy)]
struct Sample {
    number: u32,
    millidegrees: i32,
    /// The settings with which it was taken.
    settings: Settings,
}

#[derive(Clone, Copy)]
struct Settings {
    gain: i32,
    offset: i32,
}

#[derive(Clone, Copy)]
struct Errors {
    in_interrupt: u32,
    missed: u32,
}

const INITIAL: Settings = Settings { gain: 1, offset: 0 };

static SAMPLE: SeqLock<Sample> =
    SeqLock::new(Sample { number: 0, millidegrees: 0, settings: INITIAL });
static SETTINGS: SeqLatch<Settings> = SeqLatch::new(INITIAL);
static ERRORS: SeqLock<Errors> = SeqLock::new(Errors { in_interrupt: 0, missed: 0 });

/// Simulates an analog-to-digital converter.
fn convert(number: u32) -> i32 {
    20_000 + (number % 100) as i32
}

#[exception]
fn SysTick() {
    static mut NUMBER: u32 = 0;
    *NUMBER += 1;
    let Settings { gain, offset } = SETTINGS.read(); // without waiting, even in the middle of an `update`
    let millidegrees = convert(*NUMBER) * gain + offset;
    SAMPLE.set(Sample { number: *NUMBER, millidegrees, settings: Settings { gain, offset } });
    if *NUMBER % 100 == 0 {
        ERRORS.within::<CriticalSection>().update(|errors| errors.in_interrupt += 1);
    }
}

#[entry]
fn main() -> ! {
    let mut timer = interrupt_each(10_000);
    let mut seen = SAMPLE.version();
    let mut last = 0;
    while last < 1_000 {
        wfi();
        let Some(sample) = SAMPLE.read_if_changed(&mut seen) else { continue };
        // The temperature and the settings are of one sample.
        let Settings { gain, offset } = sample.settings;
        assert_eq!(sample.millidegrees, convert(sample.number) * gain + offset);
        SETTINGS.update(|settings| {
            settings.gain = 1 + (sample.number % 3) as i32;
            settings.offset = -settings.gain;
        });
        if sample.number != last + 1 {
            ERRORS.within::<CriticalSection>().update(|errors| errors.missed += 1);
        }
        last = sample.number;
    }
    timer.disable_interrupt();

    let Errors { in_interrupt, missed } = ERRORS.read();
    hprintln!("{} samples, {} errors in the interrupt, {} missed", last, in_interrupt, missed);
    assert_eq!(in_interrupt, last / 100);
    succeed()
}
