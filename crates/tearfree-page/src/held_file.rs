// SPDX-License-Identifier: MIT OR Apache-2.0
//! `HeldFile`: a file whose lock belongs to this process alone: forked children close their copies at once.
//!
//! A lock of an open file description ends when the last copy of its descriptor is closed. A child that keeps one would
//! hold the lock after its parent has died.

#![allow(
    unsafe_code,
    reason = "descriptors are locked and closed by number, also in a forked child"
)]

use core::cell::UnsafeCell;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::fs::{Stat, fstat};
use rustix::io::Errno;

use crate::fork::CreatorProcess;

/// The open files of this process. Held during a fork, so that a child finds each of them in here.
static FILES: Mutex<Files> = Mutex::new(Files { entries: Vec::new(), next_id: 0 });
/// Holds `FILES` during a fork.
static DURING_FORK: DuringFork = DuringFork(UnsafeCell::new(None));

#[derive(Debug)]
struct Files {
    entries: Vec<Entry>,
    next_id: u64,
}

/// A descriptor, with what tells its file from another one that has its number later: a process may close descriptors
/// that are not its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    number: RawFd,
    /// How many entries there were before.
    id: u64,
    device: u64,
    inode: u64,
}

impl Entry {
    fn is_still_open(self) -> bool {
        identify(self.number) == Ok((self.device, self.inode))
    }

    fn close(self) {
        if self.is_still_open() {
            // SAFETY: the descriptor is this entry's: it was opened for it, and has the same file.
            unsafe { libc::close(self.number) };
        }
    }
}

/// An open file. Dropping it releases its lock and closes it, in a forked child without effect on its parent.
#[derive(Debug)]
pub(crate) struct HeldFile {
    entry: Entry,
    process: CreatorProcess,
    is_locked: bool,
}

impl HeldFile {
    /// Opens a file. No fork comes between that and its entry in the list.
    pub(crate) fn open(
        process: CreatorProcess,
        open: impl FnOnce() -> Result<OwnedFd, Errno>,
    ) -> Result<Self, Errno> {
        close_in_children()?;
        let mut files = files();
        let file = open()?;
        let (device, inode) = identify(file.as_raw_fd())?;
        let entry = Entry { number: file.into_raw_fd(), id: files.next_id, device, inode };
        files.next_id += 1;
        // A file that had this number was closed by other code.
        files.entries.retain(|other| other.number != entry.number);
        files.entries.push(entry);
        Ok(HeldFile { entry, process, is_locked: false })
    }

    /// Locks the whole file for this description of it alone, without waiting.
    pub(crate) fn try_lock(&mut self) -> Result<(), Errno> {
        self.set_lock(libc::F_WRLCK)?;
        self.is_locked = true;
        Ok(())
    }

    /// Returns the device and the inode.
    pub(crate) fn identity(&self) -> (u64, u64) {
        (self.entry.device, self.entry.inode)
    }

    /// Whether the file has no name any more. Not if the descriptor was closed by other code: then that is unknown.
    pub(crate) fn is_removed(&self) -> bool {
        self.entry.is_still_open() && stat(self.entry.number).is_ok_and(|stat| stat.st_nlink == 0)
    }

    fn set_lock(&self, kind: i32) -> Result<(), Errno> {
        // SAFETY: all zeros is a lock of the whole file, from its start to any end.
        let mut lock: libc::flock = unsafe { core::mem::zeroed() };
        lock.l_type = kind.try_into().map_err(|_| Errno::INVAL)?;
        lock.l_whence = libc::SEEK_SET.try_into().map_err(|_| Errno::INVAL)?;
        // SAFETY: the call reads the lock, which is alive, and fails if the number is not open.
        match unsafe { libc::fcntl(self.entry.number, libc::F_OFD_SETLK, &raw const lock) } {
            -1 => Err(last_error()),
            _ => Ok(()),
        }
    }
}

impl Drop for HeldFile {
    fn drop(&mut self) {
        let mut files = files();
        // It is not there in a forked child, nor after other code closed it.
        let Some(index) = files.entries.iter().position(|entry| *entry == self.entry) else {
            return;
        };
        files.entries.swap_remove(index);
        // Closing is not enough if a child has a copy that was made without the C library's `fork`. Such a
        // child must not release the lock of its parent.
        if self.is_locked && self.process.is_same_process() && self.entry.is_still_open() {
            let _ = self.set_lock(libc::F_UNLCK);
        }
        self.entry.close();
    }
}

fn files() -> MutexGuard<'static, Files> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn identify(number: RawFd) -> Result<(u64, u64), Errno> {
    stat(number).map(|stat| (stat.st_dev, stat.st_ino))
}

fn stat(number: RawFd) -> Result<Stat, Errno> {
    if number < 0 {
        return Err(Errno::BADF);
    }
    // SAFETY: not -1, and the call fails if the number is not open.
    let file = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) };
    fstat(file)
}

fn last_error() -> Errno {
    Errno::from_io_error(&std::io::Error::last_os_error()).unwrap_or(Errno::IO)
}

/// Has forked children close their copies, from now on.
fn close_in_children() -> Result<(), Errno> {
    static RESULT: OnceLock<i32> = OnceLock::new();
    // SAFETY: the handlers are functions of this library, which the C library forgets when it unloads it.
    let result = RESULT.get_or_init(|| unsafe {
        libc::pthread_atfork(
            Some(before_fork),
            Some(after_fork_in_parent),
            Some(after_fork_in_child),
        )
    });
    match *result {
        0 => Ok(()),
        error => Err(Errno::from_raw_os_error(error)),
    }
}

/// The guard of the thread that forks.
struct DuringFork(UnsafeCell<Option<MutexGuard<'static, Files>>>);

// SAFETY: only the thread that holds `FILES` accesses it.
unsafe impl Sync for DuringFork {}

unsafe extern "C" fn before_fork() {
    let guard = files();
    // SAFETY: this thread holds `FILES`, and no reference to the cell's content lasts.
    unsafe { *DURING_FORK.0.get() = Some(guard) };
}

unsafe extern "C" fn after_fork_in_parent() {
    // SAFETY: this thread has held `FILES` since `before_fork`.
    drop(unsafe { (*DURING_FORK.0.get()).take() });
}

unsafe extern "C" fn after_fork_in_child() {
    // SAFETY: the only thread of the child is the one that has held `FILES` since `before_fork`.
    let Some(mut files) = (unsafe { (*DURING_FORK.0.get()).take() }) else { return };
    // Neither allocates nor frees memory.
    files.entries.drain(..).for_each(Entry::close);
}
