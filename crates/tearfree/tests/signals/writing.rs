// SPDX-License-Identifier: MIT OR Apache-2.0
//! Handlers that write the lock that the interrupted thread is writing.
//!
//! Without a context each of these hangs: the handler waits for a lock that its own thread holds.
#![allow(unsafe_code, reason = "a writer lock that is interrupted when it is taken")]

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use libc::{SIGUSR1, SIGUSR2};
use tearfree::context::{Bh, Irq, IrqSave, set_bottom_half_signals};
use tearfree::lock::{InContext, SpinLock, WriterLock};
use tearfree::{SeqLatch, SeqLock};

use crate::support::Watchdog;
use crate::support::payload::{SelfChecking, Words};
use crate::support::signals::{handled, interrupt_during, mask, pending};

type Value = Words<32>;

fn next(value: &mut Value) {
    *value = Words::new(value.generation() + 1);
}

/// Writes in this thread while a handler writes too, until enough signals came in the middle of a
/// write. `write_here` calls its argument inside of a section, on the value that it will publish.
fn both_write<L: WriterLock>(
    signal: i32,
    lock: &SeqLock<Value, L>,
    handler_writes: fn(),
    write_here: impl Fn(&mut dyn FnMut(&mut Value)),
) {
    lock.set(Words::new(0));
    let (mut here, mut came_inside, handled_before) = (0, 0, handled());
    let before = mask();
    interrupt_during(signal, handler_writes, || {
        while came_inside < 20 || here < 1_000 {
            write_here(&mut |value| {
                let handled_outside = handled();
                next(value);
                came_inside += u64::from(pending().contains(&signal));
                assert_eq!(handled(), handled_outside, "the handler ran inside of a section");
            });
            here += 1;
            assert_eq!(mask(), before);
        }
    });
    assert!(handled() > handled_before);
    assert_eq!(lock.read().generation(), here + handled() - handled_before, "a write was lost");
}

#[test]
fn a_lock_in_a_context_can_be_written_by_a_handler_and_by_the_thread_it_interrupts() {
    static LOCK: SeqLock<Value, InContext<IrqSave, SpinLock>> =
        SeqLock::with_lock(Words([0; 32]), InContext::new(SpinLock::new()));
    let _watchdog = Watchdog::over("a_lock_in_a_context_can_be_written_by_a_handler");
    both_write(SIGUSR1, &LOCK, || LOCK.update(next), |change| LOCK.update(change));
    both_write(SIGUSR1, &LOCK, || next(&mut LOCK.write()), |change| change(&mut LOCK.write()));
}

#[test]
fn one_call_can_block_the_handler_that_writes_the_same_lock() {
    static LOCK: SeqLock<Value, SpinLock> = SeqLock::with_lock(Words([0; 32]), SpinLock::new());
    let _watchdog = Watchdog::over("one_call_can_block_the_handler");
    let handler: fn() = || LOCK.update(next);
    both_write(SIGUSR1, &LOCK, handler, |change| change(&mut LOCK.within::<IrqSave>().write()));
    both_write(SIGUSR1, &LOCK, handler, |change| LOCK.within::<IrqSave>().update(change));
    both_write(SIGUSR1, &LOCK, handler, |change| LOCK.within::<Irq>().update(change));
    both_write(SIGUSR1, &LOCK, handler, |change| {
        if let Some(mut writing) = LOCK.within::<Irq>().try_write() {
            change(&mut writing);
        }
    });
}

#[test]
fn a_bottom_half_is_the_signal_that_the_program_chose() {
    static LOCK: SeqLock<Value, SpinLock> = SeqLock::with_lock(Words([0; 32]), SpinLock::new());
    let _watchdog = Watchdog::over("a_bottom_half_is_the_signal_that_the_program_chose");
    let _choice = crate::masks::lock_choice();
    set_bottom_half_signals(&[SIGUSR2]).unwrap();
    let handler: fn() = || LOCK.update(next);
    both_write(SIGUSR2, &LOCK, handler, |change| change(&mut LOCK.within::<Bh>().write()));
    both_write(SIGUSR2, &LOCK, handler, |change| LOCK.within::<Bh>().update(change));
    set_bottom_half_signals(&[]).unwrap();
}

#[test]
fn a_locking_reader_in_a_context_blocks_the_handler_that_writes() {
    static LOCK: SeqLock<Value, SpinLock> = SeqLock::with_lock(Words([0; 32]), SpinLock::new());
    let _watchdog = Watchdog::over("a_locking_reader_in_a_context");
    LOCK.set(Words::new(0));
    let mut came_inside = 0;
    interrupt_during(
        SIGUSR1,
        || LOCK.update(next),
        || {
            while came_inside < 20 {
                let still = LOCK.within::<IrqSave>().read_excl();
                came_inside += u64::from(pending().contains(&SIGUSR1));
                assert_eq!(LOCK.read().generation(), still.generation());
                drop(still);
                LOCK.within::<IrqSave>().read_or_lock().generation();
                LOCK.within::<IrqSave>().read().generation();
            }
        },
    );
}

#[test]
fn a_latch_in_a_context_can_be_written_by_a_handler_and_by_the_thread_it_interrupts() {
    static LATCH: SeqLatch<Value, InContext<IrqSave, SpinLock>> =
        SeqLatch::with_lock(Words([0; 32]), InContext::new(SpinLock::new()));
    let _watchdog = Watchdog::over("a_latch_in_a_context");
    LATCH.set(Words::new(0));
    let (mut here, mut came_inside, handled_before) = (0, 0, handled());
    interrupt_during(
        SIGUSR1,
        || LATCH.update(next),
        || {
            while came_inside < 20 {
                LATCH.update(|value| {
                    next(value);
                    came_inside += u64::from(pending().contains(&SIGUSR1));
                });
                here += 1;
            }
        },
    );
    assert_eq!(LATCH.read().generation(), here + handled() - handled_before, "a write was lost");
}

/// Two threads write, each of them interrupted by a handler that writes as well.
#[test]
fn handlers_and_threads_on_several_processors_lose_no_write() {
    static LOCK: SeqLock<Value, InContext<IrqSave, SpinLock>> =
        SeqLock::with_lock(Words([0; 32]), InContext::new(SpinLock::new()));
    static WRITES: AtomicU64 = AtomicU64::new(0);
    fn write() {
        LOCK.update(next);
        WRITES.fetch_add(1, Relaxed);
    }
    let _watchdog = Watchdog::over("handlers_and_threads_on_several_processors");
    LOCK.set(Words::new(0));
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                interrupt_during(SIGUSR1, write, || {
                    while handled() < 200 {
                        write();
                        LOCK.read().generation();
                    }
                });
            });
        }
    });
    assert_eq!(LOCK.read().generation(), WRITES.load(Relaxed));
}

/// Elsewhere than on Linux the waiter's queue has locks of its own, which a handler must not meet.
#[cfg(target_os = "linux")]
#[test]
fn a_handler_can_write_what_the_thread_that_it_interrupts_is_waiting_for() {
    static LOCK: SeqLock<u64, SpinLock> = SeqLock::with_lock(0, SpinLock::new());
    let _watchdog = Watchdog::over("a_handler_can_write_what_its_thread_waits_for");
    interrupt_during(
        SIGUSR1,
        || LOCK.update(|n| *n += 1),
        || {
            let mut seen = LOCK.version();
            let mut last = 0;
            for _ in 0..1_000 {
                assert!(LOCK.wait_changed(seen, None));
                let changed = LOCK.read_if_changed(&mut seen).unwrap();
                assert!(changed > last);
                last = changed;
            }
        },
    );
}

/// A task that follows the value, which `wait` waits for.
#[cfg(target_os = "linux")]
fn follow_what_a_handler_writes(
    wait: fn(tearfree::Changed<'static, u64, SpinLock, tearfree::OneCopy>),
) {
    static LOCK: SeqLock<u64, SpinLock> = SeqLock::with_lock(0, SpinLock::new());
    let before = (LOCK.read(), handled());
    interrupt_during(
        SIGUSR1,
        || LOCK.update(|n| *n += 1),
        || {
            let (mut last, mut seen) = LOCK.read_versioned();
            for _ in 0..1_000 {
                wait(LOCK.changed(seen));
                let value = LOCK.read_if_changed(&mut seen).expect("woken without a change");
                assert!(value > last);
                last = value;
            }
        },
    );
    assert_eq!(LOCK.read() - before.0, handled() - before.1, "a write was lost");
}

/// The handler calls no waker, and takes no lock that the task may hold.
#[cfg(target_os = "linux")]
#[test]
fn a_handler_can_write_what_a_task_of_its_thread_is_waiting_for() {
    let _watchdog = Watchdog::over("a_handler_can_write_what_a_task_of_its_thread_waits_for");
    follow_what_a_handler_writes(futures_lite::future::block_on);
    // Polled again and again, the task is mostly in the middle of leaving its waker.
    follow_what_a_handler_writes(|changed| {
        use core::future::Future;
        let mut changed = core::pin::pin!(changed);
        let mut context = core::task::Context::from_waker(core::task::Waker::noop());
        while changed.as_mut().poll(&mut context).is_pending() {}
    });
}
