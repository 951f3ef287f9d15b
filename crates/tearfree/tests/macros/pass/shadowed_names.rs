// SPDX-License-Identifier: MIT OR Apache-2.0
// Names that the macro could reach for lead elsewhere, and it does not use them.
#![forbid(unsafe_code)]
extern crate self as core;
extern crate self as std;
pub mod mem {
    macro_rules! offset_of {
        ($($any:tt)*) => {
            0
        };
    }
    pub(crate) use offset_of;
}
#[allow(unused_macros)]
macro_rules! offset_of {
    ($($any:tt)*) => {
        0
    };
}
#[allow(dead_code)]
struct Field;
#[allow(dead_code, non_camel_case_types)]
struct usize;
// A constant, a static or a unit struct takes the place of a binding of its name.
#[allow(dead_code, non_upper_case_globals)]
const offset: u8 = 0;
#[allow(dead_code, non_upper_case_globals)]
static whole: u8 = 0;
#[allow(dead_code, non_camel_case_types)]
struct value;

use tearfree::SeqLock;

#[repr(C)]
struct Evil {
    address: u64,
    text: &'static u64,
}
impl Clone for Evil {
    fn clone(&self) -> Self {
        *self
    }
}
impl Copy for Evil {}
// The prelude's names stand for the attributes and impls above.
use ::tearfree::lock::SpinLock;

fn main() {
    let lock = SeqLock::with_lock(Evil { address: 0x10, text: &7 }, SpinLock::new());
    let _ = lock.read().address;
    if *lock.read_fields(tearfree::field!(Evil, text)) != 7 {
        loop {}
    }
}
