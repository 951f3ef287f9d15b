// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0308
#[derive(Clone, Copy)]
struct Inner {
    a: u64,
}
#[derive(Clone, Copy)]
struct Other {
    b: u64,
    c: u64,
}
#[derive(Clone, Copy)]
struct Outer {
    inner: Inner,
}
fn main() {
    let _ = tearfree::field!(Outer, inner).then(tearfree::field!(Other, c));
}
