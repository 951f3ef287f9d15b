// SPDX-License-Identifier: MIT OR Apache-2.0
//! The `_irq`, `_irqsave` and `_bh` forms: signals of the thread, in user space.

use core::cell::Cell;
use std::collections::BTreeSet;

use libc::{SIGALRM, SIGSEGV, SIGURG, SIGUSR1, SIGUSR2};
use tearfree::SeqLock;
use tearfree::context::{Bh, Irq, IrqSave, SavedContext};

use crate::seqlock::{CountingLock, locked_here, read_beside_a_constant_writer};
use crate::support::payload::{SelfChecking, Words};
use crate::support::signals::{block, handled, mask, pending, raise, react};
use crate::support::times;

/// Asynchronous signals are blocked; those that the thread causes itself are not.
fn assert_hard_interrupts_are_out() {
    let blocked = mask();
    for signal in [SIGUSR1, SIGUSR2, SIGALRM, SIGURG] {
        assert!(blocked.contains(&signal), "signal {signal} is not blocked");
    }
    assert!(!blocked.contains(&SIGSEGV));
}

fn assert_bottom_halves_are_out() {
    let blocked = mask();
    assert!(blocked.contains(&SIGALRM) && blocked.contains(&SIGURG));
    assert!(!blocked.contains(&SIGUSR1), "a hard interrupt is not a bottom half");
}

/// A signal that arrives inside of `section` waits, and is handled as soon as the section ends.
fn a_signal_waits_for_the_end<G>(signal: i32, section: impl FnOnce() -> G) {
    react(signal, || ());
    let before = handled();
    let inside = section();
    raise(signal);
    assert!(pending().contains(&signal));
    assert_eq!(handled(), before);
    drop(inside);
    assert_eq!(handled(), before + 1);
    assert!(!pending().contains(&signal));
}

/// The mask after each section is the one before it, whatever that was.
fn restores_the_mask<G>(section: impl Fn() -> G) {
    for is_blocked in [false, true] {
        block(SIGUSR2, is_blocked);
        let before = mask();
        drop(section());
        assert_eq!(mask(), before);
    }
    block(SIGUSR2, false);
}

#[test]
fn write_seqlock_irq() {
    let lock = SeqLock::new(1);
    let mut writing = lock.within::<Irq>().write();
    assert_hard_interrupts_are_out();
    assert!(lock.try_write().is_none());
    *writing = 2;
    drop(writing);
    lock.within::<Irq>().update(|value| {
        assert_hard_interrupts_are_out();
        *value += 1;
    });
    assert_eq!(lock.read(), 3);
}

#[test]
fn write_sequnlock_irq() {
    let lock = SeqLock::new(1);
    a_signal_waits_for_the_end(SIGUSR1, || lock.within::<Irq>().write());
    // As with `local_irq_enable`, signals that were blocked before are unblocked, too.
    block(SIGUSR2, true);
    drop(lock.within::<Irq>().write());
    assert_eq!(mask(), BTreeSet::new());
}

#[test]
fn write_seqlock_irqsave() {
    let lock = SeqLock::new(1);
    let mut writing = lock.within::<IrqSave>().write();
    assert_hard_interrupts_are_out();
    *writing = 2;
    assert!(lock.within::<IrqSave>().try_write().is_none());
    assert_hard_interrupts_are_out();
    drop(writing);
    lock.within::<IrqSave>().set(lock.read() + 1);
    assert_eq!(lock.read(), 3);
}

#[test]
fn write_sequnlock_irqrestore() {
    let lock = SeqLock::new(1);
    a_signal_waits_for_the_end(SIGUSR1, || lock.within::<IrqSave>().write());
    restores_the_mask(|| lock.within::<IrqSave>().write());
    restores_the_mask(|| lock.within::<IrqSave>().set(2));
}

#[test]
fn write_seqlock_bh() {
    let lock = SeqLock::new(1);
    let mut writing = lock.within::<Bh>().write();
    assert_bottom_halves_are_out();
    *writing = 2;
    drop(writing);
    assert_eq!(lock.read(), 2);
}

#[test]
fn write_sequnlock_bh() {
    let lock = SeqLock::new(1);
    a_signal_waits_for_the_end(SIGURG, || lock.within::<Bh>().write());
    restores_the_mask(|| lock.within::<Bh>().write());
}

#[test]
fn read_seqlock_excl_irq() {
    let lock = SeqLock::new(1);
    let still = lock.within::<Irq>().read_excl();
    assert_hard_interrupts_are_out();
    assert!(lock.try_write().is_none());
    assert_eq!(*still, 1);
}

#[test]
fn read_sequnlock_excl_irq() {
    let lock = SeqLock::new(1);
    a_signal_waits_for_the_end(SIGUSR1, || lock.within::<Irq>().read_excl());
    assert!(lock.try_write().is_some());
}

#[test]
fn read_seqlock_excl_irqsave() {
    let lock = SeqLock::new(1);
    let still = lock.within::<IrqSave>().read_excl();
    assert_hard_interrupts_are_out();
    assert!(lock.try_write().is_none());
    assert_eq!((*still, lock.read()), (1, 1));
}

#[test]
fn read_sequnlock_excl_irqrestore() {
    let lock = SeqLock::new(1);
    a_signal_waits_for_the_end(SIGUSR1, || lock.within::<IrqSave>().read_excl());
    restores_the_mask(|| lock.within::<IrqSave>().read_excl());
}

#[test]
fn read_seqlock_excl_bh() {
    let lock = SeqLock::new(1);
    let still = lock.within::<Bh>().read_excl();
    assert_bottom_halves_are_out();
    assert!(lock.try_write().is_none());
    assert_eq!(*still, 1);
}

#[test]
fn read_sequnlock_excl_bh() {
    let lock = SeqLock::new(1);
    a_signal_waits_for_the_end(SIGURG, || lock.within::<Bh>().read_excl());
    restores_the_mask(|| lock.within::<Bh>().read_excl());
}

/// The program's own context, which counts how often it is entered.
enum Entering {}

thread_local!(static ENTERED: Cell<u64> = const { Cell::new(0) });

impl SavedContext for Entering {
    type Saved = ();

    fn enter() {
        ENTERED.set(ENTERED.get() + 1);
    }

    fn leave((): ()) {}
}

#[test]
fn read_seqbegin_or_lock_irqsave() {
    // The lockless attempt does not block interrupts; only the pass under the lock does.
    let lock = SeqLock::with_lock(Words::<128>::new(0), CountingLock::new(|| ()));
    assert_eq!(lock.within::<Entering>().read_or_lock().generation(), 0);
    assert_eq!(ENTERED.get(), 0);
    let (locked, entered) = (locked_here(), ENTERED.get());
    let read = || Some(lock.within::<Entering>().read_or_lock());
    read_beside_a_constant_writer(&lock, read, |_| {
        assert_eq!(locked_here() - locked, ENTERED.get() - entered);
        locked_here() >= locked + times(5, 2)
    });
}

#[test]
fn done_seqretry_irqrestore() {
    let lock = SeqLock::with_lock(Words::<128>::new(0), CountingLock::new(|| ()));
    let (before, locked) = (mask(), locked_here());
    let read = || Some(lock.within::<IrqSave>().read_or_lock());
    read_beside_a_constant_writer(&lock, read, |_| {
        assert_eq!(mask(), before);
        locked_here() > locked
    });
    assert!(lock.try_write().is_some());
}

#[test]
fn ss_lock_irqsave() {
    // Hard interrupts are blocked before the lock is taken: the lock checks the mask.
    fn on_lock() {
        if READING.get() {
            assert_hard_interrupts_are_out();
        }
    }
    thread_local!(static READING: Cell<bool> = const { Cell::new(false) });
    READING.set(true);
    let lock = SeqLock::with_lock(Words::<128>::new(0), CountingLock::new(on_lock));
    let locked = locked_here();
    let read = || Some(lock.within::<IrqSave>().read_or_lock());
    read_beside_a_constant_writer(&lock, read, |_| locked_here() > locked);
}

#[test]
fn read_seqbegin_irqsave() {
    // The whole read lies between the two ends of the context, which write here.
    static LOCK: SeqLock<u64> = SeqLock::new(1);
    enum Writing {}
    impl SavedContext for Writing {
        type Saved = ();

        fn enter() {
            LOCK.set(2);
        }

        fn leave((): ()) {
            LOCK.set(3);
        }
    }
    assert_eq!(LOCK.within::<Writing>().read(), 2);
    assert_eq!(LOCK.read(), 3);
    assert_eq!(LOCK.within::<IrqSave>().read(), 3);
}

#[test]
fn read_seqretry_irqrestore() {
    let lock = SeqLock::new(5);
    restores_the_mask(|| assert_eq!(lock.within::<IrqSave>().read(), 5));
    restores_the_mask(|| assert_eq!(lock.within::<Bh>().read(), 5));
}
