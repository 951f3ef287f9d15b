// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0133
#[derive(Clone, Copy)]
union Bits {
    number: u8,
    truth: bool,
}
fn main() {
    let _ = tearfree::field!(Bits, truth);
}
