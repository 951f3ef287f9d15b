// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0133
fn f(_: &u8) -> u64 {
    0
}
fn n(_: &u8) {}
fn main() {
    let _ = tearfree::Field::<u8, u64>::new(0, f, n);
}
