// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pitfalls of payloads: tails, alignment, padding, niches, pointers, nothing at all.
#![allow(unsafe_code, reason = "pointers inside of payloads are followed")]

use core::fmt::Debug;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::num::{NonZeroU8, NonZeroU32, NonZeroU64};

use tearfree::{SeqLatch, SeqLock, field};

use crate::support::payload::{Bytes, Kind, Line, Mixed, SelfChecking, Words};

/// Every way in and every way out gives back what was put in.
fn survives<T: Copy + PartialEq + Debug>(first: T, second: T) {
    let mut lock = SeqLock::new(first);
    assert_eq!(lock.read(), first);
    lock.set(second);
    assert_eq!(lock.read(), second);
    assert_eq!(lock.try_read(), Some(second));
    assert_eq!(lock.update(|value| core::mem::replace(value, first)), second);
    assert_eq!(lock.read_versioned().0, first);
    *lock.write() = second;
    assert_eq!(*lock.read_excl(), second);
    let mut mine = first;
    lock.read_into(&mut mine);
    assert_eq!(mine, second);
    let (mut writer, reader) = lock.split();
    writer.set(first);
    assert_eq!((writer.get(), reader.read()), (first, first));
    assert_eq!(*lock.get_mut(), first);
    assert_eq!(lock.into_inner(), first);

    let latch = SeqLatch::new(first);
    for value in [first, second, first] {
        latch.set(value);
        assert_eq!(latch.read(), value);
        assert_eq!(latch.read_versioned().0, value);
    }
    assert_eq!(latch.into_inner(), first);
}

macro_rules! sizes_survive {
    ($($size:literal)*) => {
        || {$(
            survives(Bytes::<$size>::new(0x1122_3344_5566_7788), Bytes::new(0x99AA_BBCC_DDEE_FF00));
        )*}
    };
}

#[test]
fn no_tail_is_dropped_whatever_the_size() {
    let all = sizes_survive! { 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26
    27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58
    59 60 61 62 63 64 65 100 127 128 129 130 131 191 193 255 256 257 258 259 260 261 262 263 264 265
    511 1023 1025 };
    all();
}

#[test]
#[cfg(not(miri))]
fn no_tail_of_a_large_value_is_dropped() {
    // Builds without optimisation keep each of many copies on the stack.
    let roomy = std::thread::Builder::new().stack_size(64 << 20);
    let all = sizes_survive! { 4095 4096 4097 16383 16384 16385 65536 };
    roomy.spawn(all).unwrap().join().unwrap();
}

#[test]
fn three_numbers_of_four_bytes_keep_the_third() {
    // A published library gives the third back as garbage.
    survives([1, 2, 3], [4, 5, 6]);
    survives((1_u32, 2_u16), (3, 4));
}

#[test]
fn payloads_of_any_alignment_survive() {
    #[repr(C, packed)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Packed {
        a: u8,
        b: u64,
        c: u16,
    }
    #[repr(align(4096))]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Page(u8);

    survives(Packed { a: 1, b: 2, c: 3 }, Packed { a: !1, b: !2, c: !3 });
    survives(Line::new(1), Line::new(2));
    survives(Page(1), Page(2));
    survives([1_u128, 2], [3, 4]);
    let lock = SeqLock::new(Line::new(1));
    let copy = lock.read();
    assert_eq!(core::ptr::from_ref(&copy).addr() % 64, 0);
}

#[test]
fn a_payload_of_no_size_can_be_written_and_has_versions() {
    survives((), ());
    survives([0_u64; 0], []);
    survives(PhantomData::<u8>, PhantomData);
    let lock = SeqLock::new(());
    let before = lock.version();
    lock.set(());
    assert_ne!(lock.version(), before);
}

#[test]
fn padding_and_uninitialised_bytes_survive() {
    survives((1_u8, 2_u64, 3_u16), (4, 5, 6));
    survives(Some(1_u64), None);
    survives([(1_u8, 2_u32); 40], [(3, 4); 40]);
    survives(Mixed::new(1), Mixed::new(0x0123_4567_89AB));

    let lock = SeqLock::new(MaybeUninit::<[u8; 5]>::uninit());
    let _nothing_in_it = lock.read();
    lock.set(MaybeUninit::new([7; 5]));
    // SAFETY: the value that was set is initialised.
    assert_eq!(unsafe { lock.read().assume_init() }, [7; 5]);
    lock.set(MaybeUninit::uninit());
    let _nothing_in_it = lock.update(|value| *value);
}

#[test]
fn types_that_not_every_bit_pattern_makes_survive() {
    survives(true, false);
    survives('a', '\u{10FFFF}');
    survives(NonZeroU32::MIN, NonZeroU32::MAX);
    survives(NonZeroU8::new(1), None);
    survives(NonZeroU64::new(u64::MAX), None);
    survives(Kind::Letter { letter: 'ß', twice: true }, Kind::Empty);
    survives(Kind::Number(5), Kind::Letter { letter: '\0', twice: false });
    survives(core::cmp::Ordering::Less, core::cmp::Ordering::Greater);
    survives(Some(Some(false)), Some(None));
    survives(u128::MAX, 1 << 100);
    survives(f32::MIN_POSITIVE.to_bits(), f32::NAN.to_bits());
}

#[test]
fn pointers_and_references_in_a_payload_keep_working() {
    fn twice(n: u32) -> u32 {
        2 * n
    }
    fn thrice(n: u32) -> u32 {
        3 * n
    }
    let functions = SeqLock::new((twice as fn(u32) -> u32, "twice"));
    functions.set((thrice, "thrice"));
    let (function, name) = functions.read();
    assert_eq!((function(5), name), (15, "thrice"));

    survives("a literal", "another literal");
    survives(&[1, 2, 3][..], &[4][..]);
    survives(Some("text"), None);

    let (local, other) = (String::from("on the heap"), 5);
    let lock = SeqLock::new((local.as_str(), &other, &raw const other));
    lock.update(|value| value.0 = &local[3..]);
    let (text, number, pointer) = lock.read();
    // SAFETY: `other` is alive, and the copy of the pointer points to it.
    let pointee = unsafe { *pointer };
    assert_eq!((text, *number, pointee), ("the heap", 5, 5));

    let boxed = Box::into_raw(Box::new(7));
    let lock = SeqLock::new([boxed; 3]);
    lock.set(lock.read());
    // SAFETY: the copy points to the box that was taken apart above, and is the only one used.
    assert_eq!(*unsafe { Box::from_raw(lock.read()[2]) }, 7);
}

#[test]
fn a_store_leaves_the_neighbours_in_an_array_alone() {
    macro_rules! sizes {
        ($($size:literal)*) => {$({
            let locks = [0, 1, 2].map(|n| SeqLock::new(Bytes::<$size>::new(n)));
            let versions = locks.each_ref().map(|lock| lock.version());
            locks[1].set(Bytes::new(9));
            for neighbour in [0, 2] {
                assert_eq!(locks[neighbour].version(), versions[neighbour]);
                assert_eq!(locks[neighbour].read(), Bytes::new(neighbour as u64));
                assert!(locks[neighbour].try_write().is_some());
            }
            assert_eq!(locks[1].read(), Bytes::new(9));
        })*};
    }
    sizes! { 1 7 8 9 15 16 17 24 31 32 33 256 257 264 }
}

/// Fields at odd places, beside others that must not be read instead.
#[repr(C)]
#[derive(Clone, Copy)]
struct Record {
    flag: bool,
    code: [u8; 5],
    inner: (u16, Option<char>),
    name: &'static str,
    large: Words<600>,
    last: u8,
}

#[test]
fn fields_at_any_place_are_read_as_themselves() {
    let record = |n: u8| Record {
        flag: n % 2 == 1,
        code: [n; 5],
        inner: (u16::from(n) + 1000, char::from_digit(u32::from(n), 10)),
        name: ["zero", "one", "two"][usize::from(n)],
        large: Words::new(u64::from(n)),
        last: !n,
    };
    let lock = SeqLock::new(record(0));
    for n in [1, 2, 0] {
        lock.set(record(n));
        let expected = record(n);
        let (flag, code, name) =
            lock.read_fields((field!(Record, flag), field!(Record, code), field!(Record, name)));
        assert_eq!((flag, code, name), (expected.flag, expected.code, expected.name));
        let nested = ((field!(Record, inner.1), field!(Record, last)), field!(Record, large));
        let ((letter, last), large) = lock.read_fields(nested);
        assert_eq!((letter, last, large), (expected.inner.1, expected.last, expected.large));
        #[cfg(feature = "zerocopy")]
        {
            let inside = lock.read_with(|view| {
                (view.get(field!(Record, inner.0)), view.get(field!(Record, large.0)))
            });
            assert_eq!(inside, (expected.inner.0, expected.large.0));
        }
    }
}
