// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0133
#[derive(Clone, Copy)]
union Bits {
    number: u8,
    truth: bool,
}
#[derive(Clone, Copy)]
struct Outer {
    bits: Bits,
}
fn main() {
    let _ = unsafe { tearfree::field!(Outer, bits.truth) };
}
