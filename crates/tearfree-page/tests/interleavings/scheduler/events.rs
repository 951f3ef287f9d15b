// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the processes of a schedule report, in the order in which it happened.

use core::ptr::null_mut;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::path::PathBuf;

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

/// What a process did, or what a call returned to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// It is about to become the writer, or to be refused.
    Tries,
    /// It has become the writer, at this generation.
    Writes,
    /// It has published this number.
    Published,
    /// It is about to end as the writer.
    Ends,
    /// It was refused: the page has a writer.
    Busy,
    /// It was refused: there is no such page.
    Missing,
    /// It was refused: the page has another schema.
    OtherSchema,
    /// It did not become the writer, for another reason.
    Failed,
    /// It was the writer, and learned that it has lost the page.
    Lost,
    /// It opened the page.
    Opened,
    /// It read this number.
    Read,
    /// It was shown that the page is superseded.
    Superseded,
    /// It has removed the page.
    Removed,
    /// It was killed.
    Killed,
}

const ALL: [What; 14] = [
    What::Tries,
    What::Writes,
    What::Published,
    What::Ends,
    What::Busy,
    What::Missing,
    What::OtherSchema,
    What::Failed,
    What::Lost,
    What::Opened,
    What::Read,
    What::Superseded,
    What::Removed,
    What::Killed,
];

/// One report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) role: usize,
    pub(crate) what: What,
    pub(crate) number: u64,
}

const WORDS: usize = 1 + 3 * 500;

/// Memory that the tracer shares with all processes of a schedule. They run one at a time.
#[derive(Clone, Copy)]
pub(crate) struct Events(&'static [AtomicU64; WORDS]);

impl Events {
    pub(crate) fn new() -> Self {
        let (len, protection) = (WORDS * 8, ProtFlags::READ | ProtFlags::WRITE);
        // SAFETY: a new mapping, at an address that the system chooses, overlaps nothing of ours.
        let base = unsafe { mmap_anonymous(null_mut(), len, protection, MapFlags::SHARED) };
        // SAFETY: as many words, aligned, zero, and mapped until the process ends.
        Events(unsafe { &*base.expect("memory").cast() })
    }

    pub(crate) fn clear(self) {
        self.0[0].store(0, Relaxed);
    }

    pub(crate) fn add(self, event: Event) {
        let first = 1 + 3 * self.len();
        assert!(first < WORDS, "one process reports again and again");
        let words = [event.role as u64, event.what as u64, event.number];
        for (place, word) in self.0[first..].iter().zip(words) {
            place.store(word, Relaxed);
        }
        self.0[0].fetch_add(1, Relaxed);
    }

    pub(crate) fn all(self) -> Vec<Event> {
        let index = |word: &AtomicU64| usize::try_from(word.load(Relaxed)).expect("small");
        let event = |words: &[AtomicU64]| Event {
            role: index(&words[0]),
            what: ALL[index(&words[1])],
            number: words[2].load(Relaxed),
        };
        self.0[1..].chunks_exact(3).take(self.len()).map(event).collect()
    }

    fn len(self) -> usize {
        usize::try_from(self.0[0].load(Relaxed)).expect("small")
    }
}

/// What a process of a schedule works with.
pub(crate) struct World {
    /// The directory of the page.
    pub(crate) page: PathBuf,
    pub(crate) events: Events,
    /// The index of this process.
    pub(crate) role: usize,
}

impl World {
    pub(crate) fn report(&self, what: What, number: u64) {
        self.events.add(Event { role: self.role, what, number });
    }
}
