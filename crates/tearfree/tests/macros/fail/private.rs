// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0616
mod inner {
    #[derive(Clone, Copy)]
    pub struct Leg {
        price: u64,
    }
}
fn main() {
    let _ = tearfree::field!(inner::Leg, price);
}
