// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqLock`: after any history, the value and the version are those of the model.

use core::fmt::Debug;
use core::mem::replace;

use proptest::prelude::*;
use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{DefaultLock, SeqLock};

use crate::support::payload::{Bytes, Line, Mixed, SelfChecking, Words};
use crate::support::{Watchdog, panics};
use crate::{Versions, config};

/// Values are named by the generation that they are made of.
#[derive(Clone, Copy, Debug)]
enum Step {
    Write(Way, u64),
    /// Ends without publishing.
    Fail(Failure, u64),
    Read(Read),
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Set,
    Update,
    TryUpdate,
    Guard,
    /// A guard as well; meanwhile no other writer gets the lock, and readers see the old value.
    TryWrite,
    GetMut,
    Split,
}

#[derive(Clone, Copy, Debug)]
enum Failure {
    Panic,
    Error,
    Discard,
}

#[derive(Clone, Copy, Debug)]
enum Read {
    Excl,
    IfChanged,
    IntoInner,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use {Failure::*, Read::*, Way::*};
    let value = || any::<u64>().prop_map(|n| n >> 16);
    let ways = vec![Set, Update, TryUpdate, Guard, TryWrite, GetMut, Split];
    let write = (prop::sample::select(ways), value()).prop_map(|(way, n)| Step::Write(way, n));
    let failures = prop::sample::select(vec![Panic, Error, Discard]);
    let fail = (failures, value()).prop_map(|(failure, n)| Step::Fail(failure, n));
    let read = prop::sample::select(vec![Excl, IfChanged, IntoInner]).prop_map(Step::Read);
    prop::collection::vec(prop_oneof![3 => write, 1 => fail, 1 => read], 1..crate::MOST_STEPS)
}

/// A lock, and the model of its value and versions.
struct History<T, L: WriterLock> {
    lock: SeqLock<T, L>,
    value: T,
    version: u64,
    versions: Versions,
    seen: (u64, tearfree::Version),
}

impl<T: SelfChecking + PartialEq + Debug, L: WriterLock> History<T, L> {
    fn new(value: T) -> Self {
        let lock = SeqLock::from(value);
        let seen = (0, lock.version());
        History { lock, value, version: 0, versions: Versions::default(), seen }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Write(way, n) => {
                self.write(way, T::new(n));
                self.value = T::new(n);
                self.version += 1;
            }
            Step::Fail(failure, n) => self.fail(failure, T::new(n)),
            Step::Read(read) => self.read(read),
        }
    }

    fn write(&mut self, way: Way, new: T) {
        let (lock, old) = (&mut self.lock, self.value);
        match way {
            Way::Set => lock.set(new),
            Way::Update => assert_eq!(lock.update(|value| replace(value, new)), old),
            Way::TryUpdate => {
                let result: Result<T, ()> = lock.update_or_discard(|value| Ok(replace(value, new)));
                assert_eq!(result, Ok(old));
            }
            Way::Guard => assert_eq!(replace(&mut *lock.write(), new), old),
            Way::TryWrite => {
                let mut guard = lock.try_write().unwrap();
                *guard = new;
                assert!(lock.try_write().is_none() && lock.try_read_excl().is_none());
                assert_eq!((lock.read(), *guard), (old, new));
            }
            Way::GetMut => assert_eq!(replace(lock.get_mut(), new), old),
            Way::Split => {
                let (mut writer, reader) = lock.split();
                writer.set(new);
                assert_eq!((writer.get(), reader.read()), (new, new));
            }
        }
    }

    fn fail(&self, failure: Failure, new: T) {
        match failure {
            Failure::Panic => assert!(panics(|| self.lock.update(|value| {
                *value = new;
                panic!("planned by the history");
            }))),
            Failure::Error => {
                let result: Result<(), T> =
                    self.lock.update_or_discard(|value| Err(replace(value, new)));
                assert_eq!(result, Err(self.value));
            }
            Failure::Discard => {
                let mut guard = self.lock.write();
                *guard = new;
                guard.discard();
            }
        }
    }

    fn read(&mut self, read: Read) {
        match read {
            Read::Excl => {
                let still = self.lock.read_excl();
                assert!(self.lock.try_write().is_none());
                assert_eq!(*still, self.value);
            }
            Read::IfChanged => {
                let changed = self.seen.0 != self.version;
                let value = self.lock.read_if_changed(&mut self.seen.1);
                assert_eq!(value, changed.then_some(self.value));
                self.seen.0 = self.version;
            }
            Read::IntoInner => {
                // Another lock has other versions.
                let whole = replace(self, History::new(self.value));
                assert_eq!(whole.lock.into_inner(), self.value);
            }
        }
    }

    fn check(&mut self) {
        let lock = &self.lock;
        let mut into = T::new(u64::MAX >> 20);
        lock.read_into(&mut into);
        for value in [lock.read(), into, lock.read_or_lock(), lock.read_versioned().0] {
            assert_eq!(value, self.value);
        }
        assert_eq!(lock.try_read(), Some(self.value));
        self.versions.check(self.version, lock.version());
        assert_eq!(lock.read_versioned().1, lock.version());
        lock.try_write().expect("the lock is free").discard();
        #[cfg(feature = "std")]
        assert_eq!(
            lock.wait_changed(self.seen.1, Some(core::time::Duration::ZERO)),
            self.seen.0 != self.version
        );
    }
}

fn follows_the_model<T: SelfChecking + PartialEq + Debug, L: WriterLock>(steps: &[Step]) {
    let mut history = History::<T, L>::new(T::new(0));
    history.check();
    for &step in steps {
        history.step(step);
        history.check();
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_seqlock_follows_its_model(steps in steps()) {
        let _watchdog = Watchdog::over("a_seqlock_follows_its_model");
        follows_the_model::<Bytes<3>, DefaultLock>(&steps);
        follows_the_model::<Bytes<17>, DefaultLock>(&steps);
        follows_the_model::<Bytes<129>, SpinLock>(&steps);
        follows_the_model::<Words<1>, SpinLock>(&steps);
        follows_the_model::<Words<40>, DefaultLock>(&steps);
        follows_the_model::<Line, SpinLock>(&steps);
        follows_the_model::<Mixed, DefaultLock>(&steps);
    }
}
