// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqLock::into_split`: a feed thread owns the writer of a price quote, two strategies own readers.
//!
//! Use it where one thread writes: the type ensures that, and a write takes no lock. The halves share the
//! value by an `Arc`, so they can be sent to any thread and outlive the function that created them; where
//! all threads are scoped, `split` does the same by reference. With several writers, share a `SeqLock`.

use core::time::Duration;
use std::sync::Arc;
use std::thread;

use tearfree::{Reader, SeqLock, Writer};

#[derive(Clone, Copy, Debug)]
struct Quote {
    bid: f64,
    ask: f64,
    updates: u32,
    is_open: bool,
}

/// Publishes quotes; the last one has `is_open: false`.
fn feed(mut writer: Writer<Arc<SeqLock<Quote>>>) {
    for n in 1..=2_000 {
        let middle = 100.0 + f64::from(n % 40) / 8.0;
        writer.set(Quote { bid: middle - 0.25, ask: middle + 0.25, updates: n, is_open: true });
        thread::sleep(Duration::from_micros(100));
    }
    writer.update(|quote| quote.is_open = false);
}

/// Sleeps until there is a new quote. If quotes come faster, it gets the newest one.
fn follow(reader: &Reader<Arc<SeqLock<Quote>>>, work: Duration) -> (u32, Quote) {
    let (mut quote, mut seen) = reader.read_versioned();
    let mut changes = 0;
    while quote.is_open {
        assert!(reader.wait_changed(seen, Some(Duration::from_secs(10))), "no quote for 10 s");
        (quote, seen) = reader.read_versioned();
        assert_eq!(quote.ask - quote.bid, 0.5, "the bid of one quote and the ask of another");
        changes += 1;
        thread::sleep(work);
    }
    (changes, quote)
}

fn main() {
    let opening = Quote { bid: 99.75, ask: 100.25, updates: 0, is_open: true };
    let (writer, reader) = SeqLock::new(opening).into_split();

    let strategies = [("fast", 0), ("slow", 2)].map(|(name, work)| {
        let reader = reader.clone(); // each thread has its own
        (name, thread::spawn(move || follow(&reader, Duration::from_millis(work))))
    });
    let market = thread::spawn(move || feed(writer));
    market.join().expect("the feed has finished");

    for (name, strategy) in strategies {
        let (changes, last) = strategy.join().expect("the strategy has finished");
        println!("{name}: saw {changes} changes of {}; the last: {last:?}", last.updates + 1);
    }
    println!("a reader outlives the writer: {:?}", reader.read().ask);
}
