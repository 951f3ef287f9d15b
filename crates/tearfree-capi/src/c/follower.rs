// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions `tearfree_follower_*`, which read the page that a name has now.

#![allow(unsafe_code, reason = "functions for C")]

use core::ffi::{c_char, c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use core::time::Duration;
use std::ffi::{CString, OsStr};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use tearfree_page::{ByteFollower, Error, WaitDescriptor, Waited};

use super::arguments::{null, schema_from_ptr, str_from_ptr, timeout};
use super::error::{ErrorNumber, Failure, fallible};
use super::events::event_number;
use super::options::{PageOptions, owner};
use super::page::failure;
use super::reading::PageReading;

/// A name that is followed: the `struct tearfree_follower` of C.
#[derive(Debug)]
pub struct Follower {
    parts: Mutex<Parts>,
}

#[derive(Debug)]
struct Parts {
    follower: ByteFollower,
    /// Readable when something has happened; made when it is asked for.
    descriptor: Option<WaitDescriptor>,
    /// The schema that C asked for last.
    schema: CString,
}

impl Follower {
    /// Returns the parts, unless another thread uses them.
    fn parts(&self) -> Result<MutexGuard<'_, Parts>, Failure> {
        match self.parts.try_lock() {
            Ok(parts) => Ok(parts),
            Err(TryLockError::Poisoned(parts)) => Ok(PoisonError::into_inner(parts)),
            Err(TryLockError::WouldBlock) => Err((
                ErrorNumber::InUse,
                "another thread uses the follower; open one for each thread".to_owned(),
            )),
        }
    }
}

impl Parts {
    /// Waits; with a timeout of zero it makes the descriptor unreadable, if nothing has happened.
    fn wait(&mut self, timeout: Option<Duration>) -> Result<Waited, Error> {
        match &mut self.descriptor {
            Some(descriptor) if timeout == Some(Duration::ZERO) => {
                let events = descriptor.events(&mut [&mut self.follower])?;
                Ok(events.first().map_or(Waited::TimedOut, |(_, event)| *event))
            }
            _ => Ok(self.follower.wait(timeout)),
        }
    }

    fn descriptor(&mut self) -> Result<c_int, Error> {
        if self.descriptor.is_none() {
            self.descriptor = Some(WaitDescriptor::new()?);
        }
        Ok(self.descriptor.as_ref().map_or(-1, |descriptor| descriptor.as_fd().as_raw_fd()))
    }
}

/// Calls `call` with the parts of a follower.
///
/// # Safety
/// `follower` is null or from `tearfree_follower_open` and still open.
unsafe fn with_parts(
    follower: *const Follower,
    call: impl FnOnce(&mut Parts) -> Result<(), Failure>,
) -> c_int {
    fallible(|| {
        // SAFETY: an open follower is a living box, of which there are only shared references.
        let follower = unsafe { follower.as_ref() }.ok_or_else(|| null("the follower"))?;
        call(&mut *follower.parts()?)
    })
}

/// Follows the page of a name, or of a path if it contains a `/`, which need not exist yet.
///
/// # Safety
/// `page` is a string; `schema` is null or a string; `options` is null or points to initialised options; `to` is null or
/// valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_follower_open(
    page: *const c_char,
    schema: *const c_char,
    options: *const PageOptions,
    to: *mut *mut Follower,
) -> c_int {
    fallible(|| {
        if to.is_null() {
            return Err(null("`to`"));
        }
        // SAFETY: `page` is a string; a null pointer has no name, and the follower says so.
        let name = unsafe { str_from_ptr(page, "the page's name") }.unwrap_or(c"");
        let name = OsStr::from_bytes(name.to_bytes());
        // SAFETY: `options` is null or points to options.
        let owner = unsafe { owner(options) }?;
        let opened = if schema.is_null() {
            ByteFollower::open_owned_by(name, owner)
        } else {
            // SAFETY: `schema` is not null here, so it is a string.
            ByteFollower::open_schema(name, unsafe { schema_from_ptr(schema) }?, owner)
        };
        let follower = opened.map_err(|error| failure(&error))?;
        let parts = Parts { follower, descriptor: None, schema: CString::default() };
        let follower = Box::new(Follower { parts: Mutex::new(parts) });
        // SAFETY: C passed a place for the new handle: null was refused above.
        unsafe { to.write(Box::into_raw(follower)) };
        Ok(())
    })
}

/// Ends the use of a follower. A null pointer is ignored.
///
/// # Safety
/// `follower` is null or from `tearfree_follower_open`, and is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_follower_close(follower: *mut Follower) {
    if !follower.is_null() {
        // SAFETY: `tearfree_follower_open` made it of a box; no one uses it any more, so it comes here once.
        drop(unsafe { Box::from_raw(follower) });
    }
}

/// Copies the newest value of the name, never torn and never an earlier one than before.
///
/// # Safety
/// `follower` is null or from `tearfree_follower_open` and still open; `to` is null or valid for a write of `size` bytes;
/// `reading` is null or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_follower_read(
    follower: *const Follower,
    to: *mut c_void,
    size: usize,
    reading: *mut PageReading,
) -> c_int {
    let read = |parts: &mut Parts| {
        if to.is_null() {
            return Err(null("`to`"));
        }
        // SAFETY: the caller's `size` bytes, which nothing else uses during this call.
        let bytes = unsafe { core::slice::from_raw_parts_mut(to.cast::<MaybeUninit<u8>>(), size) };
        let read = parts.follower.read_into_uninit(bytes).map_err(|error| failure(&error))?;
        if !reading.is_null() {
            // SAFETY: `reading` is not null, so it is valid for a write.
            unsafe { reading.write(read.into()) };
        }
        Ok(())
    };
    // SAFETY: `follower` is null or a handle that is open during this call, whose value it reads.
    unsafe { with_parts(follower, read) }
}

/// Waits until something happens that was not reported, for at most `timeout_ns` nanoseconds; without a limit if that is
/// negative. Stores what.
///
/// # Safety
/// `follower` is null or from `tearfree_follower_open` and still open; `event` is null or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_follower_wait(
    follower: *const Follower,
    timeout_ns: i64,
    event: *mut c_int,
) -> c_int {
    let wait = |parts: &mut Parts| {
        let waited = parts.wait(timeout(timeout_ns)).map_err(|error| failure(&error))?;
        let number = follower_event_number(waited)?;
        if !event.is_null() {
            // SAFETY: `event` is not null, so it is valid for a write.
            unsafe { event.write(number) };
        }
        Ok(())
    };
    // SAFETY: `follower` is null or a handle that is open during this call, which is not closed while it waits.
    unsafe { with_parts(follower, wait) }
}

fn follower_event_number(waited: Waited) -> Result<c_int, Failure> {
    match waited {
        Waited::Replaced => Ok(4),
        Waited::Gone => Ok(5),
        other => event_number(other),
    }
}

/// Stores the descriptor that becomes readable when something happens. It belongs to the follower.
///
/// # Safety
/// `follower` is null or from `tearfree_follower_open` and still open; `to` is null or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_follower_descriptor(
    follower: *const Follower,
    to: *mut c_int,
) -> c_int {
    let store = |parts: &mut Parts| {
        if to.is_null() {
            return Err(null("`to`"));
        }
        let descriptor = parts.descriptor().map_err(|error| failure(&error))?;
        // SAFETY: C passed a place for the descriptor: null was refused above.
        unsafe { to.write(descriptor) };
        Ok(())
    };
    // SAFETY: `follower` is passed on as it came.
    unsafe { with_parts(follower, store) }
}

/// Returns 0 if the page that the name has is read, or else the number and text of the reason.
///
/// # Safety
/// `follower` is null or from `tearfree_follower_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_follower_problem(follower: *const Follower) -> c_int {
    let problem = |parts: &mut Parts| parts.follower.problem().map_or(Ok(()), |e| Err(failure(e)));
    // SAFETY: C does not close the handle, of which this asks the problem, meanwhile; null is refused in there.
    unsafe { with_parts(follower, problem) }
}

/// Returns the schema of the page that was read last; null if there has been none. The text is valid until the next call
/// of this function.
///
/// # Safety
/// `follower` is null or from `tearfree_follower_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_follower_schema(follower: *const Follower) -> *const c_char {
    let mut text = ptr::null();
    let store = |parts: &mut Parts| {
        if let Some(reader) = parts.follower.reader() {
            parts.schema = CString::new(reader.geometry().schema.to_string()).unwrap_or_default();
            text = parts.schema.as_ptr();
        }
        Ok(())
    };
    // SAFETY: `follower` is passed on as it came.
    let _ = unsafe { with_parts(follower, store) };
    text
}

/// Returns the size of the values of that page in bytes; 0 if there has been none.
///
/// # Safety
/// `follower` is null or from `tearfree_follower_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_follower_size(follower: *const Follower) -> usize {
    let mut size = 0;
    let store = |parts: &mut Parts| {
        size = parts.follower.reader().map_or(0, |reader| reader.addresses().size);
        Ok(())
    };
    // SAFETY: `follower` is passed on as it came.
    let _ = unsafe { with_parts(follower, store) };
    size
}
