// SPDX-License-Identifier: MIT OR Apache-2.0
//! The order of the calls. Their results come from the run.

use std::thread;
use std::time::Instant;

use super::event::ReaderCall::{Begin, Copy, RawBegin, Retry};
use super::event::WriterCall::{Lock, StoreNanoseconds, StoreSeconds, Unlock};
use super::event::{Copied, Event, ReaderCall, TraceThread, WriterCall};
use super::threads::{SharedClock, SteppedThread, reader, writer};
use crate::outcome::Problem;

/// One call of one thread.
enum Step {
    A(WriterCall),
    B(WriterCall),
    R(ReaderCall),
}
use Step::{A, B, R};

/// The seconds that writer A and writer B store.
const FIRST: u64 = 1;
const SECOND: u64 = 2;

/// Returns the tutorials' tables, and between them a reader that has to retry, once for each reason.
fn steps() -> [Step; 20] {
    [
        A(Lock),
        A(StoreSeconds(FIRST)),
        A(StoreNanoseconds(Copied::nanoseconds_for(FIRST))),
        A(Unlock),
        // No write in progress: success.
        R(Begin),
        R(Copy),
        R(Retry),
        // Writer B begins during the read: the count changes.
        R(Begin),
        B(Lock),
        B(StoreSeconds(SECOND)),
        R(Copy),
        R(Retry),
        // Writer B is still writing: the count is odd from the start.
        R(RawBegin),
        R(Copy),
        R(Retry),
        B(StoreNanoseconds(Copied::nanoseconds_for(SECOND))),
        B(Unlock),
        // No write in progress again: success.
        R(Begin),
        R(Copy),
        R(Retry),
    ]
}

/// Runs the threads through the steps, and returns the events.
pub(crate) fn run() -> Result<Vec<Event>, Problem> {
    let start = Instant::now();
    let (clock, created) = SharedClock::new();
    let mut events = vec![Event { step: 1, at_ns: since(start), ..created }];
    thread::scope(|scope| {
        let writer_a = SteppedThread::start(scope, &clock, TraceThread::WriterA, writer)?;
        let writer_b = SteppedThread::start(scope, &clock, TraceThread::WriterB, writer)?;
        let reader = SteppedThread::start(scope, &clock, TraceThread::Reader, reader)?;
        for (step, call) in (2..).zip(steps()) {
            let event = match call {
                A(call) => writer_a.step(call),
                B(call) => writer_b.step(call),
                R(call) => reader.step(call),
            }?;
            events.push(Event { step, at_ns: since(start), ..event });
        }
        Ok(events)
    })
}

fn since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::event::{Action, ReadResult};

    fn results(events: &[Event]) -> Vec<(ReadResult, Copied)> {
        let mut results = Vec::new();
        for event in events {
            if let Action::Validates { result, copied, .. } = event.action {
                results.push((result, copied));
            }
        }
        results
    }

    #[test]
    fn the_count_goes_from_zero_to_four_in_steps_of_one() {
        let Ok(events) = run() else { panic!("the run succeeds") };
        let mut counts: Vec<usize> = events.iter().map(|event| event.count_after).collect();
        counts.dedup();
        assert_eq!(counts, [0, 1, 2, 3, 4]);
        for pair in events.windows(2) {
            assert_eq!(pair[1].count_before, Some(pair[0].count_after));
        }
    }

    #[test]
    fn the_reader_succeeds_retries_for_both_reasons_and_succeeds() {
        let Ok(events) = run() else { panic!("the run succeeds") };
        let copy = |seconds, nanoseconds| Copied { seconds, nanoseconds };
        assert_eq!(
            results(&events),
            [
                (ReadResult::Success, copy(1, 100)),
                (ReadResult::RetryMoved, copy(2, 100)),
                (ReadResult::RetryOdd, copy(2, 100)),
                (ReadResult::Success, copy(2, 200)),
            ]
        );
    }
}
