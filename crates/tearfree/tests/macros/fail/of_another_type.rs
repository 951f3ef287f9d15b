// SPDX-License-Identifier: MIT OR Apache-2.0
// error: E0277
#[derive(Clone, Copy)]
struct One {
    a: u64,
}
#[derive(Clone, Copy)]
struct Two {
    b: u64,
}
fn main() {
    let lock = tearfree::SeqLock::with_lock(One { a: 1 }, tearfree::lock::SpinLock::new());
    let _ = lock.read_fields(tearfree::field!(Two, b));
}
