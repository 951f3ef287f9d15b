// SPDX-License-Identifier: MIT OR Apache-2.0
// No prelude at all.
#![no_implicit_prelude]
#![forbid(unsafe_code)]
struct Two {
    a: u8,
    b: u16,
}
impl ::std::clone::Clone for Two {
    fn clone(&self) -> Self {
        *self
    }
}
impl ::std::marker::Copy for Two {}

fn main() {
    let lock =
        ::tearfree::SeqLock::with_lock(Two { a: 1, b: 2 }, ::tearfree::lock::SpinLock::new());
    let both = (::tearfree::field!(Two, a), ::tearfree::field!(Two, b));
    ::std::assert_eq!(lock.read_fields(both), (1, 2));
}
