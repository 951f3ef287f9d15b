// SPDX-License-Identifier: MIT OR Apache-2.0
//! The value that is written and read: the host's time, with witnesses that show a torn copy.

use core::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The 64-bit words of a stamp: enough that writing them takes a moment, as with any real struct.
pub(crate) const WORDS: usize = 64;
const WITNESSES: usize = WORDS - 2;

/// A time and its witnesses: words that follow from the time, and are others for any other time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Stamp {
    seconds: u64,
    nanoseconds: u64,
    witnesses: [u64; WITNESSES],
}

impl Stamp {
    /// The host's time now.
    pub(crate) fn now() -> Self {
        // A host that believes it is before 1970 shows as time 0, which is no less whole.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::at(since_epoch.as_secs(), u64::from(since_epoch.subsec_nanos()))
    }

    /// The stamp of a given time.
    fn at(seconds: u64, nanoseconds: u64) -> Self {
        Self { seconds, nanoseconds, witnesses: witnesses(seconds, nanoseconds) }
    }

    /// Whether this copy holds words of more than one stamp.
    pub(crate) fn is_torn(&self) -> bool {
        self.witnesses != witnesses(self.seconds, self.nanoseconds)
    }

    fn to_words(self) -> [u64; WORDS] {
        let mut words = [0; WORDS];
        words[0] = self.seconds;
        words[1] = self.nanoseconds;
        words[2..].copy_from_slice(&self.witnesses);
        words
    }
}

/// Each witness is the whole time plus its own index: two times differ in every witness.
fn witnesses(seconds: u64, nanoseconds: u64) -> [u64; WITNESSES] {
    let time = seconds.wrapping_mul(1_000_000_000).wrapping_add(nanoseconds);
    core::array::from_fn(|index| time.wrapping_add(index as u64))
}

/// The same struct without the lock: each word is atomic, the whole is not.
///
/// Its reads are torn, but not undefined: that is all a data race can be once each word is atomic.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Unlocked {
    words: [AtomicU64; WORDS],
}

impl Unlocked {
    /// Holds `stamp` at first.
    pub(crate) fn new(stamp: Stamp) -> Self {
        Self { words: stamp.to_words().map(AtomicU64::new) }
    }

    /// Overwrites the words one after the other.
    pub(crate) fn set(&self, stamp: Stamp) {
        for (word, value) in self.words.iter().zip(stamp.to_words()) {
            // ORDERING: Relaxed on purpose: this is the mistake that the demo shows.
            word.store(value, Ordering::Relaxed);
        }
    }

    /// Copies the words one after the other.
    #[inline]
    pub(crate) fn read(&self) -> Stamp {
        // ORDERING: Relaxed on purpose: this is the mistake that the demo shows.
        let word = |index: usize| self.words[index].load(Ordering::Relaxed);
        Stamp {
            seconds: word(0),
            nanoseconds: word(1),
            witnesses: core::array::from_fn(|index| word(2 + index)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_with_words_of_another_stamp_is_torn() {
        let pairs = [
            (Stamp::at(7, 999_999_999), Stamp::at(8, 0)),
            (Stamp::at(1_700_000_000, 5), Stamp::at(1_700_000_000, 6)),
            (Stamp::at(0, 0), Stamp::at(0, 1)),
        ];
        for (old, new) in pairs {
            for first in 0..WORDS {
                for end in first..=WORDS {
                    let mut words = old.to_words();
                    words[first..end].copy_from_slice(&new.to_words()[first..end]);
                    let whole = words == old.to_words() || words == new.to_words();
                    let read = Unlocked { words: words.map(AtomicU64::new) }.read();
                    assert_eq!(read.is_torn(), !whole, "words {first}..{end}");
                }
            }
        }
    }

    #[test]
    fn the_unlocked_struct_gives_back_what_was_set() {
        let unlocked = Unlocked::new(Stamp::at(1, 2));
        unlocked.set(Stamp::at(3, 4));
        assert_eq!(unlocked.read(), Stamp::at(3, 4));
    }
}
