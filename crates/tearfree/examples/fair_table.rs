// SPDX-License-Identifier: MIT OR Apache-2.0
//! `lock::Fair`: a table of 64 KiB that one thread writes without a pause, and another one reads.
//!
//! Use it where each reader has to succeed beside writers without pauses, and where writers can afford a
//! pause. With the default lock a reader of a large value can starve beside such a writer. Do not use it
//! for writers with a deadline; it is not needed where the time between two writes is as long as one copy.
//! For a single read, `read_or_lock` queues with the writers instead.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::thread;

use tearfree::SeqLock;
use tearfree::lock::{DefaultLock, Fair, WriterLock};

const LENGTH: usize = 8192;

type Table = [u64; LENGTH];

fn measure<L: WriterLock + Sync>(name: &str) {
    let table: SeqLock<Table, L> = SeqLock::from([0; LENGTH]);
    let (reads, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let writes = thread::scope(|threads| {
        let writer = threads.spawn(|| {
            let values = [[1; LENGTH], [2; LENGTH]];
            let mut writes = 0_u64;
            while !stop.load(Relaxed) {
                for value in &values {
                    table.set_from(value);
                    writes += 1;
                }
            }
            writes
        });
        threads.spawn(|| {
            let mut mine = [0; LENGTH];
            while !stop.load(Relaxed) {
                table.read_into(&mut mine);
                assert_eq!(mine[0], mine[LENGTH - 1], "a mix of two writes");
                reads.fetch_add(1, Relaxed);
            }
        });
        thread::sleep(Duration::from_millis(400));
        stop.store(true, Relaxed);
        writer.join().expect("the writer has finished")
    });
    println!("{name}: {writes} writes, {} reads in 400 ms", reads.load(Relaxed));
}

fn main() {
    measure::<DefaultLock>("default lock");
    measure::<Fair>("lock::Fair  ");
    println!("how many reads succeed with the default lock depends on the machine");
}
