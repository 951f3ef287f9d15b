// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rows of a table, each with two versions: a snapshot is the state after one batch, also beside a writer that
//! dies in a batch and the next one, which takes the batch back.
//!
//! The choice between the slots is the code of tearfree-table; the count of each slot, and that of the page, whose end
//! commits a batch, are pairs. What a version has, its life, key and value, is one word here.

#![allow(unsafe_code, reason = "only the holder of a bare lock may release it")]

use core::sync::atomic::Ordering::Relaxed;

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::raw::{PairCount, PairStart};
use tearfree_axm::{AtomicUsize, Program, Report};

use crate::choose::{Choice, choose, choose_to_write, generation_before, is_committed};
use crate::explore::Model;

struct Row {
    counts: [PairCount; 2],
    versions: [AtomicUsize; 2],
}

struct Rows<const ROWS: usize> {
    /// The count of the page: its generation is the tick.
    committed: PairCount,
    rows: [Row; ROWS],
    lock: SpinLock,
}

/// All steps of a batch.
const ALL: usize = usize::MAX;

impl<const ROWS: usize> Rows<ROWS> {
    fn new() -> Self {
        let row = |_| Row {
            counts: [PairCount::new(), PairCount::new()],
            versions: [AtomicUsize::new(0), AtomicUsize::new(0)],
        };
        Rows {
            committed: PairCount::new(),
            rows: core::array::from_fn::<usize, ROWS, _>(|row| row).map(row),
            lock: SpinLock::new(),
        }
    }

    /// Makes a batch that gives `rows` of the rows this version; the writer dies after `steps` steps.
    fn batch(&self, rows: usize, version: usize, mut steps: usize) {
        let mut goes_on = || {
            steps = steps.saturating_sub(1);
            steps > 0
        };
        let before = self.committed.read_begin().generation();
        let tick = before + 1;
        for row in &self.rows[..rows] {
            let slot = choose_to_write(row.counts.each_ref().map(PairCount::sequence), tick);
            if !goes_on() {
                return;
            }
            row.counts[slot].write_begin(generation_before(tick));
            if !goes_on() {
                return;
            }
            row.versions[slot].store(version, Relaxed);
            if !goes_on() {
                return;
            }
            row.counts[slot].write_end(generation_before(tick));
        }
        if !goes_on() {
            return;
        }
        self.committed.write_begin(before);
        if !goes_on() {
            return;
        }
        self.committed.write_end(before);
    }

    /// Takes back what a dead writer has not committed.
    fn roll_back(&self) {
        let committed = self.committed.read_begin().generation();
        for count in self.rows.iter().flat_map(|row| &row.counts) {
            let sequence = count.sequence();
            if sequence != 0 && !is_committed(sequence, committed) {
                count.write_end(u64::MAX);
            }
        }
    }

    fn locked(&self, write: impl FnOnce()) {
        self.lock.lock();
        write();
        // By the writer, or by the system after its death.
        // SAFETY: locked above, on this thread.
        unsafe { self.lock.unlock(()) };
    }

    /// One attempt to read a row as of a tick.
    fn attempt(&self, row: &Row, tick: u64) -> Option<usize> {
        let starts = row.counts.each_ref().map(PairCount::read_begin);
        match choose(starts.map(PairStart::sequence), tick) {
            Choice::Slot { slot, .. } => {
                let version = row.versions[slot].load(Relaxed);
                (!row.counts[slot].read_retry(starts[slot])).then_some(version)
            }
            Choice::Empty => Some(0),
            Choice::Newer => (self.committed.read_begin().generation() == tick).then_some(0),
        }
    }

    /// One attempt to read all rows as of one batch. `expected` says what they are after it.
    fn snapshot(&self, expected: impl Fn(u64) -> [usize; ROWS]) -> String {
        let tick = self.committed.read_begin().generation();
        let mut versions = [0; ROWS];
        for (version, row) in versions.iter_mut().zip(&self.rows) {
            let Some(read) = self.attempt(row, tick) else { return "retry".to_owned() };
            *version = read;
        }
        assert_eq!(versions, expected(tick), "torn read: the snapshot is not that of batch {tick}");
        format!("{tick}")
    }
}

/// A row is written four times: the third batch overwrites the version of the first one, in the slot that readers
/// look at first, and the fourth one that of the second.
pub(crate) const VERSIONS: Model = Model {
    name: "table, versions of a row",
    explore: |complaint| {
        Program::new(Rows::<1>::new())
            .silent(|rows| (1..=4).for_each(|version| rows.batch(1, version, ALL)))
            .thread(|rows| rows.snapshot(|tick| [tick as usize]))
            .look_for(complaint)
    },
    outcomes: &["0", "1", "2", "3", "4", "retry"],
};

pub(crate) const SNAPSHOT: Model = Model {
    name: "table, snapshot of two rows",
    explore: |complaint| {
        Program::new(Rows::<2>::new())
            .silent(|rows| (1..=2).for_each(|version| rows.batch(2, version, ALL)))
            .thread(|rows| rows.snapshot(|tick| [tick as usize; 2]))
            .look_for(complaint)
    },
    outcomes: &["0", "1", "2", "retry"],
};

/// A writer dies in its batch of two rows; the next one changes the first row alone, in a batch of the same number.
fn deaths(complaint: Option<&str>, rolls_back: bool) -> Report {
    let mut all = Report::default();
    for steps in 1..=8 {
        let report = Program::new(Rows::<2>::new())
            .silent(move |rows| rows.locked(|| rows.batch(2, 1, steps)))
            .silent(move |rows| {
                rows.locked(|| {
                    if rolls_back {
                        rows.roll_back();
                    }
                    rows.batch(1, 5, ALL);
                });
            })
            .thread(|rows| rows.snapshot(|tick| if tick == 0 { [0, 0] } else { [5, 0] }))
            .look_for(complaint);
        all.graphs += report.graphs;
        all.executions += report.executions;
        all.cut += report.cut;
        all.outcomes.extend(report.outcomes);
        all.failures.extend(report.failures);
    }
    all
}

pub(crate) const DEATHS: Model = Model {
    name: "table, death in a batch",
    explore: |complaint| deaths(complaint, true),
    outcomes: &["0", "1", "retry"],
};

/// Without that, the next batch commits what the dead writer has left.
pub(crate) const WITHOUT_ROLL_BACK: Model = Model {
    name: "table, nothing taken back",
    explore: |complaint| deaths(complaint, false),
    outcomes: &[],
};
