// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0609
#[derive(Clone, Copy)]
struct Leg {
    price: u64,
}
#[derive(Clone, Copy)]
struct Name {
    leg: &'static Leg,
}
fn main() {
    let _ = tearfree::field!(Name, leg.price);
}
