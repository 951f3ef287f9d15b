// SPDX-License-Identifier: MIT OR Apache-2.0
//! A page whose writer has lost its lock, in the middle of a publication: its successor goes on in a new page.
//!
//! The owner is compared as `ByteWriter` does, by a relaxed load before each publication, so the writer may learn late
//! that it has lost the page: here, after up to two publications.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

use tearfree::raw::attempt;
use tearfree_axm::{AtomicUsize, Program, Report, fence};

use crate::explore::Model;
use crate::pairs::{Pair, STEPS};

const OWNER: usize = 1;
const OTHER_OWNER: usize = 2;
/// More than what the writer can still publish.
const GAP: u64 = 4;

/// A name, and the two pages that it has one after the other.
struct Pages {
    owner: AtomicUsize,
    pages: [Pair; 2],
    /// The page that has the name.
    name: AtomicUsize,
}

impl Pages {
    fn new() -> Self {
        Pages {
            owner: AtomicUsize::new(OWNER),
            pages: [Pair::new(), Pair::new()],
            name: AtomicUsize::new(0),
        }
    }

    /// The writer that has lost its lock.
    fn publish_while_owner(&self, writes: u64) {
        for current in 0..writes {
            if self.owner.load(Relaxed) != OWNER {
                return;
            }
            self.pages[0].write(current, STEPS);
        }
    }

    /// The successor.
    fn replace(&self, gap: u64) {
        self.owner.store(OTHER_OWNER, Relaxed);
        fence(SeqCst);
        let Some((_, generation)) = attempt(&self.pages[0].count, |_| ()) else { return };
        self.pages[1].write(generation + gap - 1, STEPS);
        self.name.store(1, Release);
    }

    /// What a successor must not do: it goes on in the page of the writer.
    fn take_over_in_place(&self) {
        self.owner.store(OTHER_OWNER, Relaxed);
        fence(SeqCst);
        let current = self.pages[0].count.read_begin().generation();
        let next = self.pages[0].write(current, STEPS);
        self.pages[0].write(next, STEPS);
    }

    /// Reads what has the name, twice.
    fn read_twice(&self) -> String {
        let mut last = None;
        for _ in 0..2 {
            let read = self.pages[self.name.load(Acquire)].read();
            let Ok(generation) = read.parse::<u64>() else { return read };
            assert!(last.is_none_or(|last| generation >= last), "an older generation");
            last = Some(generation);
        }
        format!("{}", last.unwrap_or_default())
    }
}

fn explore(complaint: Option<&str>, writes: u64, succeed: fn(&Pages)) -> Report {
    Program::new(Pages::new())
        .silent(move |pages| pages.publish_while_owner(writes))
        .silent(succeed)
        .thread(Pages::read_twice)
        .look_for(complaint)
}

pub(crate) const NEW_PAGE: Model = Model {
    name: "page, a writer without its lock",
    explore: |complaint| explore(complaint, 2, |pages| pages.replace(GAP)),
    outcomes: &["0", "1", "2", "4", "5", "6", "retry"],
};

/// Without the gap, the writer gets ahead of its successor.
pub(crate) const WITHOUT_GAP: Model = Model {
    name: "page, successor without a gap",
    explore: |complaint| explore(complaint, 2, |pages| pages.replace(1)),
    outcomes: &[],
};

pub(crate) const IN_PLACE: Model = Model {
    name: "page, successor in place",
    explore: |complaint| explore(complaint, 2, Pages::take_over_in_place),
    outcomes: &[],
};
