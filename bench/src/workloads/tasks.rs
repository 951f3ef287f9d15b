// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for a change in a task: `changed().await` of a split lock, and that of `tokio::sync::watch`.
//!
//! The tasks run on `block_on`, which polls and parks, so no runtime is measured.

use core::future::{Future, poll_fn};
use core::hint::black_box;
use core::pin::pin;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use futures_lite::future::block_on;
use tearfree::{Reader, SeqLock, Version, Writer};
use tokio::sync::watch;

use crate::alone::{Job, Work};
use crate::runner::Workload;

pub(super) const TASK_SET: Workload = Workload {
    name: "task_set",
    about: "publish 8 bytes, with no task waiting",
    cases: || 1,
    run: |bench| {
        let jobs = vec![set::<Split>(TEARFREE), set::<Watch>(WATCH)];
        bench.compare(TASK_SET.name, size_of::<u64>(), jobs);
    },
};

pub(super) const TASK_TRIP: Workload = Workload {
    name: "task_trip",
    about: "a round trip between two tasks that wait for each other's values",
    cases: || 1,
    run: |bench| {
        let jobs = vec![
            trip_of_threads::<Split>("tearfree split, two threads"),
            trip_of_threads::<Watch>("tokio watch, two threads"),
            trip_of_one_thread::<Split>("tearfree split, one thread"),
            trip_of_one_thread::<Watch>("tokio watch, one thread"),
        ];
        bench.compare(TASK_TRIP.name, size_of::<u64>(), jobs);
    },
};

const TEARFREE: &str = "tearfree split";
const WATCH: &str = "tokio watch";

/// A value that one task sets and another one waits for.
trait Ends: 'static {
    type Sender: Send;
    type Receiver: Send;

    fn new() -> (Self::Sender, Self::Receiver);
    fn set(sender: &mut Self::Sender, value: u64);
    fn read(receiver: &Self::Receiver) -> u64;
    /// Waits until the value is a new one.
    async fn next(receiver: &mut Self::Receiver) -> u64;
}

struct Split;

impl Ends for Split {
    type Sender = Writer<Arc<SeqLock<u64>>>;
    type Receiver = (Reader<Arc<SeqLock<u64>>>, Version);

    fn new() -> (Self::Sender, Self::Receiver) {
        let (writer, reader) = SeqLock::new(0).into_split();
        let seen = reader.version();
        (writer, (reader, seen))
    }

    #[inline(always)]
    fn set(writer: &mut Self::Sender, value: u64) {
        writer.set(value);
    }

    fn read((reader, _): &Self::Receiver) -> u64 {
        reader.read()
    }

    async fn next((reader, seen): &mut Self::Receiver) -> u64 {
        reader.changed(*seen).await;
        let value;
        (value, *seen) = reader.read_versioned();
        value
    }
}

struct Watch;

impl Ends for Watch {
    type Sender = watch::Sender<u64>;
    type Receiver = watch::Receiver<u64>;

    fn new() -> (Self::Sender, Self::Receiver) {
        watch::channel(0)
    }

    #[inline(always)]
    fn set(sender: &mut Self::Sender, value: u64) {
        sender.send_replace(value);
    }

    fn read(receiver: &Self::Receiver) -> u64 {
        *receiver.borrow()
    }

    async fn next(receiver: &mut Self::Receiver) -> u64 {
        receiver.changed().await.expect("the sender lives as long as the job");
        *receiver.borrow_and_update()
    }
}

fn set<E: Ends>(name: &'static str) -> Box<dyn Job> {
    let (mut sender, receiver) = E::new();
    let work = move |times| {
        for value in 1..=times {
            E::set(black_box(&mut sender), value);
        }
        u64::from(E::read(&receiver) == times)
    };
    Box::new(Work { name, expected: 1, work })
}

/// The value that ends the answering task.
const END: u64 = u64::MAX;

/// Sets each number and waits until it comes back.
async fn ask<E: Ends>((sender, receiver): &mut (E::Sender, E::Receiver), times: u64) -> u64 {
    let mut right = 0;
    for value in 1..=times {
        E::set(sender, value);
        right += u64::from(E::next(receiver).await == value);
    }
    u64::from(right == times)
}

/// Sets each value that it receives, until the end.
async fn answer<E: Ends>((sender, receiver): &mut (E::Sender, E::Receiver)) {
    loop {
        match E::next(receiver).await {
            END => return,
            value => E::set(sender, value),
        }
    }
}

/// Two pairs of ends: what one task sets, the other one receives.
fn two_tasks<E: Ends>() -> [(E::Sender, E::Receiver); 2] {
    let (there, arrives) = E::new();
    let (back, returns) = E::new();
    [(there, returns), (back, arrives)]
}

/// The ends of the asking task, and the thread of the answering one.
struct Pair<E: Ends> {
    ends: (E::Sender, E::Receiver),
    answering: Option<JoinHandle<()>>,
}

impl<E: Ends> Drop for Pair<E> {
    fn drop(&mut self) {
        E::set(&mut self.ends.0, END);
        self.answering.take().map(JoinHandle::join);
    }
}

fn trip_of_threads<E: Ends>(name: &'static str) -> Box<dyn Job> {
    let [ends, mut others] = two_tasks::<E>();
    let answering = Some(thread::spawn(move || block_on(answer::<E>(&mut others))));
    let mut pair = Pair::<E> { ends, answering };
    let work = move |times| {
        let pair = &mut pair;
        block_on(ask::<E>(&mut pair.ends, times))
    };
    Box::new(Work { name, expected: 1, work })
}

fn trip_of_one_thread<E: Ends>(name: &'static str) -> Box<dyn Job> {
    let [mut ends, mut others] = two_tasks::<E>();
    let work = move |times| {
        let (mut ask, mut answer) =
            (pin!(ask::<E>(&mut ends, times)), pin!(answer::<E>(&mut others)));
        block_on(poll_fn(|context| {
            let asked = ask.as_mut().poll(context);
            if asked.is_pending() && answer.as_mut().poll(context).is_ready() {
                unreachable!("the end is never set")
            }
            asked
        }))
    };
    Box::new(Work { name, expected: 1, work })
}
