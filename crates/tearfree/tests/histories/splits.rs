// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one writer and the readers of a split `SeqLock`, without a lock.

use core::mem::replace;
use std::sync::Mutex;

use tearfree::{Reader, SeqLock, Writer};

use crate::record::{FIRST, ROUNDS, Recorder, Subject, fit, see, see_versioned};
use crate::specification::{Step, Token};
use crate::support::payload::{SelfChecking, Words};

struct Split<T: 'static> {
    /// Only thread 0 takes it.
    writer: Mutex<Writer<&'static SeqLock<T>>>,
    reader: Reader<&'static SeqLock<T>>,
}

impl<T: SelfChecking> Subject for Split<T> {
    fn new() -> Self {
        let lock = Box::leak(Box::new(SeqLock::new(T::new(FIRST))));
        let (writer, reader) = lock.split();
        Split { writer: Mutex::new(writer), reader }
    }

    fn version(&self) -> Token {
        Token::Version(self.reader.version())
    }

    fn act(&self, thread: &mut Recorder<'_>) {
        if thread.thread == 0 && thread.below(4) != 0 {
            self.write(thread)
        } else {
            self.read(thread)
        }
    }
}

impl<T: SelfChecking> Split<T> {
    fn write(&self, thread: &mut Recorder<'_>) {
        let mut writer = self.writer.try_lock().expect("there is one writer");
        let (new, pause) = (thread.fresh(), thread.pause());
        match thread.below(4) {
            0 | 1 => thread.call("set", || writer.set(T::new(new)), |()| vec![Step::Publish(new)]),
            2 => {
                let change = |value: &mut T| {
                    pause();
                    replace(value, T::new(new))
                };
                let steps = |old: &T| vec![see(old), Step::Publish(new)];
                _ = thread.call("update", || writer.update(change), steps);
            }
            _ => _ = thread.call("get", || writer.get(), |value| vec![see(value)]),
        }
    }

    fn read(&self, thread: &mut Recorder<'_>) {
        let reader = self.reader;
        let seen = |value: &T| vec![see(value)];
        let attempted = |value: &Option<T>| vec![value.as_ref().map_or(Step::Disturbed, see)];
        match thread.below(5) {
            0 => _ = thread.call("read", || reader.read(), seen),
            1 => _ = thread.call("try_read", || reader.try_read(), attempted),
            2 => {
                let versioned = |&(value, version): &(T, _)| {
                    vec![see_versioned(&value, Token::Version(version))]
                };
                _ = thread.call("read_versioned", || reader.read_versioned(), versioned);
            }
            3 => {
                let at = |version: &_| vec![Step::At(Token::Version(*version))];
                thread.seen = Token::Version(thread.call("version", || reader.version(), at));
            }
            _ => self.read_if_changed(thread),
        }
    }

    fn read_if_changed(&self, thread: &mut Recorder<'_>) {
        let before = thread.seen;
        let Token::Version(mut seen) = before else { unreachable!("a SeqLock has versions") };
        let read = || self.reader.read_if_changed(&mut seen).map(|value| (value, seen));
        let read = thread.call("read_if_changed", read, |read| match read {
            None => vec![Step::At(before)],
            Some((value, now)) => {
                vec![Step::NotAt(before), see_versioned(value, Token::Version(*now))]
            }
        });
        thread.seen = read.map_or(before, |(_, now)| Token::Version(now));
    }
}

#[test]
#[cfg_attr(miri, ignore = "leaks the lock, as programs do")]
fn histories_of_a_split_lock() {
    fit::<Split<Words<20>>>("histories_of_a_split_lock", ROUNDS);
}
