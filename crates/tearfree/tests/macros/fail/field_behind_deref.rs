// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0609
#[derive(Clone, Copy)]
struct Leg {
    price: u64,
}
#[derive(Clone, Copy)]
struct Name {
    leg: Leg,
}
impl std::ops::Deref for Name {
    type Target = Leg;
    fn deref(&self) -> &Leg {
        &self.leg
    }
}
fn main() {
    let _ = tearfree::field!(Name, price);
}
