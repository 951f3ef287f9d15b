// SPDX-License-Identifier: MIT OR Apache-2.0
//! The locks of parking_lot 0.12 and 0.13 and of spin as writer locks, and their guards as proof.
#![cfg(any(feature = "lock_api_05", feature = "lock_api_04"))]

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use tearfree::{AssociatedLock, SeqCountWith, SeqLock, lock::WriterLock};

mod support;

use support::Watchdog;

const UPDATES: u64 = 1_000;

fn no_update_is_lost<L: WriterLock + Default + Sync>() {
    let _watchdog = Watchdog::over("no_update_is_lost");
    let lock = SeqLock::with_lock((0_u64, 0_u64), L::default());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..UPDATES {
                    lock.update(|(one, two)| (*one, *two) = (*one + 1, *two + 1));
                    let (one, two) = lock.read();
                    assert_eq!(one, two);
                }
            });
        }
    });
    assert_eq!(lock.read(), (2 * UPDATES, 2 * UPDATES));
    let guard = lock.write();
    assert!(lock.try_write().is_none(), "the lock did not exclude");
    drop(guard);
    assert!(lock.try_write().is_some(), "the lock was not given back");
}

fn guards_count<L: AssociatedLock + Sync>(
    lock: &L,
    locked: impl Fn(&L, &mut dyn FnMut(&mut L::Guard<'_>)) + Sync,
) {
    let _watchdog = Watchdog::over("guards_count");
    let (count, data) = (SeqCountWith::<L>::new(), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..UPDATES {
                    locked(lock, &mut |guard| {
                        let _section = count.write(guard);
                        data.store(data.load(Relaxed) + 1, Relaxed);
                    });
                }
            });
        }
    });
    assert_eq!(count.read(|| data.load(Relaxed)), 2 * UPDATES);
    assert_eq!(count.sequence() as u64, 4 * UPDATES);
}

#[test]
#[cfg(feature = "lock_api_04")]
fn parking_lot_012() {
    no_update_is_lost::<tearfree::lock::LockApi04<parking_lot::RawMutex>>();
    guards_count(&parking_lot::Mutex::new(()), |lock, inside| inside(&mut lock.lock()));
    guards_count(&parking_lot::RwLock::new(()), |lock, inside| inside(&mut lock.write()));
}

#[test]
#[cfg(feature = "lock_api_04")]
fn spin() {
    use spin::lock_api::{Mutex, RwLock};
    no_update_is_lost::<tearfree::lock::LockApi04<spin::mutex::SpinMutex<()>>>();
    guards_count(&Mutex::new(()), |lock, inside| inside(&mut lock.lock()));
    guards_count(&RwLock::new(()), |lock, inside| inside(&mut lock.write()));
}

#[test]
#[cfg(feature = "lock_api_05")]
fn parking_lot_013() {
    no_update_is_lost::<tearfree::lock::LockApi05<parking_lot_013::RawMutex>>();
    guards_count(&parking_lot_013::Mutex::new(()), |lock, inside| inside(&mut lock.lock()));
    guards_count(&parking_lot_013::RwLock::new(()), |lock, inside| inside(&mut lock.write()));
}
