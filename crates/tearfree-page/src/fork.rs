// SPDX-License-Identifier: MIT OR Apache-2.0
//! Detects, at the cost of one load, that this process is a forked child of the writer.
//!
//! A forked child inherits the writer's mapping but not its lock. A word that is cleared in children tells them apart.
//! The kernel clears it, in every child; and the C library does in those that it forks, because emulators and Linux
//! before 4.14 do not clear memory. qemu 7.2 only says that it does.

#![allow(
    unsafe_code,
    reason = "a page of memory that is cleared in forked children is mapped here"
)]

use core::ptr::null_mut;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::path::Path;
use std::sync::OnceLock;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};

use crate::error::{Error, system_error};
use crate::identity::random;

/// At most a memory page on every machine, and enough for a word.
const LEN: usize = 4096;

/// Holds a random number of this process, and zero before it has one, as in a forked child. A process ID would not
/// do: in a PID namespace of its own, a child can have the same one.
static WORD: OnceLock<&'static AtomicU64> = OnceLock::new();

/// The process that created this value.
#[derive(Clone, Copy, Debug)]
pub struct CreatorProcess {
    word: &'static AtomicU64,
    process: u64,
}

impl CreatorProcess {
    /// Returns the value of this process.
    ///
    /// # Errors
    /// If forks cannot be noticed.
    pub fn current() -> Result<Self, Error> {
        let word = match WORD.get() {
            Some(word) => *word,
            None => {
                let word = map_word()?;
                *WORD.get_or_init(|| word)
            }
        };
        // ORDERING: Relaxed: a number, the same for all threads of the process; it publishes nothing else.
        let known = word.load(Relaxed);
        if known != 0 {
            return Ok(CreatorProcess { word, process: known });
        }
        let new = random("this process")? | 1;
        // ORDERING: Relaxed: a number, the same for all threads of the process; it publishes nothing else.
        let process = match word.compare_exchange(0, new, Relaxed, Relaxed) {
            Ok(_) => new,
            Err(process) => process,
        };
        Ok(CreatorProcess { word, process })
    }

    /// Returns false in a forked child of that process.
    #[inline(always)]
    #[must_use]
    pub fn is_same_process(self) -> bool {
        // ORDERING: Relaxed: stored before this value was made, so a thread that has the value sees
        // it.
        self.word.load(Relaxed) == self.process
    }

    /// Returns the random number of the process, which is not 0.
    #[must_use]
    pub fn number(self) -> u64 {
        self.process
    }
}

fn map_word() -> Result<&'static AtomicU64, Error> {
    let page_of_memory = Path::new("a page of memory");
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping, at an address that the system chooses, overlaps nothing of ours.
    let page = unsafe { mmap_anonymous(null_mut(), LEN, protection, MapFlags::PRIVATE) };
    let page = page.map_err(system_error("map", page_of_memory))?;
    // SAFETY: the handler only loads and stores atomics, which a forked child may do.
    let is_registered = unsafe { libc::pthread_atfork(None, None, Some(clear_in_child)) } == 0;
    // SAFETY: the page is ours, and empty.
    let advised = unsafe { madvise(page, LEN, Advice::LinuxWipeOnFork) };
    match advised {
        Err(error) if !is_registered => {
            return Err(system_error("clear in forked children", page_of_memory)(error));
        }
        _ => {}
    }
    // SAFETY: P11. The page begins aligned, is never unmapped, and is used as this atomic alone.
    Ok(unsafe { AtomicU64::from_ptr(page.cast()) })
}

/// Clears the word in a child that the C library has forked.
extern "C" fn clear_in_child() {
    if let Some(word) = WORD.get() {
        // ORDERING: Relaxed: the child has one thread.
        word.store(0, Relaxed);
    }
}
