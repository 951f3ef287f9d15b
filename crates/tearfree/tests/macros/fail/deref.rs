// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0308
#[derive(Clone, Copy)]
struct Name {
    text: &'static [u8; 64],
}
fn main() {
    let _: tearfree::Field<Name, [u8; 64]> = tearfree::field!(Name, text);
}
