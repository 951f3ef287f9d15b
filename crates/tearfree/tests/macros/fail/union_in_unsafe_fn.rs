// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0133
#[derive(Clone, Copy)]
union Bits {
    number: u8,
    truth: bool,
}
unsafe fn make() {
    let _ = unsafe { tearfree::field!(Bits, truth) };
}
fn main() {
    unsafe { make() }
}
