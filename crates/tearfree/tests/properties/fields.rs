// SPDX-License-Identifier: MIT OR Apache-2.0
//! Fields that are read alone are those of the whole.

use proptest::prelude::*;
use tearfree::{SeqLock, field};

use crate::config;

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
struct Inner {
    short: u16,
    wide: u128,
    flag: bool,
}

/// Fields at every kind of place: odd offsets, behind padding, beyond what is copied inline.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Record {
    small: u8,
    odd: [u8; 5],
    letter: char,
    inner: Inner,
    maybe: Option<u64>,
    large: [u64; 70],
    pair: (i8, f64),
    last: [u16; 3],
}

fn records() -> impl Strategy<Value = Record> {
    let inner = (any::<u16>(), any::<u128>(), any::<bool>())
        .prop_map(|(short, wide, flag)| Inner { short, wide, flag });
    let large = any::<u64>().prop_map(|seed| core::array::from_fn(|i| seed.rotate_left(i as u32)));
    let pair = (any::<i8>(), -1e9..1e9);
    (any::<u8>(), any::<[u8; 5]>(), any::<char>(), inner, any::<Option<u64>>(), large, pair)
        .prop_flat_map(|whole| (Just(whole), any::<[u16; 3]>()))
        .prop_map(|((small, odd, letter, inner, maybe, large, pair), last)| Record {
            small,
            odd,
            letter,
            inner,
            maybe,
            large,
            pair,
            last,
        })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn fields_are_those_of_the_whole(first in records(), second in records()) {
        let mut lock = SeqLock::new(first);
        for record in [first, second] {
            lock.set(record);
            let whole = lock.read();
            prop_assert_eq!(whole, record);
            let one = lock.read_fields(field!(Record, odd));
            prop_assert_eq!(one, record.odd);
            let six = lock.read_fields((
                field!(Record, small),
                field!(Record, letter),
                field!(Record, inner),
                field!(Record, maybe),
                field!(Record, large),
                field!(Record, last),
            ));
            let Record { small, letter, inner, maybe, large, last, .. } = record;
            prop_assert_eq!(six, (small, letter, inner, maybe, large, last));
            let nested = lock.read_fields((
                (field!(Record, inner.flag), field!(Record, inner.wide)),
                (field!(Record, pair.0), field!(Record, pair.1)),
                field!(Record, inner.short),
            ));
            prop_assert_eq!(nested, ((inner.flag, inner.wide), record.pair, inner.short));
            let (_, reader) = lock.split();
            prop_assert_eq!(reader.read_fields(field!(Record, last)), last);
            #[cfg(feature = "zerocopy")]
            prop_assert_eq!(
                lock.read_with(|r| (r.get(field!(Record, large)), r.get(field!(Record, small)))),
                (large, small)
            );
        }
    }
}
