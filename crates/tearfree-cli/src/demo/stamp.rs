// SPDX-License-Identifier: MIT OR Apache-2.0
//! The value of the demo: the host's time, with check words that reveal a torn copy.

use core::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The number of 64-bit words in a stamp: enough that a reader often overlaps a write.
pub(crate) const WORDS: usize = 64;
const CHECK_WORDS: usize = WORDS - 2;

/// A time and its check words, which are computed from the time and differ for every other time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Stamp {
    seconds: u64,
    nanoseconds: u64,
    check_words: [u64; CHECK_WORDS],
}

impl Stamp {
    /// Reads the host's time.
    pub(crate) fn now() -> Self {
        // A time before 1970 becomes 0, which is a valid stamp too.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::from_time(since_epoch.as_secs(), u64::from(since_epoch.subsec_nanos()))
    }

    /// Makes the stamp of a given time.
    fn from_time(seconds: u64, nanoseconds: u64) -> Self {
        Self { seconds, nanoseconds, check_words: check_words(seconds, nanoseconds) }
    }

    /// Returns whether this copy holds words of more than one stamp.
    pub(crate) fn is_torn(&self) -> bool {
        self.check_words != check_words(self.seconds, self.nanoseconds)
    }

    /// Makes a copy with words of two stamps.
    #[cfg(test)]
    pub(super) fn torn(seconds: u64) -> Self {
        Self { seconds: seconds + 1, ..Self::from_time(seconds, 0) }
    }

    fn to_words(self) -> [u64; WORDS] {
        let mut words = [0; WORDS];
        words[0] = self.seconds;
        words[1] = self.nanoseconds;
        words[2..].copy_from_slice(&self.check_words);
        words
    }
}

/// Computes the check words: the time in nanoseconds plus an index. Two times differ in every one.
fn check_words(seconds: u64, nanoseconds: u64) -> [u64; CHECK_WORDS] {
    let time = seconds.wrapping_mul(1_000_000_000).wrapping_add(nanoseconds);
    core::array::from_fn(|index| time.wrapping_add(index as u64))
}

/// The same struct without the lock: each word is atomic, the struct is not.
///
/// Its reads can be torn, but are not undefined behaviour.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Unlocked {
    words: [AtomicU64; WORDS],
}

impl Unlocked {
    /// Creates the struct with the value `stamp`.
    pub(crate) fn new(stamp: Stamp) -> Self {
        Self { words: stamp.to_words().map(AtomicU64::new) }
    }

    /// Stores the words one after the other.
    pub(crate) fn set(&self, stamp: Stamp) {
        for (word, value) in self.words.iter().zip(stamp.to_words()) {
            // ORDERING: Relaxed on purpose: this is the mistake that the demo shows.
            word.store(value, Ordering::Relaxed);
        }
    }

    /// Loads the words one after the other.
    #[inline]
    pub(crate) fn read(&self) -> Stamp {
        // ORDERING: Relaxed on purpose: this is the mistake that the demo shows.
        let word = |index: usize| self.words[index].load(Ordering::Relaxed);
        Stamp {
            seconds: word(0),
            nanoseconds: word(1),
            check_words: core::array::from_fn(|index| word(2 + index)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_with_words_of_another_stamp_is_torn() {
        let pairs = [
            (Stamp::from_time(7, 999_999_999), Stamp::from_time(8, 0)),
            (Stamp::from_time(1_700_000_000, 5), Stamp::from_time(1_700_000_000, 6)),
            (Stamp::from_time(0, 0), Stamp::from_time(0, 1)),
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
    fn the_unlocked_struct_returns_what_was_set() {
        let unlocked = Unlocked::new(Stamp::from_time(1, 2));
        unlocked.set(Stamp::from_time(3, 4));
        assert_eq!(unlocked.read(), Stamp::from_time(3, 4));
    }
}
