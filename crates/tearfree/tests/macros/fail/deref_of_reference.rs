// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0308
#[derive(Clone, Copy)]
struct Name {
    text: &'static &'static u64,
}
fn main() {
    let _: tearfree::Field<Name, &'static u64> = tearfree::field!(Name, text);
}
