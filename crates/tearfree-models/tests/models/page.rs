// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page of two slots that processes share: its writer dies at any step, and another takes over.
//!
//! A program of its own, not the code of a crate: it states the protocol, and what its orderings are
//! for. A count of `2 g` says that slot `g % 2` holds generation `g`; `2 g + 1`, that it still does while
//! the other slot is written. Who writes holds a lock that the system frees when its holder dies.

use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

use tearfree_axm::{AtomicBool, AtomicU64, AtomicUsize, Program, Report, fence, pause};

/// The orderings of the protocol, one of which may be weakened; a fence is left out by `None`.
#[derive(Clone, Copy)]
struct Orders {
    odd: Ordering,
    after_odd: Option<Ordering>,
    even: Ordering,
    first_look: Ordering,
    before_second_look: Option<Ordering>,
    lock: Ordering,
    unlock: Ordering,
}

const RIGHT: Orders = Orders {
    odd: Release,
    after_odd: Some(Release),
    even: Release,
    first_look: Acquire,
    before_second_look: Some(Acquire),
    lock: Acquire,
    unlock: Release,
};

const TORN: &str = "torn read";
const STALE: &str = "of another generation";

/// Each ordering in turn, and what goes wrong.
const WEAKENED: &[(&str, Orders, &str)] = &[
    ("relaxed odd store", Orders { odd: Relaxed, ..RIGHT }, STALE),
    ("no fence after the odd store", Orders { after_odd: None, ..RIGHT }, TORN),
    ("relaxed even store", Orders { even: Relaxed, ..RIGHT }, STALE),
    ("relaxed first look", Orders { first_look: Relaxed, ..RIGHT }, STALE),
    ("no fence before the second look", Orders { before_second_look: None, ..RIGHT }, TORN),
    ("relaxed lock", Orders { lock: Relaxed, ..RIGHT }, STALE),
    ("relaxed unlock", Orders { unlock: Relaxed, ..RIGHT }, STALE),
];

/// The steps of a write after which its writer can die; the last one is its end.
const STEPS: usize = 4;

struct Page {
    count: AtomicU64,
    slots: [[AtomicUsize; 2]; 2],
    locked: AtomicBool,
    orders: Orders,
}

impl Page {
    fn new(orders: Orders) -> Self {
        let slots = [0, 1].map(|_| [0, 1].map(|_| AtomicUsize::new(0)));
        Page { count: AtomicU64::new(0), slots, locked: AtomicBool::new(false), orders }
    }

    /// Writes as the one who holds the lock. The last write ends after `steps`.
    fn own(&self, writes: usize, steps: usize) {
        while self.locked.swap(true, self.orders.lock) {
            pause();
        }
        (1..writes).for_each(|_| self.write(STEPS));
        self.write(steps);
        // The writer's own, or the system's after its death.
        self.locked.store(false, self.orders.unlock);
    }

    /// The next generation, which all its words say; a writer that dies has said something else. What
    /// a dead one left is written anew.
    fn write(&self, steps: usize) {
        let count = self.count.load(Relaxed);
        let generation = count as usize / 2 + 1;
        let value = if steps < STEPS { 100 + generation } else { generation };
        if steps == 0 {
            return;
        }
        self.count.store(count | 1, self.orders.odd);
        if let Some(order) = self.orders.after_odd {
            fence(order);
        }
        for word in self.slots[generation % 2].iter().take(steps - 1) {
            word.store(value, Relaxed);
        }
        if steps == STEPS {
            self.count.store(2 * generation as u64, self.orders.even);
        }
    }

    /// One attempt: good if at most one write was published since.
    fn read(&self) -> String {
        let first = self.count.load(self.orders.first_look);
        let generation = (first / 2) as usize;
        let [one, other] = &self.slots[generation % 2];
        let (one, other) = (one.load(Relaxed), other.load(Relaxed));
        if let Some(order) = self.orders.before_second_look {
            fence(order);
        }
        if self.count.load(Relaxed) - 2 * generation as u64 > 2 {
            return "retry".to_owned();
        }
        assert_eq!(one, other, "{TORN} at {first}");
        assert_eq!(one, generation, "a value {STALE} at {first}");
        format!("{generation} at {first}")
    }
}

/// One writer publishes two generations, and the second may be its last; another one takes over.
fn explore(orders: Orders, complaint: Option<&str>) -> Report {
    let mut all = Report::default();
    for steps in 0..=STEPS {
        let report = Program::new(Page::new(orders))
            .silent(|page| page.own(2, steps))
            .silent(|page| page.own(1, STEPS))
            .thread(Page::read)
            .look_for(complaint);
        all.executions += report.executions;
        all.outcomes.extend(report.outcomes);
        all.failures.extend(report.failures);
    }
    println!("page: {} executions, saw {:?}", all.executions, all.outcomes);
    all
}

#[test]
fn a_page_is_whole_whenever_its_writer_dies() {
    let report = explore(RIGHT, None);
    if let Some((failure, execution)) = report.failures.first_key_value() {
        panic!("{failure}\n{execution}");
    }
    let seen = ["0 at 0", "0 at 1", "1 at 2", "1 at 3", "2 at 4", "2 at 5", "3 at 6", "retry"];
    assert_eq!(report.seen(), seen);
}

#[test]
fn each_ordering_of_the_page_is_needed() {
    for &(weakened, orders, complaint) in WEAKENED {
        let failures = explore(orders, Some(complaint)).failures;
        println!("page, {weakened}: {:?}", failures.keys().next());
        let is_found = failures.keys().any(|failure| failure.contains(complaint));
        assert!(is_found, "{weakened}: no {complaint:?} in {:?}", failures.keys());
    }
}
