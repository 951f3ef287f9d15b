// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0080
#[derive(Clone, Copy)]
struct Legs {
    legs: [u64; 3],
}
const FOURTH: tearfree::Field<Legs, u64> = tearfree::field!(Legs, legs[3]);
fn main() {
    let _ = FOURTH;
}
