// SPDX-License-Identifier: MIT OR Apache-2.0
//! The mask of signals before, inside of and after sections.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use libc::{
    SIGABRT, SIGALRM, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTERM, SIGTRAP, SIGUSR1, SIGUSR2,
};
use tearfree::SeqLock;
use tearfree::context::{
    Bh, Context, Irq, IrqSave, SavedContext, bottom_half_signals, set_bottom_half_signals,
};
use tearfree::lock::{InContext, SpinLock};

use crate::support::panics;
use crate::support::signals::{block, mask};

/// The bottom-half signals are chosen for the whole process, so one test at a time.
static CHOICE: Mutex<()> = Mutex::new(());

/// Excludes other tests that choose bottom-half signals, until the guard is dropped.
pub(crate) fn lock_choice() -> MutexGuard<'static, ()> {
    CHOICE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `section` with and without a signal that is already blocked.
fn mask_is_the_same_after(section: impl Fn()) {
    for is_blocked in [false, true] {
        block(SIGTERM, is_blocked);
        let before = mask();
        section();
        assert_eq!(mask(), before);
    }
    block(SIGTERM, false);
}

#[test]
fn sections_that_are_nested_each_restore_what_they_found() {
    let _choice = lock_choice();
    let (outer, inner) = (SeqLock::new(1), SeqLock::new(2));
    mask_is_the_same_after(|| {
        let hard = outer.within::<IrqSave>().write();
        let inside = mask();
        assert!(inside.contains(&SIGUSR1) && inside.contains(&SIGALRM));
        {
            let _soft = inner.within::<Bh>().write();
            assert_eq!(mask(), inside, "leaving a bottom half unblocks no hard interrupt");
        }
        assert_eq!(mask(), inside);
        drop(hard);
    });
    mask_is_the_same_after(|| {
        let soft = outer.within::<Bh>().write();
        let inside = mask();
        assert!(!inside.contains(&SIGUSR1) && inside.contains(&SIGALRM));
        assert!(inner.within::<IrqSave>().update(|_| mask().contains(&SIGUSR1)));
        assert_eq!(mask(), inside);
        drop(soft);
    });
}

#[test]
fn the_last_of_guards_that_are_dropped_out_of_order_restores_what_it_saved() {
    let (first, second) = (SeqLock::new(1), SeqLock::new(2));
    let before = mask();
    let outer = first.within::<IrqSave>().write();
    let inside = mask();
    let inner = second.within::<IrqSave>().write();
    drop(outer);
    assert_eq!(mask(), before, "as documented: dropping the outer guard unblocks signals");
    drop(inner);
    assert_eq!(mask(), inside, "the inner guard was created while they were blocked");
    for signal in inside {
        block(signal, before.contains(&signal));
    }
    assert_eq!(mask(), before);
}

#[test]
fn a_context_is_left_when_the_closure_or_the_section_panics() {
    fn with<C: SavedContext>(lock: &SeqLock<u32>) {
        mask_is_the_same_after(|| {
            assert!(panics(|| lock.within::<C>().update(|v| {
                *v = 7;
                panic!("inside of a context");
            })));
        });
        mask_is_the_same_after(|| {
            assert!(panics(|| {
                let _section = lock.within::<C>().write();
                panic!("inside of a context");
            }));
        });
        mask_is_the_same_after(|| {
            assert!(panics(|| {
                let _section = lock.within::<C>().read_excl();
                panic!("inside of a context");
            }));
        });
    }
    let lock = SeqLock::new(1);
    with::<IrqSave>(&lock);
    with::<Bh>(&lock);
    assert_eq!((lock.read(), lock.try_write().is_some()), (1, true));

    let lock = SeqLock::with_lock(1, InContext::<IrqSave, _>::new(SpinLock::new()));
    mask_is_the_same_after(|| {
        assert!(panics(|| lock.update(|_| panic!("under a lock in a context"))));
    });
    assert!(lock.try_write().is_some());
}

#[test]
fn a_context_is_left_when_the_lock_is_taken() {
    let lock = SeqLock::new(1);
    let _writing = lock.write();
    mask_is_the_same_after(|| assert!(lock.within::<IrqSave>().try_write().is_none()));

    let lock = SeqLock::with_lock(1, InContext::<IrqSave, _>::new(SpinLock::new()));
    let before = mask();
    let writing = lock.write();
    let inside = mask();
    assert_ne!(inside, before);
    assert!(lock.try_write().is_none());
    assert!(lock.try_read_excl().is_none());
    assert_eq!(mask(), inside, "the open section is still open");
    drop(writing);
    assert_eq!(mask(), before);
}

#[test]
fn signals_that_a_thread_causes_itself_are_never_blocked() {
    IrqSave::with(|| {
        let blocked = mask();
        for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT] {
            assert!(!blocked.contains(&signal), "a fault by signal {signal} would hang");
        }
        assert!(blocked.contains(&SIGTERM));
    });
}

#[test]
fn leaving_irq_unblocks_all_signals() {
    let lock = SeqLock::new(1);
    block(SIGTERM, true);
    {
        let _outer = lock.within::<Irq>().write();
        Irq::with(|| assert!(mask().contains(&SIGUSR1)));
        assert_eq!(mask(), BTreeSet::new(), "as `local_irq_enable` does, even inside of another");
    }
    assert_eq!(mask(), BTreeSet::new());
}

#[test]
fn the_program_chooses_its_bottom_halves() {
    let _choice = lock_choice();
    let by_default: Vec<_> = bottom_half_signals().collect();
    let named = [SIGALRM, libc::SIGVTALRM, libc::SIGPROF, libc::SIGIO, libc::SIGURG];
    for signal in named.into_iter().chain([libc::SIGRTMIN(), libc::SIGRTMAX()]) {
        assert!(by_default.contains(&signal), "{signal}");
    }
    assert!(!by_default.contains(&SIGUSR1));
    set_bottom_half_signals(&[SIGUSR1, libc::SIGRTMAX()]).unwrap();
    assert!(bottom_half_signals().eq([SIGUSR1, libc::SIGRTMAX()]));

    set_bottom_half_signals(&[SIGUSR1, SIGUSR2, SIGUSR1]).unwrap();
    let before = mask();
    Bh::with(|| {
        let added: BTreeSet<_> = mask().difference(&before).copied().collect();
        assert_eq!(added, BTreeSet::from([SIGUSR1, SIGUSR2]));
        // An open section ends as it began.
        set_bottom_half_signals(&[SIGALRM]).unwrap();
    });
    assert_eq!(mask(), before);

    for wrong in [0, -1, 65] {
        let error = set_bottom_half_signals(&[SIGUSR2, wrong]).unwrap_err();
        assert!(error.to_string().contains(&wrong.to_string()));
    }
    assert!(bottom_half_signals().eq([SIGALRM]), "a wrong choice changes nothing");
    set_bottom_half_signals(&[]).unwrap();
    assert!(bottom_half_signals().eq(by_default));
}
