// SPDX-License-Identifier: MIT OR Apache-2.0
//! The threads of the trace. Each makes one call at a time on request, and reports the count around it.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Scope};

use tearfree::SeqCount;

use super::event::{Action, Copied, Event, ReadResult, ReaderCall, TraceThread, WriterCall};
use crate::outcome::Problem;

/// What the threads share: a clock made of a sequence count and two atomics, as in the kernel.
pub(crate) struct SharedClock {
    writers: Mutex<()>,
    count: SeqCount,
    seconds: AtomicU64,
    nanoseconds: AtomicU64,
}

impl SharedClock {
    /// Creates a clock at zero, and the event of its creation.
    pub(crate) fn new() -> (Self, Event) {
        let clock = Self {
            writers: Mutex::new(()),
            count: SeqCount::new(),
            seconds: AtomicU64::new(0),
            nanoseconds: AtomicU64::new(0),
        };
        let created = Event::new(Action::Init, None, clock.count.sequence());
        (clock, created)
    }

    /// Calls `act`, and reads the count before and after it.
    fn observe(&self, act: impl FnOnce() -> Action) -> Event {
        let before = self.count.sequence();
        let action = act();
        Event::new(action, Some(before), self.count.sequence())
    }

    fn copy(&self) -> Copied {
        // ORDERING: Relaxed; pairs with the stores in `writer`. The count orders them (P2, P3).
        Copied {
            seconds: self.seconds.load(Ordering::Relaxed),
            nanoseconds: self.nanoseconds.load(Ordering::Relaxed),
        }
    }
}

/// A thread that makes one call at a time, on request.
pub(crate) struct SteppedThread<Call> {
    who: TraceThread,
    calls: Sender<Call>,
    events: Receiver<Event>,
}

impl<Call: Send> SteppedThread<Call> {
    /// Starts the thread. It ends when this value is dropped.
    pub(crate) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        clock: &'scope SharedClock,
        who: TraceThread,
        work: fn(&SharedClock, Receiver<Call>, Sender<Event>),
    ) -> Result<Self, Problem>
    where
        Call: 'scope,
    {
        let (calls, requests) = channel();
        let (reports, events) = channel();
        let thread = thread::Builder::new().name(who.to_string());
        let started = thread.spawn_scoped(scope, move || work(clock, requests, reports));
        started.map_err(|error| {
            Problem::new(
                format_args!("cannot start the thread '{who}': {error}"),
                "Raise the limit on threads of this user, or end other programs.",
            )
        })?;
        Ok(Self { who, calls, events })
    }

    /// Has the thread make one call, and waits for its event.
    pub(crate) fn step(&self, call: Call) -> Result<Event, Problem> {
        // If the thread has ended, this fails, and so does `recv`.
        let _ = self.calls.send(call);
        let event = self.events.recv().map_err(|_| {
            Problem::new(
                format_args!("the thread '{}' ended early", self.who),
                "This is a bug: please report it, with the messages above.",
            )
        })?;
        Ok(Event { who: self.who, ..event })
    }
}

/// Runs a writer: `write_seqlock` takes the writers' lock and makes the count odd.
pub(crate) fn writer(clock: &SharedClock, calls: Receiver<WriterCall>, events: Sender<Event>) {
    let mut section = None;
    for call in calls {
        let event = clock.observe(|| match call {
            WriterCall::Lock => {
                let lock = clock.writers.lock().unwrap_or_else(PoisonError::into_inner);
                section = Some((clock.count.write(), lock));
                Action::WriteStarts
            }
            // ORDERING: Relaxed; pairs with the loads in `copy`. The count orders them (P2, P3).
            WriterCall::StoreSeconds(value) => {
                clock.seconds.store(value, Ordering::Relaxed);
                Action::StoresSeconds(value)
            }
            WriterCall::StoreNanoseconds(value) => {
                clock.nanoseconds.store(value, Ordering::Relaxed);
                Action::StoresNanoseconds(value)
            }
            WriterCall::Unlock => {
                // The count becomes even first, then the lock is free.
                section = None;
                Action::WriteEnds
            }
        });
        if events.send(event).is_err() {
            return;
        }
    }
}

/// Runs a reader, which never takes the writers' lock.
pub(crate) fn reader(clock: &SharedClock, calls: Receiver<ReaderCall>, events: Sender<Event>) {
    let mut began_at = 0;
    let mut start = clock.count.raw_read_begin();
    let mut copied = Copied::default();
    for call in calls {
        let event = clock.observe(|| match call {
            ReaderCall::Begin => {
                start = clock.count.read_begin();
                began_at = start.sequence();
                Action::ReadBegins { raw: false }
            }
            ReaderCall::RawBegin => {
                // The start holds the even count before an odd one, so this reads the counter itself.
                began_at = clock.count.sequence();
                start = clock.count.raw_read_begin();
                Action::ReadBegins { raw: true }
            }
            ReaderCall::Copy => {
                copied = clock.copy();
                Action::Copies(copied)
            }
            ReaderCall::Retry => {
                let result = match clock.count.read_retry(start) {
                    false => ReadResult::Success,
                    true if began_at.is_multiple_of(2) => ReadResult::RetryMoved,
                    true => ReadResult::RetryOdd,
                };
                Action::Validates { result, began_at, copied }
            }
        });
        if events.send(event).is_err() {
            return;
        }
    }
}
