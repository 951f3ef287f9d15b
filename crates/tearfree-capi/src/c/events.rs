// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions `tearfree_page_wait*`, which wait for what happens to a page.

#![allow(unsafe_code, reason = "functions for C")]

use core::ffi::c_int;

use tearfree_page::{Reported, Waited, WriterState};

use super::arguments::{null, timeout};
use super::error::{ErrorNumber, Failure, fallible};
use super::page::Page;
use super::reading::writer_number;

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

/// What a program has seen of a page: the `struct tearfree_watch` of C, which all zeros begin.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct PageWatch {
    /// The generation that was seen.
    pub generation: u64,
    /// The state of the writer that was reported: one of `TEARFREE_LIVE`, `_ENDED`, `_SUPERSEDED`, or 0.
    pub writer: c_int,
    /// Whether a value was reported as stale.
    pub is_stale: c_int,
    /// The generation of that value.
    pub stale_generation: u64,
    /// And its promise.
    pub stale_until: u64,
    /// Zero, for later versions.
    pub reserved: [u64; 2],
}

const _: () = assert!(size_of::<PageWatch>() == 48 && align_of::<PageWatch>() == 8);

/// Waits until something happens to a page that is not in `watch`, for at most `timeout_ns` nanoseconds; without a limit
/// if that is negative. Stores it there, and which event it was.
///
/// # Safety
/// `page` is null or from `tearfree_page_open` and still open; `watch` is null or initialised; `event` is null or valid for a
/// write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_wait_event(
    page: *const Page,
    watch: *mut PageWatch,
    timeout_ns: i64,
    event: *mut c_int,
) -> c_int {
    fallible(|| {
        // SAFETY: an open page is a living box, of which there are only shared references.
        let page = unsafe { page.as_ref() }.ok_or_else(|| null("the page"))?;
        // SAFETY: `watch` is null or the caller's, which nothing else uses during this call.
        let kept = unsafe { watch.as_mut() }.ok_or_else(|| null("`watch`"))?;
        let mut watch = page.reader.watch_from((*kept).into());
        let number = event_number(watch.wait(timeout(timeout_ns)));
        *kept = watch.reported().into();
        let number = number?;
        if !event.is_null() {
            // SAFETY: `event` is not null, so it is valid for a write.
            unsafe { event.write(number) };
        }
        Ok(())
    })
}

/// Returns the number of an event, or why there is none.
pub(super) fn event_number(waited: Waited) -> Result<c_int, Failure> {
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

impl From<PageWatch> for Reported {
    fn from(watch: PageWatch) -> Self {
        let stale = (watch.stale_generation, watch.stale_until);
        Reported {
            generation: watch.generation,
            writer: if watch.writer == 2 { WriterState::Ended } else { WriterState::Live },
            stale: (watch.is_stale != 0).then_some(stale),
        }
    }
}

impl From<Reported> for PageWatch {
    fn from(reported: Reported) -> Self {
        let (stale_generation, stale_until) = reported.stale.unwrap_or_default();
        PageWatch {
            generation: reported.generation,
            writer: writer_number(reported.writer),
            is_stale: reported.stale.is_some().into(),
            stale_generation,
            stale_until,
            reserved: [0; 2],
        }
    }
}
