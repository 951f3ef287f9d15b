// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions `tearfree_writer_*`, which write pages.

#![allow(unsafe_code, reason = "functions for C")]

use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use tearfree_page::__private::CreatorProcess;
use tearfree_page::{ByteWriter, Error, Options, Schema};

use super::arguments::{null, schema_from_ptr, str_from_ptr};
use super::error::{ErrorNumber, Failure, fallible};
use super::options::{WriterOptions, writer_options};
use super::page::{failure, word_index};
use super::writer::Writer;

/// The callback of an update: gets the value, its size, and the caller's argument; returns 0 to publish.
pub type Change = unsafe extern "C" fn(*mut c_void, usize, *mut c_void) -> c_int;

/// Stores a pointer to what `create` returns.
///
/// # Safety
/// `to` is null or valid for a write.
unsafe fn create_into(
    to: *mut *mut Writer,
    create: impl FnOnce() -> Result<ByteWriter, Failure>,
) -> c_int {
    fallible(|| {
        if to.is_null() {
            return Err(null("`to`"));
        }
        let writer = Box::into_raw(Box::new(Writer::new(create()?)?));
        // SAFETY: null was refused above; the pointer of the caller takes the box.
        unsafe { to.write(writer) };
        Ok(())
    })
}

/// What both functions that create a page are given.
struct NewPage<'a> {
    name: &'a CStr,
    schema: Schema,
    value: Option<&'a [u8]>,
    options: Options,
}

impl<'a> NewPage<'a> {
    /// # Safety
    /// `name` and `schema` are null or strings; `value` is null or has `size` bytes, which no one changes during `'a`;
    /// `options` is null or points to initialised options.
    unsafe fn from_arguments(
        name: *const c_char,
        schema: *const c_char,
        value: *const c_void,
        size: usize,
        options: *const WriterOptions,
    ) -> Result<Self, Failure> {
        // SAFETY: `name` is null or a string.
        let name = unsafe { str_from_ptr(name, "the page's name") }?;
        // SAFETY: `schema` is null or a string.
        let schema = unsafe { schema_from_ptr(schema) }?;
        check_size(size, schema.size())?;
        // SAFETY: `options` is null or points to options.
        let options = unsafe { writer_options(options) }?;
        // SAFETY: `value` is null or has `size` bytes, which stay as they are.
        let value = unsafe { bytes(value, size) };
        Ok(NewPage { name, schema, value, options })
    }
}

/// Checks the size of a value, also where there is none.
fn check_size(size: usize, wanted: usize) -> Result<(), Failure> {
    if size == wanted { Ok(()) } else { Err(failure(&Error::Size { given: size, wanted })) }
}

/// # Safety
/// `value` is null or has `size` bytes, which no one changes during `'a`.
unsafe fn bytes<'a>(value: *const c_void, size: usize) -> Option<&'a [u8]> {
    // SAFETY: not null, so it has `size` bytes.
    (!value.is_null()).then(|| unsafe { core::slice::from_raw_parts(value.cast(), size) })
}

/// Creates a page, or takes over a page of the same schema, and publishes a value. Without a value it keeps
/// that of the page; a new page begins with zeros.
///
/// # Safety
/// `page` and `schema` are strings; `value` is null or has `size` bytes; `options` is null or points to
/// initialised options; `to` is valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_writer_create(
    page: *const c_char,
    schema: *const c_char,
    value: *const c_void,
    size: usize,
    options: *const WriterOptions,
    to: *mut *mut Writer,
) -> c_int {
    let create = || {
        // SAFETY: the arguments are as they came; the caller leaves them alone during this call.
        let new = unsafe { NewPage::from_arguments(page, schema, value, size, options) }?;
        let page = OsStr::from_bytes(new.name.to_bytes());
        match new.value {
            Some(value) => ByteWriter::create(page, &new.schema, value, &new.options),
            None => ByteWriter::create_or_keep(page, &new.schema, &new.options),
        }
        .map_err(|error| failure(&error))
    };
    // SAFETY: `to` is passed on as it came.
    unsafe { create_into(to, create) }
}

/// Takes over an existing page, whose schema is checked unless `schema` is null, and keeps its value.
///
/// # Safety
/// `page` is a string; `schema` is null or a string; `options` is null or points to initialised options;
/// `to` is valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_writer_take_over(
    page: *const c_char,
    schema: *const c_char,
    options: *const WriterOptions,
    to: *mut *mut Writer,
) -> c_int {
    let take_over = || {
        // SAFETY: `page` is null or a string.
        let page = unsafe { str_from_ptr(page, "the page's name") }?;
        // SAFETY: `options` is null or points to options.
        let options = unsafe { writer_options(options) }?;
        let schema = if schema.is_null() {
            None
        } else {
            // SAFETY: `schema` is not null, so it is a string.
            Some(unsafe { schema_from_ptr(schema) }?)
        };
        let page = OsStr::from_bytes(page.to_bytes());
        ByteWriter::take_over_as(page, schema.as_ref(), &options).map_err(|error| failure(&error))
    };
    // SAFETY: `to` is passed on as it came.
    unsafe { create_into(to, take_over) }
}

/// Creates a page in a sealed memory file.
///
/// # Safety
/// As for `tearfree_writer_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_writer_create_sealed(
    name: *const c_char,
    schema: *const c_char,
    value: *const c_void,
    size: usize,
    options: *const WriterOptions,
    to: *mut *mut Writer,
) -> c_int {
    let create = || {
        // SAFETY: the arguments are as they came; the caller leaves them alone during this call.
        let new = unsafe { NewPage::from_arguments(name, schema, value, size, options) }?;
        let zeros;
        let value = match new.value {
            Some(value) => value,
            None => {
                zeros = vec![0; size];
                &zeros
            }
        };
        ByteWriter::create_sealed(&new.name.to_string_lossy(), &new.schema, value, &new.options)
            .map_err(|error| failure(&error))
    };
    // SAFETY: `to` is passed on as it came.
    unsafe { create_into(to, create) }
}

/// Calls `call` with a writer that is not closed yet: a living box, of which there are only shared references.
fn with_writer(
    writer: Option<&Writer>,
    call: impl FnOnce(&Writer) -> Result<(), Failure>,
) -> c_int {
    fallible(|| call(writer.ok_or_else(|| null("the writer"))?))
}

/// Publishes a value.
///
/// # Safety
/// `value` is null or has `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_writer_set(
    writer: Option<&Writer>,
    value: *const c_void,
    size: usize,
) -> c_int {
    let set = |writer: &Writer| {
        check_size(size, writer.size)?;
        // SAFETY: `value` is null or has `size` bytes, which the caller leaves alone during this call.
        let value = unsafe { bytes(value, size) }.ok_or_else(|| null("the value"))?;
        writer.with(|writer| writer.set(value).map_err(|error| failure(&error)))
    };
    with_writer(writer, set)
}

/// Copies the published value.
///
/// # Safety
/// `to` is null or valid for a write of `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_writer_get(
    writer: Option<&Writer>,
    to: *mut c_void,
    size: usize,
) -> c_int {
    let get = |writer: &Writer| {
        if to.is_null() {
            return Err(null("`to`"));
        }
        check_size(size, writer.size)?;
        // SAFETY: `to` is not null, so `size` bytes of it are valid for a write.
        unsafe { to.write_bytes(0, size) };
        // SAFETY: the `size` bytes are initialised above, and the caller's alone during this call.
        let to = unsafe { core::slice::from_raw_parts_mut(to.cast::<u8>(), size) };
        writer.with(|writer| writer.get_into(to).map_err(|error| failure(&error)))
    };
    with_writer(writer, get)
}

/// Changes the value by a callback, which gets a private copy, and publishes it if the callback returns 0.
///
/// # Safety
/// `change` is null or can be called with a value of the page and `argument`, and returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_writer_update(
    writer: Option<&Writer>,
    change: Option<Change>,
    argument: *mut c_void,
) -> c_int {
    let update = |writer: &Writer| {
        let change = change.ok_or_else(|| null("the callback"))?;
        writer.with(|bytes| {
            // Aligned for the fields of any schema.
            let mut value = vec![0_u128; writer.size.div_ceil(size_of::<u128>())];
            let address = value.as_mut_ptr().cast::<u8>();
            // SAFETY: the numbers have at least as many bytes; no one else has them.
            let value = unsafe { core::slice::from_raw_parts_mut(address, writer.size) };
            bytes.get_into(value).map_err(|error| failure(&error))?;
            // SAFETY: the callback may change the `size` bytes until it returns.
            let refused = unsafe { change(value.as_mut_ptr().cast(), writer.size, argument) };
            if refused != 0 {
                let text = format!("the callback returned {refused}; nothing was published");
                return Err((ErrorNumber::Discarded, text));
            }
            bytes.set(value).map_err(|error| failure(&error))
        })
    };
    with_writer(writer, update)
}

/// Stores one of the eight words beside the value.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_writer_set_word(
    writer: Option<&Writer>,
    index: c_uint,
    word: u64,
) -> c_int {
    let set = |writer: &Writer| {
        let index = word_index(index)?;
        writer.with(|writer| writer.set_word(index, word).map_err(|lost| failure(&lost.into())))
    };
    with_writer(writer, set)
}

/// Renews the promise for the published value.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_writer_touch(writer: Option<&Writer>) -> c_int {
    let touch = |writer: &Writer| {
        writer.with(|writer| writer.touch().map_err(|lost| failure(&lost.into())))
    };
    with_writer(writer, touch)
}

/// Returns the number of publications until now; 0 for a null pointer.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_writer_generation(writer: Option<&Writer>) -> u64 {
    writer.map_or(0, Writer::generation)
}

/// Returns the schema of the page; null for a null pointer.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_writer_schema(writer: Option<&Writer>) -> *const c_char {
    writer.map_or(core::ptr::null(), |writer| writer.schema.as_ptr())
}

/// Returns the size of the value; 0 for a null pointer.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_writer_size(writer: Option<&Writer>) -> usize {
    writer.map_or(0, |writer| writer.size)
}

/// Returns the memory file of a sealed page, or -1.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_writer_file(writer: Option<&Writer>) -> c_int {
    writer.map_or(-1, Writer::file)
}

/// Returns a number of this process, which a forked child does not share; 0 if forks cannot be noticed.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_process_number() -> u64 {
    CreatorProcess::current().map_or(0, CreatorProcess::number)
}

/// Ends the writer: the page keeps its value and says that its writer has ended.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_writer_end(writer: Option<&Writer>) -> c_int {
    with_writer(writer, Writer::end)
}

/// Ends the writer, unless it has ended, and frees it. A null pointer is ignored, and so is a call from a
/// callback of this writer, which would free what the callback returns to.
///
/// # Safety
/// `writer` is null or from a call that creates one, and is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_writer_close(writer: *mut Writer) {
    // SAFETY: a writer that is not closed is a living box, of which there are only shared references.
    if unsafe { writer.as_ref() }.is_some_and(|writer| !writer.is_in_call()) {
        // SAFETY: it was made of a box; no one uses it any more, so it comes here once.
        drop(unsafe { Box::from_raw(writer) });
    }
}
