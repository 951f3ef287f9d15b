// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0609
#[derive(Clone, Copy)]
struct Leg {
    price: u64,
}
fn main() {
    let _ = tearfree::field!(Leg, size);
}
