// SPDX-License-Identifier: MIT OR Apache-2.0
//! Detects, at the cost of one load, that this process is a forked child of the writer.
//!
//! A forked child inherits the writer's mapping but not its lock. A word that the kernel clears in
//! children tells them apart.

#![allow(unsafe_code, reason = "a page that is cleared in forked children is mapped here")]

use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::path::Path;
use std::sync::OnceLock;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};

use crate::error::{Error, system_error};

/// At most a memory page on every machine, and enough for a word.
const LEN: usize = 4096;

/// Holds the ID of the process that last stored it here, and zero in a forked child.
static WORD: OnceLock<&'static AtomicU32> = OnceLock::new();

/// The process that created this value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CreatorProcess {
    word: &'static AtomicU32,
    process: u32,
}

impl CreatorProcess {
    pub(crate) fn current() -> Result<Self, Error> {
        let word = match WORD.get() {
            Some(word) => *word,
            None => {
                let word = map_word()?;
                *WORD.get_or_init(|| word)
            }
        };
        let process = std::process::id();
        // ORDERING: Relaxed: a process ID, the same from all threads of the process; it publishes
        // nothing else.
        word.store(process, Relaxed);
        Ok(CreatorProcess { word, process })
    }

    /// Returns false in a forked child of that process.
    #[inline(always)]
    pub(crate) fn is_same_process(self) -> bool {
        // ORDERING: Relaxed: stored before this value was made, so a thread that has the value sees
        // it.
        self.word.load(Relaxed) == self.process
    }
}

fn map_word() -> Result<&'static AtomicU32, Error> {
    let page_of_memory = Path::new("a page of memory");
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping, at an address that the system chooses, overlaps nothing of ours.
    let page = unsafe { mmap_anonymous(null_mut(), LEN, protection, MapFlags::PRIVATE) };
    let page = page.map_err(system_error("map", page_of_memory))?;
    // SAFETY: the page is ours, and empty.
    let advised = unsafe { madvise(page, LEN, Advice::LinuxWipeOnFork) };
    advised.map_err(system_error("clear in forked children", page_of_memory))?;
    // SAFETY: P11. The page begins aligned, is never unmapped, and is used as this atomic alone.
    Ok(unsafe { AtomicU32::from_ptr(page.cast()) })
}
