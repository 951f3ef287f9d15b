// SPDX-License-Identifier: MIT OR Apache-2.0
//! The structs of options, which later versions of `tearfree.h` extend at their end.

#![allow(unsafe_code, reason = "structs from C, of any version")]

use core::ffi::{CStr, c_char};
use core::time::Duration;

use tearfree_page::{Options, Owner};

use super::error::{ErrorNumber, Failure};
use super::page::failure;

/// The writer wakes waiting readers: `TEARFREE_WAKES`.
const WAKES: u32 = 1;
/// A page of another schema, or a damaged one, is replaced: `TEARFREE_REPLACE`.
const REPLACE: u32 = 2;
/// Values have no time: `TEARFREE_UNTIMED`.
const UNTIMED: u32 = 4;

/// No version has larger options; a larger size was never initialised.
const MAX_SIZE: usize = 4096;

/// How a page is written: the `struct tearfree_writer_options` of C.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct WriterOptions {
    /// The size of the struct in the caller's version.
    pub size: usize,
    /// The longest time between two publications that the writer promises, or 0.
    pub lifetime_ns: u64,
    /// The file permissions, or 0.
    pub mode: u32,
    /// `TEARFREE_WAKES`, `TEARFREE_REPLACE`, `TEARFREE_UNTIMED`.
    pub flags: u32,
}

/// Which pages are opened: the `struct tearfree_page_options` of C.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PageOptions {
    /// The size of the struct in the caller's version.
    pub size: usize,
    /// The trusted owner, or null.
    pub owner: *const c_char,
}

const _: () = assert!(size_of::<WriterOptions>() == 24 && size_of::<PageOptions>() == 16);

/// A struct of options, all fields of which may be zero.
///
/// # Safety
/// The type is `repr(C)`, any bytes are one, and it begins with its size, a `usize`.
unsafe trait Extensible: Copy {}

// SAFETY: four numbers, of which the first is `size`.
unsafe impl Extensible for WriterOptions {}

// SAFETY: a number and a raw pointer, both of which any bytes are; the first is `size`.
unsafe impl Extensible for PageOptions {}

/// Copies options of whatever version. Fields that the caller does not know are zero; it may set none that
/// this version does not know.
///
/// # Safety
/// `from` points to a struct of options, which is as long as it says.
unsafe fn load<T: Extensible>(from: *const T) -> Result<T, Failure> {
    // SAFETY: each version of the struct begins with its size.
    let size = unsafe { from.cast::<usize>().read() };
    if !(size_of::<T>()..=MAX_SIZE).contains(&size) {
        return Err(invalid(format!(
            "the size of the options is {size}; initialise them by the macro of tearfree.h"
        )));
    }
    // SAFETY: the struct has `size` bytes by the caller's promise.
    let bytes = unsafe { core::slice::from_raw_parts(from.cast::<u8>(), size) };
    if bytes[size_of::<T>()..].iter().any(|byte| *byte != 0) {
        return Err(invalid(
            "the options have fields of a newer version; install that version of the library"
                .to_owned(),
        ));
    }
    // SAFETY: it has at least the bytes of a `T`, and any bytes are one.
    Ok(unsafe { from.read() })
}

fn invalid(text: String) -> Failure {
    (ErrorNumber::Argument, text)
}

/// Returns the options at a pointer; the default ones if it is null.
///
/// # Safety
/// `options` is null or points to a struct of options, which is as long as it says.
pub(super) unsafe fn writer_options(options: *const WriterOptions) -> Result<Options, Failure> {
    if options.is_null() {
        return Ok(Options::new());
    }
    // SAFETY: not null, so it points to options.
    let given = unsafe { load(options) }?;
    let unknown = given.flags & !(WAKES | REPLACE | UNTIMED);
    if unknown != 0 {
        return Err(invalid(format!(
            "the flag {unknown:#x} is unknown; use TEARFREE_WAKES, _REPLACE, _UNTIMED"
        )));
    }
    let options = Options::new()
        .lifetime(Duration::from_nanos(given.lifetime_ns))
        .timed(given.flags & UNTIMED == 0)
        .wakes(given.flags & WAKES != 0)
        .replace(given.flags & REPLACE != 0);
    Ok(if given.mode == 0 { options } else { options.mode(given.mode) })
}

/// Returns the trusted owner in the options at a pointer; this user and root if it is null.
///
/// # Safety
/// `options` is null or points to a struct of options, which is as long as it says; its `owner` is null or
/// a string.
pub(super) unsafe fn owner(options: *const PageOptions) -> Result<Owner, Failure> {
    if options.is_null() {
        return Ok(Owner::default());
    }
    // SAFETY: not null, so it points to options.
    let owner = unsafe { load(options) }?.owner;
    if owner.is_null() {
        return Ok(Owner::default());
    }
    // SAFETY: not null, so it is a string.
    parse_owner(&unsafe { CStr::from_ptr(owner) }.to_string_lossy())
}

fn parse_owner(text: &str) -> Result<Owner, Failure> {
    text.parse().map_err(|error| failure(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    struct Newer {
        known: WriterOptions,
        added: u64,
    }

    const PLAIN: WriterOptions =
        WriterOptions { size: size_of::<WriterOptions>(), lifetime_ns: 0, mode: 0, flags: 0 };

    fn refusal(options: &WriterOptions) -> String {
        // SAFETY: the tests give a struct that is as long as it says.
        let (number, text) = unsafe { writer_options(options) }.unwrap_err();
        assert_eq!(number, ErrorNumber::Argument);
        text
    }

    #[test]
    fn options_of_a_newer_version_are_accepted_if_they_ask_for_nothing_new() {
        let known = WriterOptions { size: size_of::<Newer>(), ..PLAIN };
        for (added, is_accepted) in [(0, true), (1, false), (1 << 63, false)] {
            let options = Newer { known, added };
            // SAFETY: a struct that is as long as it says.
            let result = unsafe { writer_options((&raw const options).cast()) };
            assert_eq!(result.is_ok(), is_accepted, "{added}");
            assert!(result.err().is_none_or(|(_, text)| text.contains("newer version")));
        }
    }

    #[test]
    fn options_without_their_size_are_refused() {
        for size in [0, 1, 8, size_of::<WriterOptions>() - 1, MAX_SIZE + 1, usize::MAX] {
            assert!(refusal(&WriterOptions { size, ..PLAIN }).contains("the size of the options"));
        }
    }

    #[test]
    fn each_flag_has_the_bit_of_the_header_and_others_are_refused() {
        let debug = |options: &WriterOptions| {
            // SAFETY: a struct that is as long as it says.
            format!("{:?}", unsafe { writer_options(options) }.unwrap())
        };
        let expected = |options: Options| format!("{options:?}");
        assert_eq!(debug(&PLAIN), expected(Options::new()));
        let with = |flags| WriterOptions { flags, ..PLAIN };
        assert_eq!(debug(&with(1)), expected(Options::new().wakes(true)));
        assert_eq!(debug(&with(2)), expected(Options::new().replace(true)));
        assert_eq!(debug(&with(4)), expected(Options::new().timed(false)));
        let mode = WriterOptions { mode: 0o600, lifetime_ns: 5, ..PLAIN };
        let lifetime = Duration::from_nanos(5);
        assert_eq!(debug(&mode), expected(Options::new().mode(0o600).lifetime(lifetime)));
        assert!(refusal(&with(8)).contains("0x8"));
        assert!(refusal(&with(1 << 31 | 1)).contains("0x80000000"));
    }

    #[test]
    fn an_owner_is_a_user_or_a_group_or_any() {
        let owners = [
            ("any", Owner::Any),
            ("1000", Owner::User(1000)),
            ("root", Owner::User(0)),
            ("group:0", Owner::Group(0)),
            ("group:root", Owner::Group(0)),
        ];
        for (text, owner) in owners {
            assert_eq!(parse_owner(text).unwrap(), owner, "{text}");
        }
        for wrong in ["", "+1", "no such user", "group:no such group"] {
            assert_eq!(parse_owner(wrong).unwrap_err().0, ErrorNumber::Argument, "{wrong}");
        }
    }
}
