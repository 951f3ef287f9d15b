// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0599
#[derive(Clone, Copy)]
struct Legs {
    legs: &'static [u64],
}
fn main() {
    let _ = tearfree::field!(Legs, legs[0]);
}
