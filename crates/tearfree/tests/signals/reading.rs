// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers that read while they interrupt a write.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use libc::SIGUSR1;
use tearfree::{LatchCount, SeqCount, SeqLatch, SeqLock};

use crate::support::Watchdog;
use crate::support::payload::{SelfChecking, Words};
use crate::support::signals::interrupt_during;

/// Where the handlers of one test ran.
struct Met {
    whole: AtomicU64,
    inside: AtomicU64,
}

impl Met {
    const fn new() -> Self {
        Met { whole: AtomicU64::new(0), inside: AtomicU64::new(0) }
    }

    fn count(&self, inside: bool) {
        let met = if inside { &self.inside } else { &self.whole };
        met.fetch_add(1, Relaxed);
    }

    /// Returns whether enough handlers ran outside of writes, and enough in the middle of one.
    fn is_enough(&self) -> bool {
        self.whole.load(Relaxed) >= 10 && self.inside.load(Relaxed) >= 10
    }
}

#[test]
fn a_latch_can_be_read_by_a_handler_that_interrupts_its_own_writer() {
    static LATCH: SeqLatch<Words<512>> = SeqLatch::new(Words([0; 512]));
    static BEGUN: AtomicU64 = AtomicU64::new(0);
    static ENDED: AtomicU64 = AtomicU64::new(0);
    static WRITING: AtomicBool = AtomicBool::new(false);
    static MET: Met = Met::new();
    fn reads() {
        let (ended, begun) = (ENDED.load(Relaxed), BEGUN.load(Relaxed));
        let generation = LATCH.read().generation();
        // The writer is interrupted, so this is exact: the old value or the new one.
        assert!((ended..=begun).contains(&generation), "{generation} is not {ended} to {begun}");
        assert_eq!(LATCH.read_versioned().0.generation(), generation);
        MET.count(WRITING.load(Relaxed));
    }
    let _watchdog = Watchdog::over("a_latch_can_be_read_by_a_handler");
    LATCH.set(Words::new(0));
    interrupt_during(SIGUSR1, reads, || {
        for generation in 1.. {
            let value = Words::new(generation);
            BEGUN.store(generation, Relaxed);
            for _ in 0..100 {
                WRITING.store(true, Relaxed);
                LATCH.set(value);
                WRITING.store(false, Relaxed);
            }
            ENDED.store(generation, Relaxed);
            if MET.is_enough() {
                break;
            }
        }
    });
}

#[test]
fn a_bare_latch_can_be_read_by_a_handler_between_any_two_stores() {
    const N: usize = 64;
    static COUNT: LatchCount = LatchCount::new();
    static SLOTS: [[AtomicU64; N]; 2] = [const { [const { AtomicU64::new(0) }; N] }; 2];
    static MET: Met = Met::new();
    fn reads() {
        let odd = COUNT.sequence() % 2 == 1;
        let words = COUNT.read(|slot| SLOTS[slot].each_ref().map(|word| word.load(Relaxed)));
        let generation = Words(words).generation();
        // Odd: slot 0 is being changed, and the reader has been sent to slot 1, the old value.
        assert_eq!(generation, COUNT.sequence() as u64 / 2);
        MET.count(odd);
    }
    let _watchdog = Watchdog::over("a_bare_latch_can_be_read_by_a_handler");
    let store = |slot: &[AtomicU64; N], value: &Words<N>| {
        slot.iter().zip(value.0).for_each(|(word, value)| word.store(value, Relaxed));
    };
    for slot in &SLOTS {
        store(slot, &Words::new(0));
    }
    interrupt_during(SIGUSR1, reads, || {
        for generation in 1.. {
            let value = Words::new(generation);
            COUNT.write_begin();
            store(&SLOTS[0], &value);
            COUNT.write_flip();
            store(&SLOTS[1], &value);
            COUNT.write_end();
            if MET.is_enough() {
                break;
            }
        }
    });
}

#[test]
fn a_handler_that_only_tries_never_hangs_though_it_interrupts_the_write() {
    static LOCK: SeqLock<Words<512>> = SeqLock::new(Words([0; 512]));
    static ENDED: AtomicU64 = AtomicU64::new(0);
    static MET: Met = Met::new();
    fn tries() {
        let ended = ENDED.load(Relaxed);
        let before = LOCK.version();
        let tried = LOCK.try_read().map(|value| value.generation());
        // The writer is interrupted: what is refused once is refused again.
        assert_eq!(LOCK.try_read().is_some(), tried.is_some());
        #[cfg(feature = "std")]
        assert_eq!(LOCK.try_read_for(core::time::Duration::ZERO).is_some(), tried.is_some());
        assert_eq!(LOCK.version(), before);
        if let Some(generation) = tried {
            assert!((ended..=ended + 1).contains(&generation));
        }
        MET.count(tried.is_none());
    }
    let _watchdog = Watchdog::over("a_handler_that_only_tries_never_hangs");
    LOCK.set(Words::new(0));
    interrupt_during(SIGUSR1, tries, || {
        for generation in 1.. {
            let value = Words::new(generation);
            for _ in 0..100 {
                LOCK.set(value);
            }
            ENDED.store(generation, Relaxed);
            if MET.is_enough() {
                break;
            }
        }
    });
}

#[test]
fn a_handler_that_reads_a_bare_count_fails_while_it_is_odd() {
    static COUNT: SeqCount = SeqCount::new();
    static DATA: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
    static MET: Met = Met::new();
    fn tries() {
        let start = COUNT.raw_read_begin();
        let [left, right] = DATA.each_ref().map(|word| word.load(Relaxed));
        let failed = COUNT.read_retry(start);
        assert_eq!(failed, COUNT.try_read_begin().is_none());
        assert!(failed || left == right);
        MET.count(failed);
    }
    let _watchdog = Watchdog::over("a_handler_that_reads_a_bare_count");
    interrupt_during(SIGUSR1, tries, || {
        for generation in 1.. {
            {
                let _section = COUNT.write();
                DATA.iter().for_each(|word| word.store(generation, Relaxed));
            }
            if MET.is_enough() {
                break;
            }
        }
    });
}
