// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0133
#[derive(Clone, Copy)]
union Bits<T: Copy> {
    number: u8,
    truth: T,
}
fn make<T: Copy>() {
    let _ = unsafe { tearfree::field!(for [T: Copy] Bits<T>, truth) };
}
fn main() {
    make::<bool>()
}
