// SPDX-License-Identifier: MIT OR Apache-2.0
//! The threads of the trace. Each makes one call when told to, and reports the count around it.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope};

use tearfree::SeqCount;

use super::event::{Copied, Deed, Event, ReaderCall, Verdict, Who, WriterCall};
use crate::outcome::Problem;

/// What the threads share: a clock in the kernel's style, of a count and the user's own atomics.
pub(crate) struct Clock {
    writers: Mutex<()>,
    count: SeqCount,
    seconds: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Clock {
    /// A clock at zero, and the event of its making.
    pub(crate) fn new() -> (Self, Event) {
        let clock = Self {
            writers: Mutex::new(()),
            count: SeqCount::new(),
            seconds: AtomicU64::new(0),
            nanoseconds: AtomicU64::new(0),
        };
        let made = Event::new(Deed::Init, None, clock.count.sequence());
        (clock, made)
    }

    /// Does something between two looks at the counter.
    fn observe(&self, act: impl FnOnce() -> Deed) -> Event {
        let before = self.count.sequence();
        let deed = act();
        Event::new(deed, Some(before), self.count.sequence())
    }

    fn copy(&self) -> Copied {
        // ORDERING: Relaxed; pairs with the stores in `writer`. The count orders them (P2, P3).
        Copied {
            seconds: self.seconds.load(Ordering::Relaxed),
            nanoseconds: self.nanoseconds.load(Ordering::Relaxed),
        }
    }
}

/// A thread that waits for calls.
pub(crate) struct Actor<Call> {
    who: Who,
    calls: Sender<Call>,
    events: Receiver<Event>,
}

impl<Call: Send> Actor<Call> {
    /// Starts the thread. It ends when the actor is dropped.
    pub(crate) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        clock: &'scope Clock,
        who: Who,
        life: fn(&Clock, Receiver<Call>, Sender<Event>),
    ) -> Result<Self, Problem>
    where
        Call: 'scope,
    {
        let (calls, told) = channel();
        let (tell, events) = channel();
        let thread = thread::Builder::new().name(who.to_string());
        let started = thread.spawn_scoped(scope, move || life(clock, told, tell));
        started.map_err(|error| {
            Problem::new(
                format_args!("cannot start the thread of {who}: {error}"),
                "Allow this user more threads, or run it where fewer are running.",
            )
        })?;
        Ok(Self { who, calls, events })
    }

    /// Has the thread make one call and waits until it is done.
    pub(crate) fn step(&self, call: Call) -> Result<Event, Problem> {
        // A thread that is gone cannot take the call, and then does not answer it either.
        let _ = self.calls.send(call);
        let event = self.events.recv().map_err(|_| {
            Problem::new(
                format_args!("the thread of {} ended early", self.who),
                "This is a bug: please report it with the message above.",
            )
        })?;
        Ok(Event { who: self.who, ..event })
    }
}

/// The life of a writer: `write_seqlock` takes the writers' lock and makes the count odd.
pub(crate) fn writer(clock: &Clock, calls: Receiver<WriterCall>, events: Sender<Event>) {
    let mut section = None;
    for call in calls {
        let event = clock.observe(|| match call {
            WriterCall::Lock => {
                let lock = clock.writers.lock().unwrap_or_else(PoisonError::into_inner);
                section = Some((clock.count.write(), lock));
                Deed::WriteStarts
            }
            // ORDERING: Relaxed; pairs with the loads in `copy`. The count orders them (P2, P3).
            WriterCall::StoreSeconds(value) => {
                clock.seconds.store(value, Ordering::Relaxed);
                Deed::StoresSeconds(value)
            }
            WriterCall::StoreNanoseconds(value) => {
                clock.nanoseconds.store(value, Ordering::Relaxed);
                Deed::StoresNanoseconds(value)
            }
            WriterCall::Unlock => {
                // The count becomes even first, then the lock is free.
                section = None;
                Deed::WriteEnds
            }
        });
        if events.send(event).is_err() {
            return;
        }
    }
}

/// The life of a reader, which never touches the writers' lock.
pub(crate) fn reader(clock: &Clock, calls: Receiver<ReaderCall>, events: Sender<Event>) {
    let mut began_at = 0;
    let mut start = clock.count.raw_read_begin();
    let mut copied = Copied::default();
    for call in calls {
        let event = clock.observe(|| match call {
            ReaderCall::Begin => {
                start = clock.count.read_begin();
                began_at = start.sequence();
                Deed::ReadBegins { raw: false }
            }
            ReaderCall::RawBegin => {
                // The start holds the even count before an odd one, so look at the counter itself.
                began_at = clock.count.sequence();
                start = clock.count.raw_read_begin();
                Deed::ReadBegins { raw: true }
            }
            ReaderCall::Copy => {
                copied = clock.copy();
                Deed::Copies(copied)
            }
            ReaderCall::Retry => {
                let verdict = match clock.count.read_retry(start) {
                    false => Verdict::Success,
                    true if began_at.is_multiple_of(2) => Verdict::RetryMoved,
                    true => Verdict::RetryOdd,
                };
                Deed::Validates { verdict, began_at, copied }
            }
        });
        if events.send(event).is_err() {
            return;
        }
    }
}
