// SPDX-License-Identifier: MIT OR Apache-2.0
//! Maps a page into memory, read-only for readers.

#![allow(unsafe_code, reason = "memory is mapped and unmapped here")]

use core::mem::offset_of;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::AtomicU32;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::error::{Error, system_error};
use crate::layout::{ChangingFields, Header};

/// The mapped bytes of a page. No references to them may exist, except to atomics.
#[derive(Debug)]
pub struct Mapping {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: P6, P11. The bytes are touched only by racing copies and atomics, from whatever thread; the
// mapping itself is unmapped by its one owner.
unsafe impl Send for Mapping {}

// SAFETY: P6, P11. Several threads may touch the bytes at once: racing copies and atomics allow
// that.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps the first `len` bytes of a file for a reader.
    ///
    /// # Errors
    /// If the system call fails.
    pub fn read_only(file: BorrowedFd<'_>, len: usize, path: &Path) -> Result<Self, Error> {
        Self::new(file, len, ProtFlags::READ, path)
    }

    /// Maps the first `len` bytes of a file for the writer.
    ///
    /// # Errors
    /// If the system call fails.
    pub fn writable(file: BorrowedFd<'_>, len: usize, path: &Path) -> Result<Self, Error> {
        Self::new(file, len, ProtFlags::READ | ProtFlags::WRITE, path)
    }

    fn new(
        file: BorrowedFd<'_>,
        len: usize,
        protection: ProtFlags,
        path: &Path,
    ) -> Result<Self, Error> {
        // SAFETY: a new mapping, at an address that the system chooses, overlaps nothing of ours.
        let base = unsafe { mmap(null_mut(), len, protection, MapFlags::SHARED, file.as_fd(), 0) };
        let base = base.map_err(system_error("map", path))?;
        let base = NonNull::new(base.cast()).expect("nothing is mapped at address zero");
        Ok(Mapping { base, len })
    }

    /// Returns the number of mapped bytes.
    #[expect(clippy::len_without_is_empty, reason = "nothing of no length can be mapped")]
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns the address of the byte at `offset`. The caller keeps to P6 and P11.
    ///
    /// # Panics
    /// If it is outside of the mapping.
    #[must_use]
    pub fn address_of(&self, offset: usize) -> *mut u8 {
        assert!(offset < self.len, "offset {offset} is outside the mapping");
        // SAFETY: inside of the mapping, as was just checked.
        unsafe { self.base.as_ptr().add(offset) }
    }

    /// Returns the words that a waiter sleeps on: the lower half of the count, and the state. A header is mapped.
    pub(crate) fn wait_words(&self) -> [&AtomicU32; 2] {
        const LOW: usize = if cfg!(target_endian = "little") { 0 } else { 4 };
        const LINE: usize = offset_of!(Header, changing);
        let offsets = [offset_of!(ChangingFields, count) + LOW, offset_of!(ChangingFields, state)];
        offsets.map(|offset| {
            let word = self.address_of(LINE + offset).cast();
            // SAFETY: P11. An aligned word of the header; mapped for as long as this is borrowed.
            unsafe { AtomicU32::from_ptr(word) }
        })
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and with it everything goes that pointed there.
        let unmapped = unsafe { munmap(self.base.as_ptr().cast(), self.len) };
        debug_assert!(unmapped.is_ok(), "{unmapped:?}");
    }
}
