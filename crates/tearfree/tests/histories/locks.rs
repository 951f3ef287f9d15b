// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqLock`: every way to read, to write, to exclude writers, and to poll for changes.

use core::mem::replace;
use std::panic::resume_unwind;

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{DefaultLock, ExclGuard, SeqLock, Version, WriteGuard, field};

use crate::record::{FIRST, ROUNDS, Recorder, Subject, fit, see, see_versioned};
use crate::specification::{Step, Token};
use crate::support::panics;
use crate::support::payload::{Bytes, SelfChecking, Words};

/// Two fields that are read together, or each for itself.
type Both<T> = (T, T);

impl<T: SelfChecking> SelfChecking for Both<T> {
    fn new(generation: u64) -> Self {
        (T::new(generation), T::new(generation))
    }

    fn generation(&self) -> u64 {
        assert_eq!(self.0.generation(), self.1.generation(), "torn between the fields");
        self.0.generation()
    }
}

struct Locked<T, L: WriterLock>(SeqLock<Both<T>, L>);

impl<T: SelfChecking, L: WriterLock + Send + Sync> Subject for Locked<T, L> {
    fn new() -> Self {
        Locked(SeqLock::from(Both::<T>::new(FIRST)))
    }

    fn version(&self) -> Token {
        Token::Version(self.0.version())
    }

    fn act(&self, thread: &mut Recorder<'_>) {
        match thread.below(10) {
            0..=2 => self.read(thread),
            3 => self.attempt(thread),
            4 => self.poll_for_changes(thread),
            5 | 6 => self.write(thread),
            7 => self.fail_to_write(thread),
            8 => self.write_under_a_guard(thread),
            _ => self.keep_writers_out(thread),
        }
    }
}

/// Whether an attempt gave a value.
fn attempted<T: SelfChecking>(result: &Option<T>) -> Vec<Step> {
    vec![result.as_ref().map_or(Step::Disturbed, see)]
}

impl<T: SelfChecking, L: WriterLock> Locked<T, L> {
    /// The readers that go on until they have something, without the lock but for one of them.
    fn read(&self, thread: &mut Recorder<'_>) {
        let lock = &self.0;
        let seen = |value: &Both<T>| vec![see(value)];
        match thread.below(5) {
            0 => _ = thread.call("read", || lock.read(), seen),
            1 => {
                let seen = |value: &Both<T>| vec![Step::MayHold, see(value)];
                _ = thread.call("read_or_lock", || lock.read_or_lock(), seen);
            }
            2 => _ = thread.call("read_into", || into(|value| lock.read_into(value)), seen),
            3 => {
                let fields = (
                    field!(for [T: SelfChecking] Both<T>, 0),
                    field!(for [T: SelfChecking] Both<T>, 1),
                );
                _ = thread.call("read_fields", || lock.read_fields(fields), seen);
            }
            _ => {
                let seen = |&(value, version): &(Both<T>, Version)| {
                    vec![see_versioned(&value, Token::Version(version))]
                };
                _ = thread.call("read_versioned", || lock.read_versioned(), seen);
            }
        }
    }

    /// The readers that may come back with nothing.
    fn attempt(&self, thread: &mut Recorder<'_>) {
        let lock = &self.0;
        match thread.below(2) {
            0 => _ = thread.call("try_read", || lock.try_read(), attempted),
            _ => {
                #[cfg(feature = "std")]
                let attempt = || lock.try_read_for(core::time::Duration::ZERO);
                #[cfg(not(feature = "std"))]
                let attempt = || lock.try_read();
                _ = thread.call("try_read_for", attempt, attempted);
            }
        }
    }

    fn poll_for_changes(&self, thread: &mut Recorder<'_>) {
        let lock = &self.0;
        let Token::Version(before) = thread.seen else { unreachable!("a SeqLock has versions") };
        match thread.below(if cfg!(feature = "std") { 3 } else { 2 }) {
            0 => {
                let at = |version: &Version| vec![Step::At(Token::Version(*version))];
                thread.seen = Token::Version(thread.call("version", || lock.version(), at));
            }
            1 => {
                let mut seen = before;
                let read = || lock.read_if_changed(&mut seen).map(|value| (value, seen));
                let read = thread.call("read_if_changed", read, |read| match read {
                    None => vec![Step::At(Token::Version(before))],
                    Some((value, now)) => vec![
                        Step::NotAt(Token::Version(before)),
                        see_versioned(value, Token::Version(*now)),
                    ],
                });
                thread.seen = Token::Version(read.map_or(before, |(_, now)| now));
            }
            _ => {
                #[cfg(feature = "std")]
                self.wait_for_a_change(thread, before);
            }
        }
    }

    #[cfg(feature = "std")]
    fn wait_for_a_change(&self, thread: &mut Recorder<'_>, before: Version) {
        let timeout = core::time::Duration::from_micros(thread.below(100));
        let wait = || self.0.wait_changed(before, Some(timeout));
        thread.call("wait_changed", wait, |changed| {
            let version = Token::Version(before);
            vec![Step::MayHold, if *changed { Step::NotAt(version) } else { Step::At(version) }]
        });
    }

    fn write(&self, thread: &mut Recorder<'_>) {
        let lock = &self.0;
        let (new, pause) = (thread.fresh(), thread.pause());
        let change = |value: &mut Both<T>| {
            pause();
            replace(value, Both::<T>::new(new))
        };
        let replaced =
            |old: &Both<T>| vec![Step::Take, see(old), Step::Publish(new), Step::Release];
        match thread.below(3) {
            0 => {
                let steps = |(): &()| vec![Step::Take, Step::Publish(new), Step::Release];
                thread.call("set", || lock.set(Both::<T>::new(new)), steps);
            }
            1 => _ = thread.call("update", || lock.update(change), replaced),
            _ => {
                let update = || lock.update_or_discard(|value| Ok::<_, ()>(change(value))).unwrap();
                _ = thread.call("update_or_discard", update, replaced);
            }
        }
    }

    /// Writers that read the value, and publish nothing.
    fn fail_to_write(&self, thread: &mut Recorder<'_>) {
        let lock = &self.0;
        let (new, pause) = (Both::<T>::new(thread.fresh()), thread.pause());
        let unchanged = |old: &Both<T>| vec![Step::Take, see(old), Step::Release];
        match thread.below(3) {
            0 => {
                let fail = |value: &mut Both<T>| {
                    pause();
                    Err::<(), _>(replace(value, new))
                };
                let update = || lock.update_or_discard(fail).unwrap_err();
                _ = thread.call("update_or_discard with Err", update, unchanged);
            }
            1 => {
                let mut old = Both::<T>::new(FIRST);
                let update = || {
                    assert!(panics(|| lock.update(|value| {
                        old = replace(value, new);
                        pause();
                        resume_unwind(Box::new("planned by the history"));
                    })));
                    old
                };
                _ = thread.call("update that panics", update, unchanged);
            }
            _ => {
                let update = || {
                    let mut guard = lock.write();
                    let old = replace(&mut *guard, new);
                    pause();
                    guard.discard();
                    old
                };
                _ = thread.call("write and discard", update, unchanged);
            }
        }
    }

    fn write_under_a_guard(&self, thread: &mut Recorder<'_>) {
        let lock = &self.0;
        let taken = |guard: &WriteGuard<'_, Both<T>, L>| vec![Step::Take, see(&**guard)];
        let guard = if thread.below(2) == 0 {
            let tried = |guard: &Option<_>| guard.as_ref().map_or(vec![Step::Busy], taken);
            thread.call("try_write", || lock.try_write(), tried)
        } else {
            Some(thread.call("write", || lock.write(), taken))
        };
        let Some(mut guard) = guard else { return };
        self.use_a_held_lock(thread);
        let new = thread.fresh();
        *guard = Both::<T>::new(new);
        if thread.below(3) == 0 {
            thread.call("discard", || guard.discard(), |()| vec![Step::Release]);
        } else {
            let published = |(): &()| vec![Step::Publish(new), Step::Release];
            thread.call("end of write", || drop(guard), published);
        }
    }

    fn keep_writers_out(&self, thread: &mut Recorder<'_>) {
        let lock = &self.0;
        let taken = |guard: &ExclGuard<'_, Both<T>, L>| vec![Step::Take, see(&**guard)];
        let guard = if thread.below(2) == 0 {
            let tried = |guard: &Option<_>| guard.as_ref().map_or(vec![Step::Busy], taken);
            thread.call("try_read_excl", || lock.try_read_excl(), tried)
        } else {
            Some(thread.call("read_excl", || lock.read_excl(), taken))
        };
        let Some(guard) = guard else { return };
        self.use_a_held_lock(thread);
        thread.call("end of read_excl", || drop(guard), |()| vec![Step::Release]);
    }

    /// What the holder of a guard can do with the lock itself.
    fn use_a_held_lock(&self, thread: &mut Recorder<'_>) {
        let lock = &self.0;
        thread.pause()();
        match thread.below(4) {
            0 => self.attempt(thread),
            1 => self.read_without_the_lock(thread),
            2 => {
                let tried = |got: &bool| vec![if *got { Step::Take } else { Step::Busy }];
                thread.call("try_write", || lock.try_write().is_some(), tried);
            }
            _ => {
                let tried = |got: &bool| vec![if *got { Step::Take } else { Step::Busy }];
                thread.call("try_read_excl", || lock.try_read_excl().is_some(), tried);
            }
        }
    }

    /// A read that the holder of the lock can make without waiting for itself.
    fn read_without_the_lock(&self, thread: &mut Recorder<'_>) {
        let seen = |value: &Both<T>| vec![see(value)];
        thread.call("read", || self.0.read(), seen);
    }
}

fn into<T: SelfChecking>(read: impl FnOnce(&mut T)) -> T {
    let mut value = T::new(FIRST);
    read(&mut value);
    value
}

#[test]
fn histories_of_a_small_value() {
    fit::<Locked<Words<3>, DefaultLock>>("histories_of_a_small_value", ROUNDS);
}

#[test]
fn histories_of_a_value_of_many_bytes() {
    fit::<Locked<Bytes<133>, DefaultLock>>("histories_of_a_value_of_many_bytes", ROUNDS);
}

#[test]
fn histories_of_a_large_value_with_a_lock_that_spins() {
    fit::<Locked<Words<512>, SpinLock>>(
        "histories_of_a_large_value_with_a_lock_that_spins",
        ROUNDS,
    );
}
