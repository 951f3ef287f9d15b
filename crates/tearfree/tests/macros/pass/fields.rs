// SPDX-License-Identifier: MIT OR Apache-2.0
// Fields of each kind, with a value that shows that the right bytes were read.
#![forbid(unsafe_code)]
use tearfree::{Field, SeqLock, field};

#[derive(Clone, Copy)]
struct Leg {
    price: u64,
    size: u32,
}
#[derive(Clone, Copy)]
struct Book<'a, T> {
    name: &'a str,
    legs: [Leg; 4],
    pair: (u8, (u16, T)),
}
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Packed {
    kind: u8,
    word: u32,
    words: [u64; 3],
}

fn last<'a, T: Copy>() -> Field<Book<'a, T>, T> {
    field!(for ['a, T: Copy] Book<'a, T>, pair.1.1)
}

const THIRD: Field<Packed, u64> = field!(Packed, words[2]);

fn main() {
    let leg = |n| Leg { price: n, size: n as u32 + 100 };
    let name = String::from("x");
    let book = SeqLock::with_lock(
        Book { name: &name, legs: [leg(0), leg(1), leg(2), leg(3)], pair: (1, (2, 'y')) },
        tearfree::lock::SpinLock::new(),
    );
    assert_eq!(book.read_fields(field!(Book<'_, char>, name)), "x");
    assert_eq!(book.read_fields(last()), 'y');
    assert_eq!(book.read_fields(field!(Book<'_, char>, pair.1.0)), 2);
    let index = 3;
    assert_eq!(book.read_fields(field!(Book<'_, char>, legs[index])).size, 103);
    let price = field!(Book<'_, char>, legs[2]).then(field!(Leg, price));
    assert_eq!(book.read_fields(price), 2);
    let packed = SeqLock::with_lock(
        Packed { kind: 9, word: 8, words: [5, 6, 7] },
        tearfree::lock::SpinLock::new(),
    );
    let all = (field!(Packed, kind), field!(Packed, word), THIRD);
    assert_eq!(packed.read_fields(all), (9, 8, 7));
}
