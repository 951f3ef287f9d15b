// SPDX-License-Identifier: MIT OR Apache-2.0
//! The order of the calls. What comes of them is not written here: the run finds out.

use std::thread;
use std::time::Instant;

use super::actors::{Actor, Clock, reader, writer};
use super::event::ReaderCall::{Begin, Copy, RawBegin, Retry};
use super::event::WriterCall::{Lock, StoreNanoseconds, StoreSeconds, Unlock};
use super::event::{Copied, Event, ReaderCall, Who, WriterCall};
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

/// The tutorials' tables, and between them a reader that has to retry, for each reason once.
fn steps() -> [Step; 20] {
    [
        A(Lock),
        A(StoreSeconds(FIRST)),
        A(StoreNanoseconds(Copied::nanoseconds_of(FIRST))),
        A(Unlock),
        // Nobody writes: success.
        R(Begin),
        R(Copy),
        R(Retry),
        // Writer B comes in between: the count moves under the reader.
        R(Begin),
        B(Lock),
        B(StoreSeconds(SECOND)),
        R(Copy),
        R(Retry),
        // Writer B is still inside: the count is odd from the start.
        R(RawBegin),
        R(Copy),
        R(Retry),
        B(StoreNanoseconds(Copied::nanoseconds_of(SECOND))),
        B(Unlock),
        // Nobody writes again: success.
        R(Begin),
        R(Copy),
        R(Retry),
    ]
}

/// Runs the threads through the steps and returns what they reported.
pub(crate) fn play() -> Result<Vec<Event>, Problem> {
    let start = Instant::now();
    let (clock, made) = Clock::new();
    let mut events = vec![Event { step: 1, at_ns: since(start), ..made }];
    thread::scope(|scope| {
        let writer_a = Actor::start(scope, &clock, Who::WriterA, writer)?;
        let writer_b = Actor::start(scope, &clock, Who::WriterB, writer)?;
        let reader = Actor::start(scope, &clock, Who::Reader, reader)?;
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
    use crate::trace::event::{Deed, Verdict};

    fn verdicts(events: &[Event]) -> Vec<(Verdict, Copied)> {
        let mut verdicts = Vec::new();
        for event in events {
            if let Deed::Validates { verdict, copied, .. } = event.deed {
                verdicts.push((verdict, copied));
            }
        }
        verdicts
    }

    #[test]
    fn the_count_goes_from_zero_to_four_in_steps_of_one() {
        let Ok(events) = play() else { panic!("the run succeeds") };
        let mut counts: Vec<usize> = events.iter().map(|event| event.count_after).collect();
        counts.dedup();
        assert_eq!(counts, [0, 1, 2, 3, 4]);
        for pair in events.windows(2) {
            assert_eq!(pair[1].count_before, Some(pair[0].count_after));
        }
    }

    #[test]
    fn the_reader_succeeds_meets_a_moved_and_an_odd_count_and_succeeds() {
        let Ok(events) = play() else { panic!("the run succeeds") };
        let copy = |seconds, nanoseconds| Copied { seconds, nanoseconds };
        assert_eq!(
            verdicts(&events),
            [
                (Verdict::Success, copy(1, 100)),
                (Verdict::RetryMoved, copy(2, 100)),
                (Verdict::RetryOdd, copy(2, 100)),
                (Verdict::Success, copy(2, 200)),
            ]
        );
    }
}
