// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree_page_read`: the read that `tearfree/inline.h` has inline for small values.

#![allow(unsafe_code, reason = "a function for C")]

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::time::Duration;

use tearfree_page::{Error, Freshness, Unsettled, WriterState};

use super::arguments::null;
use super::error::fallible;
use super::page::{Page, failure};

/// What is known about a value: the `struct tearfree_reading` of C.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PageReading {
    /// The number of publications before this one.
    pub generation: u64,
    /// For fresh values how long they stay fresh, for stale ones since when they are, in nanoseconds.
    pub ns: u64,
    /// One of `TEARFREE_FRESH`, `_STALE`, `_UNPROMISED`, `_UNKNOWN`.
    pub freshness: c_int,
    /// One of `TEARFREE_LIVE`, `_ENDED`, `_SUPERSEDED`.
    pub writer: c_int,
    /// When the publication began: `CLOCK_BOOTTIME` in nanoseconds, or 0 if unknown.
    pub published_ns: u64,
    /// How long ago that was, in nanoseconds; `TEARFREE_AGE_UNKNOWN` if unknown.
    pub age_ns: u64,
    /// Zero, for later versions.
    pub reserved: [u64; 3],
}

const _: () = assert!(size_of::<PageReading>() == 64 && align_of::<PageReading>() == 8);

/// The age of a value whose age is unknown: `TEARFREE_AGE_UNKNOWN`.
const AGE_UNKNOWN: u64 = u64::MAX;

/// Copies the newest value, never torn.
///
/// # Safety
/// `page` is null or from `tearfree_page_open` and still open; `to` is valid for a write of `size` bytes;
/// `reading` is null or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_read(
    page: *const Page,
    to: *mut c_void,
    size: usize,
    reading: *mut PageReading,
) -> c_int {
    // SAFETY: an open page is a living box, of which there are only shared references.
    let page = unsafe { page.as_ref() };
    if let Some(page) = page.filter(|page| !to.is_null() && page.view.size == size) {
        // SAFETY: the caller's `size` bytes, which nothing else uses during this call.
        let bytes = unsafe { core::slice::from_raw_parts_mut(to.cast::<MaybeUninit<u8>>(), size) };
        if let Ok(read) = page.reader.read_into_uninit(bytes) {
            if !reading.is_null() {
                let known =
                    PageReading::new(read.generation, read.freshness(), read.writer_state())
                        .with_age(read.published_ns(), read.age());
                // SAFETY: `reading` is not null, so it is valid for a write.
                unsafe { reading.write(known) };
            }
            return 0;
        }
    }
    read_failed(page, to.is_null(), size)
}

/// Reports why a read failed.
#[cold]
#[inline(never)]
fn read_failed(page: Option<&Page>, is_to_null: bool, size: usize) -> c_int {
    fallible(|| {
        let wanted = page.ok_or_else(|| null("the page"))?.view.size;
        Err(match is_to_null {
            true => null("`to`"),
            false if size != wanted => failure(&Error::Size { given: size, wanted }),
            false => failure(&Error::Unsettled(Unsettled)),
        })
    })
}

impl PageReading {
    fn new(generation: u64, freshness: Freshness, writer: WriterState) -> Self {
        let (freshness, ns) = match freshness {
            Freshness::Fresh(left) => (1, ns(left)),
            Freshness::Stale(since) => (2, ns(since)),
            Freshness::Unpromised => (3, 0),
            Freshness::Unknown => (4, 0),
        };
        let writer = match writer {
            WriterState::Live => 1,
            WriterState::Ended => 2,
            WriterState::Superseded => 3,
        };
        let (published_ns, age_ns) = (0, AGE_UNKNOWN);
        PageReading { generation, ns, freshness, writer, published_ns, age_ns, reserved: [0; 3] }
    }

    fn with_age(self, published_ns: Option<u64>, age: Option<Duration>) -> Self {
        let (published_ns, age_ns) = (published_ns.unwrap_or(0), age.map_or(AGE_UNKNOWN, ns));
        PageReading { published_ns, age_ns, ..self }
    }
}

fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reading_has_the_numbers_of_the_header() {
        let time = Duration::from_micros(3);
        let numbers = |freshness, writer| {
            let reading = PageReading::new(7, freshness, writer);
            assert_eq!(reading.generation, 7);
            (reading.freshness, reading.ns, reading.writer)
        };
        assert_eq!(numbers(Freshness::Fresh(time), WriterState::Live), (1, 3_000, 1));
        assert_eq!(numbers(Freshness::Stale(time), WriterState::Ended), (2, 3_000, 2));
        assert_eq!(numbers(Freshness::Unpromised, WriterState::Superseded), (3, 0, 3));
        assert_eq!(numbers(Freshness::Unknown, WriterState::Live), (4, 0, 1));
        let forever = Freshness::Stale(Duration::MAX);
        assert_eq!(numbers(forever, WriterState::Live), (2, u64::MAX, 1));
    }

    #[test]
    fn an_age_is_known_or_has_its_own_number() {
        let reading = PageReading::new(7, Freshness::Unpromised, WriterState::Live);
        let ages = |published, age| {
            let reading = reading.with_age(published, age);
            assert_eq!((reading.generation, reading.reserved), (7, [0; 3]));
            (reading.published_ns, reading.age_ns)
        };
        assert_eq!(ages(Some(5), Some(Duration::from_nanos(3))), (5, 3));
        assert_eq!(ages(Some(5), None), (5, u64::MAX), "in the future");
        assert_eq!(ages(None, None), (0, u64::MAX));
        assert_eq!((reading.published_ns, reading.age_ns), (0, u64::MAX));
    }
}
