// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions `tearfree_page_*`, which read pages.

#![allow(unsafe_code, reason = "functions for C")]

use core::ffi::{c_char, c_int, c_uint};
use std::ffi::{CString, OsStr};
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;

use tearfree_page::{Addresses, ByteReader, Error, Lost};

use super::arguments::{null, parse_schema, str_from_ptr};
use super::error::{ErrorNumber, Failure, fallible};
use super::options::{PageOptions, owner};

/// What the inline functions of `tearfree/inline.h` read: the `struct tearfree_page_view` of C.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PageView {
    pub(super) size: usize,
    count: usize,
    slots: [usize; 2],
    stamps: [usize; 2],
    state: usize,
    time_namespace: u64,
}

const _: () = assert!(size_of::<PageView>() == 64 && core::mem::offset_of!(Page, view) == 0);

impl From<Addresses> for PageView {
    fn from(at: Addresses) -> Self {
        let in_slots = |address: *const u8| {
            [0, at.stride].map(|distance| address.wrapping_add(distance).expose_provenance())
        };
        PageView {
            size: at.size,
            count: at.count.expose_provenance(),
            slots: in_slots(at.payload),
            stamps: in_slots(at.stamp),
            state: at.state.expose_provenance(),
            time_namespace: at.time_namespace,
        }
    }
}

/// A page, mapped for reading: the `struct tearfree_page` of C, which begins with a line of
/// what is public.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Page {
    pub(super) view: PageView,
    pub(super) reader: ByteReader,
    schema: CString,
}

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
            Error::InvalidValue(_) => ErrorNumber::Value,
            Error::NoUser(_) | Error::NoGroup(_) => ErrorNumber::Argument,
            Error::Busy { .. } => ErrorNumber::Busy,
            Error::NoSpace { .. } => ErrorNumber::NoSpace,
            Error::Lost(Lost::InChild) => ErrorNumber::Forked,
            Error::Lost(_) => ErrorNumber::Lost,
            _ => ErrorNumber::Other,
        }
    }
}

pub(super) fn failure(error: &Error) -> Failure {
    (ErrorNumber::from(error), error.to_string())
}

/// Opens a page, checks its schema, and stores the pointer for the caller.
///
/// # Safety
/// `schema` is null or a string; `to` is null or valid for a write.
unsafe fn open_into(
    open: impl FnOnce() -> Result<ByteReader, Failure>,
    schema: *const c_char,
    to: *mut *mut Page,
) -> c_int {
    fallible(|| {
        if to.is_null() {
            return Err(null("`to`"));
        }
        let reader = open()?;
        let text = reader.geometry().schema.to_string();
        if !schema.is_null() {
            // SAFETY: `schema` is not null here, so it is a string.
            let wanted = unsafe { str_from_ptr(schema, "the schema") }?.to_string_lossy();
            check_schema(&wanted, &text)?;
        }
        let schema = CString::new(text).unwrap_or_default();
        let page =
            Box::into_raw(Box::new(Page { view: reader.addresses().into(), reader, schema }));
        // SAFETY: `to` is not null, so it is valid for a write.
        unsafe { to.write(page) };
        Ok(())
    })
}

fn check_schema(wanted: &str, page: &str) -> Result<(), Failure> {
    let parsed = parse_schema(wanted)?;
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
    // SAFETY: `page`, `schema` and `to` are passed on as they came.
    unsafe { tearfree_page_open_with(page, schema, core::ptr::null(), to) }
}

/// Opens a page of a trusted owner.
///
/// # Safety
/// As for `tearfree_page_open`; `options` is null or points to initialised options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_open_with(
    page: *const c_char,
    schema: *const c_char,
    options: *const PageOptions,
    to: *mut *mut Page,
) -> c_int {
    let open = || {
        // SAFETY: `page` is a string; a null pointer has no name, and the reader says so.
        let name = unsafe { str_from_ptr(page, "the page's name") }.unwrap_or(c"");
        // SAFETY: `options` is null or points to options.
        let owner = unsafe { owner(options) }?;
        let opened = ByteReader::open_owned_by(OsStr::from_bytes(name.to_bytes()), owner);
        opened.map_err(|error| failure(&error))
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
            return Err(failure(&Error::NotSealed));
        }
        // SAFETY: if the number is no open file, the system says so; it is used during this call only.
        let opened = ByteReader::open_sealed(unsafe { BorrowedFd::borrow_raw(file) });
        opened.map_err(|error| failure(&error))
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
/// `page` is null or from `tearfree_page_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_schema(page: *const Page) -> *const c_char {
    // SAFETY: an open page is a living box, of which there are only shared references.
    unsafe { page.as_ref() }.map_or(core::ptr::null(), |page| page.schema.as_ptr())
}

/// Returns the size of the value in bytes.
///
/// # Safety
/// `page` is null or from `tearfree_page_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_size(page: *const Page) -> usize {
    // SAFETY: an open page is a living box, of which there are only shared references.
    unsafe { page.as_ref() }.map_or(0, |page| page.view.size)
}

/// Returns the number of publications until now.
///
/// # Safety
/// `page` is null or from `tearfree_page_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_generation(page: *const Page) -> u64 {
    // SAFETY: an open page is a living box, of which there are only shared references.
    unsafe { page.as_ref() }.map_or(0, |page| page.reader.generation())
}

/// Loads one of the eight words beside the value.
///
/// # Safety
/// `page` is null or from `tearfree_page_open` and still open; `to` is null or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_page_word(
    page: *const Page,
    index: c_uint,
    to: *mut u64,
) -> c_int {
    fallible(|| {
        // SAFETY: an open page is a living box, of which there are only shared references.
        let page = unsafe { page.as_ref() }.ok_or_else(|| null("the page"))?;
        let word = page.reader.word(word_index(index)?);
        if to.is_null() {
            return Err(null("`to`"));
        }
        // SAFETY: `to` is not null, so it is valid for a write.
        unsafe { to.write(word) };
        Ok(())
    })
}

/// Checks the index of a word.
pub(super) fn word_index(index: c_uint) -> Result<usize, Failure> {
    match index {
        0..8 => Ok(index as usize),
        _ => Err((
            ErrorNumber::Argument,
            format!("there is no word {index}; a page has the words 0 to 7"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tearfree_page::{Damage, Schema, Unsettled};

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
            (Error::NoUser("x".to_owned()), 3),
            (Error::NoGroup("x".to_owned()), 3),
            (Error::Busy { path: path(), pid: Some(1), writer: None }, 22),
            (Error::NoSpace { path: path(), needed: 1 }, 23),
            (Error::Lost(Lost::InChild), 24),
            (Error::Lost(Lost::TakenOver), 29),
        ];
        for (error, number) in numbers {
            assert_eq!(ErrorNumber::from(&error) as c_int, number, "{error}");
        }
    }
}
