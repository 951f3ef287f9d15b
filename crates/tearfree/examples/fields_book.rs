// SPDX-License-Identifier: MIT OR Apache-2.0
//! `field!` and `read_fields`: two prices out of an order book of 16 KiB.
//!
//! Use them where a reader needs a few fields of a large value: only those are copied, all from one write,
//! and any `Copy` field will do. For small values (about a cache line) a plain `read` costs the same.
//! `read_with` computes during the read, if the fields are plain numbers.

use core::time::Duration;
use std::thread;

use tearfree::{Field, SeqLock, field};

#[derive(Clone, Copy)]
struct Level {
    price: f64,
    size: u32,
}

#[derive(Clone, Copy)]
struct Book {
    symbol: [char; 4],
    updates: u64,
    bids: [Level; 512],
    asks: [Level; 512],
}

// A field has a type, and can be a constant.
const BEST_BID: Field<Book, f64> = field!(Book, bids[0]).then(field!(Level, price));
const BEST_ASK: Field<Book, f64> = field!(Book, asks[0]).then(field!(Level, price));

static BOOK: SeqLock<Book> = SeqLock::new(Book {
    symbol: ['T', 'E', 'A', 'R'],
    updates: 0,
    bids: [Level { price: 99.5, size: 10 }; 512],
    asks: [Level { price: 100.5, size: 10 }; 512],
});

fn main() {
    thread::scope(|threads| {
        let trader = threads.spawn(|| {
            for _ in 0..4 {
                for _ in 0..100_000 {
                    let (bid, ask) = BOOK.read_fields((BEST_BID, BEST_ASK));
                    assert_eq!(ask - bid, 1.0, "prices of two writes");
                }
                let (symbol, ask) = BOOK.read_fields((field!(Book, symbol), field!(Book, asks[0])));
                let symbol: String = symbol.iter().collect();
                println!("{symbol}: {} for {} each", ask.size, ask.price);
            }
        });
        while !trader.is_finished() {
            BOOK.update(|book| {
                book.updates += 1;
                let middle = 100.0 + (book.updates % 64) as f64;
                book.bids[0] = Level { price: middle - 0.5, size: 20 };
                book.asks[0] = Level { price: middle + 0.5, size: 30 };
            });
            thread::sleep(Duration::from_micros(20));
        }
    });
    println!("400000 reads copied 16 of {} bytes each", size_of::<Book>());
}
