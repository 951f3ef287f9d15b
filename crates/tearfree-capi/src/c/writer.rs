// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Writer`: the writer behind a `struct tearfree_writer`, which C may call from any thread, twice and too late.

use core::cell::RefCell;
use core::ffi::c_int;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::ffi::CString;
use std::os::fd::AsRawFd;

use parking_lot::{ReentrantMutex, ReentrantMutexGuard};
use tearfree_page::__private::CreatorProcess;
use tearfree_page::{ByteWriter, Lost};

use super::error::{ErrorNumber, Failure};
use super::page::failure;

/// A page and the right to publish to it: the `struct tearfree_writer` of C, an opaque type.
#[derive(Debug)]
pub struct Writer {
    /// `None` when it has ended. The lock is reentrant so that a call from inside of another one is an error
    /// and not a deadlock.
    writer: ReentrantMutex<RefCell<Option<ByteWriter>>>,
    /// A copy, to be read without the lock.
    generation: AtomicU64,
    /// The process that made this: known without the lock, which another thread of the parent can hold.
    process: CreatorProcess,
    pub(super) schema: CString,
    pub(super) size: usize,
}

// The header promises that any thread may call it.
const _: () = {
    const fn assert_shareable<T: Send + Sync>() {}
    assert_shareable::<Writer>();
};

impl Writer {
    pub(super) fn new(writer: ByteWriter) -> Result<Self, Failure> {
        let process = CreatorProcess::current().map_err(|error| failure(&error))?;
        let geometry = writer.geometry();
        Ok(Writer {
            schema: CString::new(geometry.schema.to_string()).unwrap_or_default(),
            size: geometry.schema.size(),
            generation: AtomicU64::new(writer.generation()),
            process,
            writer: ReentrantMutex::new(RefCell::new(Some(writer))),
        })
    }

    /// Calls `call` with the writer, which this thread alone uses meanwhile.
    pub(super) fn with<R>(
        &self,
        call: impl FnOnce(&mut ByteWriter) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        let writer = self.lock()?;
        let mut writer = writer.try_borrow_mut().map_err(|_| self.nested())?;
        let writer = writer.as_mut().ok_or_else(ended)?;
        if writer.is_forked() {
            return Err(forked());
        }
        let result = call(writer);
        // ORDERING: Relaxed: a number that says nothing about the value.
        self.generation.store(writer.generation(), Relaxed);
        result
    }

    /// Ends the writer: the page says so, and another one can take it over.
    pub(super) fn end(&self) -> Result<(), Failure> {
        let writer = self.lock()?;
        let mut writer = writer.try_borrow_mut().map_err(|_| self.nested())?;
        if writer.as_ref().is_some_and(ByteWriter::is_forked) {
            return Err(forked());
        }
        writer.take().map(drop).ok_or_else(ended)
    }

    /// Returns the memory file of a sealed page, or -1, also if the writer has ended.
    pub(super) fn file(&self) -> c_int {
        let file = self.with(|writer| Ok(writer.sealed_file().map(|file| file.as_raw_fd())));
        file.ok().flatten().unwrap_or(-1)
    }

    /// Whether this thread is inside of another call of this writer.
    pub(super) fn is_in_call(&self) -> bool {
        self.writer.try_lock().is_some_and(|writer| writer.try_borrow_mut().is_err())
    }

    pub(super) fn generation(&self) -> u64 {
        // ORDERING: Relaxed: a number that says nothing about the value.
        self.generation.load(Relaxed)
    }

    fn lock(&self) -> Result<ReentrantMutexGuard<'_, RefCell<Option<ByteWriter>>>, Failure> {
        match self.writer.try_lock() {
            Some(writer) => Ok(writer),
            // In a forked child the thread that has the lock does not exist.
            None if self.is_forked() => Err(forked()),
            None => Ok(self.writer.lock()),
        }
    }

    /// The failure of a call inside of another one.
    fn nested(&self) -> Failure {
        if self.is_forked() {
            return forked();
        }
        let text = "a callback of tearfree_writer_update, or a signal handler, calls the writer that called \
                    or was interrupted; change the value that was passed to the callback instead";
        (ErrorNumber::Nested, text.to_owned())
    }

    fn is_forked(&self) -> bool {
        !self.process.is_same_process()
    }
}

fn forked() -> Failure {
    failure(&Lost::InChild.into())
}

fn ended() -> Failure {
    let text = "the writer has ended; create the page again, or take it over";
    (ErrorNumber::Ended, text.to_owned())
}
