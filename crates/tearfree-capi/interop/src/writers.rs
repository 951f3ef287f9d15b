// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages that C writes.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::AtomicBool;

/// How many words a value of [`write_words`] has; word `i` of generation `g` is `g * WORDS + i`.
pub const WORDS: usize = 512;

unsafe extern "C" {
    fn c_writer_arguments(path: *const c_char) -> c_int;
    fn c_writer_calls(path: *const c_char) -> c_int;
    fn c_writer_keeps(path: *const c_char) -> c_int;
    fn c_writer_threads(path: *const c_char) -> c_int;
    fn c_writer_fork(path: *const c_char) -> c_int;
    safe fn c_writer_callback() -> c_int;
    safe fn c_writer_sealed() -> c_int;
    fn c_trusted_owner(path: *const c_char, own: *const c_char, other: *const c_char) -> c_int;
    fn c_write_words(path: *const c_char, ends: &AtomicBool, generation: &mut u64) -> c_int;
}

/// A function of C that tests something, and returns the line whose expectation failed, or 0.
#[derive(Clone, Copy, Debug)]
pub enum Test {
    /// Wrong arguments.
    Arguments,
    /// What each call does.
    Calls,
    /// What stays of the value of the last writer.
    Keeps,
    /// Several threads with one writer.
    Threads,
    /// The writer of the parent in forked children.
    Fork,
}

/// Runs a test on a path where nothing is.
#[must_use]
pub fn run(test: Test, path: &CStr) -> c_int {
    let run = match test {
        Test::Arguments => c_writer_arguments,
        Test::Calls => c_writer_calls,
        Test::Keeps => c_writer_keeps,
        Test::Threads => c_writer_threads,
        Test::Fork => c_writer_fork,
    };
    // SAFETY: the path is a string, which C uses during this call.
    unsafe { run(path.as_ptr()) }
}

/// Runs the test of callbacks; returns the line of `writers.c` whose expectation failed, or 0.
#[must_use]
pub fn callback() -> c_int {
    c_writer_callback()
}

/// Runs the test of sealed pages.
#[must_use]
pub fn sealed() -> c_int {
    c_writer_sealed()
}

/// Runs the test of owners on a page of this user, `own`, who is not `other`.
#[must_use]
pub fn trusted_owner(path: &CStr, own: &CStr, other: &CStr) -> c_int {
    // SAFETY: three strings, which C uses during this call.
    unsafe { c_trusted_owner(path.as_ptr(), own.as_ptr(), other.as_ptr()) }
}

/// Publishes in C until `ends` is set. Returns the error number and the last generation.
pub fn write_words(path: &CStr, ends: &AtomicBool) -> (c_int, u64) {
    let mut generation = 0;
    // SAFETY: the path is a string; C loads the atomic `ends` and sets the number.
    let error = unsafe { c_write_words(path.as_ptr(), ends, &mut generation) };
    (error, generation)
}

/// Returns the generation of a value of [`write_words`], or `None` if it is torn.
#[must_use]
pub fn generation(value: &[u8]) -> Option<u64> {
    let (words, rest) = (value.chunks_exact(8), value.len() % 8);
    let mut words = words.map(|word| u64::from_ne_bytes(word.try_into().unwrap_or_default()));
    let first = words.next()?;
    let is_whole = (first + 1..).zip(words).all(|(expected, word)| expected == word);
    (is_whole && rest == 0 && first % WORDS as u64 == 0).then_some(first / WORDS as u64)
}
