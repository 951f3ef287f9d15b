// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions `tearfree_page_*`, which read pages.

#![allow(unsafe_code, reason = "functions for C")]

use core::ffi::{c_char, c_int, c_void};
use core::time::Duration;
use std::ffi::{CString, OsStr};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;

use tearfree_page::{ByteReader, Error, Freshness, Schema, WriterState};

use super::arguments::{null, str_from_ptr};
use super::error::{ErrorNumber, Failure, fallible};

/// A page, mapped for reading: the `struct tearfree_page` of C, an opaque type.
#[derive(Debug)]
pub struct Page {
    pub(super) reader: ByteReader,
    schema: CString,
}

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

impl From<&Error> for ErrorNumber {
    fn from(error: &Error) -> Self {
        match error {
            Error::InvalidName(_) => ErrorNumber::Name,
            Error::NoDirectory(_) => ErrorNumber::NoDirectory,
            Error::Missing(_) => ErrorNumber::Missing,
            Error::Damaged(..) => ErrorNumber::Damaged,
            Error::NotAFile(_) | Error::Foreign { .. } => ErrorNumber::NotAFile,
            Error::OtherBoot(_) => ErrorNumber::OtherBoot,
            Error::SchemaMismatch { .. } => ErrorNumber::Schema,
            Error::InvalidSchema(_) => ErrorNumber::NoSchema,
            Error::Size { .. } => ErrorNumber::Size,
            Error::Owner { .. } => ErrorNumber::Owner,
            Error::NotSealed => ErrorNumber::NotSealed,
            Error::Unsettled(_) => ErrorNumber::Unsettled,
            Error::System { .. } => ErrorNumber::System,
            _ => ErrorNumber::Other,
        }
    }
}

fn failure(error: &Error) -> Failure {
    (ErrorNumber::from(error), error.to_string())
}

/// Opens a page, checks its schema, and stores the pointer for the caller.
///
/// # Safety
/// `schema` is null or a string; `to` is null or valid for a write.
unsafe fn open_into(
    open: impl FnOnce() -> Result<ByteReader, Error>,
    schema: *const c_char,
    to: *mut *mut Page,
) -> c_int {
    fallible(|| {
        if to.is_null() {
            return Err(null("`to`"));
        }
        let reader = open().map_err(|error| failure(&error))?;
        let text = reader.geometry().schema.to_string();
        if !schema.is_null() {
            // SAFETY: `schema` is not null here, so it is a string.
            let wanted = unsafe { str_from_ptr(schema, "the schema") }?.to_string_lossy();
            check_schema(&wanted, &text)?;
        }
        let schema = CString::new(text).unwrap_or_default();
        let page = Box::into_raw(Box::new(Page { reader, schema }));
        // SAFETY: `to` is not null, so it is valid for a write.
        unsafe { to.write(page) };
        Ok(())
    })
}

fn check_schema(wanted: &str, page: &str) -> Result<(), Failure> {
    let parsed: Schema = wanted.parse().map_err(|error| failure(&Error::InvalidSchema(error)))?;
    if parsed.to_string() == page {
        return Ok(());
    }
    let text = format!(
        "the page has another schema than asked for\n  in the page: {page}\n  asked for:   {wanted}; \
         use the page's schema, or another page"
    );
    Err((ErrorNumber::Schema, text))
}

/// Opens a page of this user or of root, by its name, or by its path if it contains a `/`.
///
/// # Safety
/// `page` is a string; `schema` is null or a string; `to` is valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_open(
    page: *const c_char,
    schema: *const c_char,
    to: *mut *mut Page,
) -> c_int {
    let open = || {
        // SAFETY: `page` is a string; a null pointer has no name, and the reader says so.
        let name = unsafe { str_from_ptr(page, "the page's name") }.unwrap_or(c"");
        ByteReader::open(OsStr::from_bytes(name.to_bytes()))
    };
    // SAFETY: `schema` and `to` are passed on as they came.
    unsafe { open_into(open, schema, to) }
}

/// Maps a sealed page from an open file, which stays open.
///
/// # Safety
/// `schema` is null or a string; `to` is valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_open_sealed(
    file: c_int,
    schema: *const c_char,
    to: *mut *mut Page,
) -> c_int {
    let open = || {
        if file < 0 {
            return Err(Error::NotSealed);
        }
        // SAFETY: if the number is no open file, the system says so; it is used during this call only.
        ByteReader::open_sealed(unsafe { BorrowedFd::borrow_raw(file) })
    };
    // SAFETY: `schema` and `to` are passed on as they came.
    unsafe { open_into(open, schema, to) }
}

/// Closes a page. A null pointer is ignored.
///
/// # Safety
/// `page` is null or from `tearfree_page_open`, and is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_close(page: *mut Page) {
    if !page.is_null() {
        // SAFETY: `tearfree_page_open` made it of a box; no one uses it any more, so it comes here
        // once.
        drop(unsafe { Box::from_raw(page) });
    }
}

/// Returns the schema of the page: `price:f64 qty:u64`. The text is valid while the page is open.
///
/// # Safety
/// `page` is from `tearfree_page_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_schema(page: *const Page) -> *const c_char {
    // SAFETY: an open page is a living box, of which there are only shared references.
    unsafe { &*page }.schema.as_ptr()
}

/// Returns the size of the value in bytes.
///
/// # Safety
/// `page` is from `tearfree_page_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_size(page: *const Page) -> usize {
    // SAFETY: an open page is a living box, of which there are only shared references.
    unsafe { &*page }.reader.geometry().schema.size()
}

/// Returns the number of publications until now.
///
/// # Safety
/// `page` is from `tearfree_page_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_generation(page: *const Page) -> u64 {
    // SAFETY: an open page is a living box, of which there are only shared references.
    unsafe { &*page }.reader.generation()
}

/// Copies the newest value, never torn.
///
/// # Safety
/// `page` is from `tearfree_page_open` and still open; `to` is valid for a write of `size` bytes;
/// `reading` is null or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_read(
    page: *const Page,
    to: *mut c_void,
    size: usize,
    reading: *mut PageReading,
) -> c_int {
    fallible(|| {
        // SAFETY: an open page is a living box, of which there are only shared references.
        let page = unsafe { &*page };
        if to.is_null() {
            return Err(null("`to`"));
        }
        // A slice needs initialised bytes; the caller's may be fresh from the stack.
        // SAFETY: `to` is not null, so `size` bytes of it are valid for a write.
        unsafe { to.write_bytes(0, size) };
        // SAFETY: the `size` bytes are initialised above, and the caller's alone during this call.
        let bytes = unsafe { core::slice::from_raw_parts_mut(to.cast::<u8>(), size) };
        let read = page.reader.read_into(bytes).map_err(|error| failure(&error))?;
        if !reading.is_null() {
            let known = PageReading::new(read.generation, read.freshness(), read.writer_state())
                .with_age(read.published_ns(), read.age());
            // SAFETY: `reading` is not null, so it is valid for a write.
            unsafe { reading.write(known) };
        }
        Ok(())
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
    use tearfree_page::{Damage, Unsettled};

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

    #[test]
    fn each_failure_has_the_number_of_the_header() {
        let path = || "page".into();
        let mismatch = Error::SchemaMismatch {
            path: path(),
            page: "a:u8".to_owned(),
            wanted: "a:u16".to_owned(),
        };
        let wanted = "only its owner may write".to_owned();
        let system = std::io::Error::other("refused");
        let numbers = [
            (Error::InvalidName("a b".to_owned()), 4),
            (Error::NoDirectory(path()), 5),
            (Error::Missing(path()), 6),
            (Error::Damaged(path(), Damage::Magic), 7),
            (Error::NotAFile(path()), 8),
            (Error::Foreign { path: path(), file: "notes".to_owned() }, 8),
            (Error::OtherBoot(path()), 9),
            (mismatch, 10),
            (Error::InvalidSchema("a".parse::<Schema>().unwrap_err()), 11),
            (Error::Size { given: 1, wanted: 2 }, 12),
            (Error::Owner { path: path(), uid: 1, mode: 0o666, wanted }, 13),
            (Error::NotSealed, 14),
            (Error::Unsettled(Unsettled), 15),
            (Error::System { what: "open", path: path(), error: system }, 16),
            (Error::NotSent, 19),
        ];
        for (error, number) in numbers {
            assert_eq!(ErrorNumber::from(&error) as c_int, number, "{error}");
        }
    }
}
