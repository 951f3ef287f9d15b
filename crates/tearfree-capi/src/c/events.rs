// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions `tearfree_page_wait*`, which wait for what happens to a page.

#![allow(unsafe_code, reason = "functions for C")]

use core::ffi::c_int;
use core::time::Duration;

use tearfree_page::{Freshness, Waited, WriterState};

use super::arguments::{null, timeout};
use super::error::{ErrorNumber, Failure, fallible};
use super::page::Page;
use super::page_read::PageReading;

/// Waits until the generation is not `seen`, for at most `timeout_ns` nanoseconds; without a limit if that
/// is negative.
///
/// # Safety
/// `page` is null or from `tearfree_page_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_wait(
    page: *const Page,
    seen: u64,
    timeout_ns: i64,
) -> c_int {
    fallible(|| {
        // SAFETY: an open page is a living box, of which there are only shared references.
        let page = unsafe { page.as_ref() }.ok_or_else(|| null("the page"))?;
        event_number(page.reader.wait_changed(seen, timeout(timeout_ns))).map(drop)
    })
}

/// Waits until the page differs from what `seen` says, for at most `timeout_ns` nanoseconds; without a limit if that is
/// negative. Stores which event it was.
///
/// # Safety
/// `page` is null or from `tearfree_page_open` and still open; `seen` is null or a reading; `event` is null or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_wait_event(
    page: *const Page,
    seen: *const PageReading,
    timeout_ns: i64,
    event: *mut c_int,
) -> c_int {
    fallible(|| {
        // SAFETY: an open page is a living box, of which there are only shared references.
        let page = unsafe { page.as_ref() }.ok_or_else(|| null("the page"))?;
        // SAFETY: `seen` is null or a reading, and is not changed during this call.
        let seen = unsafe { seen.as_ref() }.ok_or_else(|| null("`seen`"))?;
        let watch = page.reader.watch(seen.generation);
        let mut watch = watch.reported(seen.freshness(), seen.writer_state());
        let number = event_number(watch.wait(timeout(timeout_ns)))?;
        if !event.is_null() {
            // SAFETY: `event` is not null, so it is valid for a write.
            unsafe { event.write(number) };
        }
        Ok(())
    })
}

/// Returns the number of an event, or why there is none.
fn event_number(waited: Waited) -> Result<c_int, Failure> {
    match waited {
        Waited::Changed => Ok(1),
        Waited::Stale => Ok(2),
        Waited::Ended => Ok(3),
        Waited::TimedOut => Err((
            ErrorNumber::TimedOut,
            "nothing was published in that time; wait again, or check that the writer runs"
                .to_owned(),
        )),
        // Superseded, and what a later version of the crate adds: to open the page again is right then, too.
        _ => Err((
            ErrorNumber::Superseded,
            "the page was replaced by a new one, or removed; open it again".to_owned(),
        )),
    }
}

impl PageReading {
    /// Returns what the caller knows: whether the value is stale.
    fn freshness(&self) -> Freshness {
        match self.freshness {
            2 => Freshness::Stale(Duration::from_nanos(self.ns)),
            _ => Freshness::Unknown,
        }
    }

    fn writer_state(&self) -> WriterState {
        match self.writer {
            2 => WriterState::Ended,
            _ => WriterState::Live,
        }
    }
}
