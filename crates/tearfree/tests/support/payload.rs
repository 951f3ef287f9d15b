// SPDX-License-Identifier: MIT OR Apache-2.0
//! Self-checking payloads: every part derives from one generation.

use core::num::NonZeroU32;

/// A value whose parts all derive from one generation, so that a torn value is detected.
pub(crate) trait SelfChecking: Copy + Send + Sync + 'static {
    /// Whether [`generation`](Self::generation) returns all bits of it, so that values have an order.
    const ORDERED: bool = true;

    /// Creates the value of a generation.
    fn new(generation: u64) -> Self;

    /// Returns the generation of the whole value, truncated to the bits that the value has.
    ///
    /// # Panics
    /// If parts of the value belong to different generations.
    fn generation(&self) -> u64;
}

/// Returns the byte at `index` of a value of `generation`.
fn echo(generation: u64, index: usize) -> u8 {
    let mixed = generation.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed.to_le_bytes()[index % 8]) ^ index.to_le_bytes()[0]
}

/// Any number of bytes, aligned to one: the first ones name the generation, the others echo it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bytes<const N: usize>(pub(crate) [u8; N]);

impl<const N: usize> Bytes<N> {
    /// The bytes that name the generation; at least a third is left for the echo.
    const NAMED: usize = if N >= 12 { 8 } else { N * 2 / 3 };
}

impl<const N: usize> SelfChecking for Bytes<N> {
    const ORDERED: bool = Self::NAMED >= 5;

    fn new(generation: u64) -> Self {
        let mut name = [0; 8];
        name[..Self::NAMED].copy_from_slice(&generation.to_le_bytes()[..Self::NAMED]);
        let generation = u64::from_le_bytes(name);
        let byte = |i| if i < Self::NAMED { name[i] } else { echo(generation, i) };
        Bytes(core::array::from_fn(byte))
    }

    fn generation(&self) -> u64 {
        let mut name = [0; 8];
        name[..Self::NAMED].copy_from_slice(&self.0[..Self::NAMED]);
        let generation = u64::from_le_bytes(name);
        for (i, &byte) in self.0.iter().enumerate().skip(Self::NAMED) {
            assert_eq!(
                byte,
                echo(generation, i),
                "torn: byte {i} is not of generation {generation}"
            );
        }
        generation
    }
}

/// Words: quick to make and to check, for large values.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub(crate) struct Words<const N: usize>(pub(crate) [u64; N]);

impl<const N: usize> SelfChecking for Words<N> {
    fn new(generation: u64) -> Self {
        let mut words = [generation; N];
        for (index, word) in (0..).zip(&mut words) {
            *word ^= index << 48;
        }
        Words(words)
    }

    fn generation(&self) -> u64 {
        let generation = self.0[0];
        for (index, &word) in (0..).zip(&self.0) {
            let named = word ^ (index << 48);
            assert_eq!(named, generation, "torn: word {index} is not of generation {generation}");
        }
        generation
    }
}

/// A cache line of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Line(Words<5>);

impl SelfChecking for Line {
    fn new(generation: u64) -> Self {
        Line(Words::new(generation))
    }

    fn generation(&self) -> u64 {
        self.0.generation()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Empty,
    Number(u16),
    Letter { letter: char, twice: bool },
}

/// What torn bytes must never become: padding, `bool`, `char`, enums, niches, references.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mixed {
    odd: bool,
    generation: u64,
    letter: char,
    name: &'static str,
    kind: Kind,
    never_zero: Option<NonZeroU32>,
    tuple: (u8, u32, u8),
    end: [u8; 3],
}

const NAMES: [&str; 3] = ["", "a name", "a somewhat longer name"];

impl SelfChecking for Mixed {
    fn new(generation: u64) -> Self {
        let low = u32::try_from(generation & 0xFFFF).unwrap_or_default();
        let byte = generation.to_le_bytes()[0];
        let letter = char::from_u32(0x1F300 + low % 256).unwrap_or('?');
        Mixed {
            odd: generation % 2 == 1,
            generation,
            letter,
            name: NAMES[usize::from(byte) % NAMES.len()],
            kind: match generation % 3 {
                0 => Kind::Empty,
                1 => Kind::Number(u16::from(byte)),
                _ => Kind::Letter { letter, twice: byte > 100 },
            },
            never_zero: NonZeroU32::new(low % 5),
            tuple: (byte, low, !byte),
            end: [byte, 1, byte],
        }
    }

    fn generation(&self) -> u64 {
        assert_eq!(*self, Mixed::new(self.generation), "torn");
        self.generation
    }
}
