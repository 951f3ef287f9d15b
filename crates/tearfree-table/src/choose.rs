// SPDX-License-Identifier: MIT OR Apache-2.0
//! Chooses the slot of a row that a reader copies. Pure, so that the models run it too.

/// The sequence of a slot that has no version, or whose version was rolled back.
pub(crate) const NONE: u64 = 0;

/// What the sequences of a row's two slots say about the row as of one tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// This slot has the newest version that was committed.
    Slot { slot: usize, tick: u64 },
    /// There never was a version.
    Empty,
    /// What there is, is newer. The row was empty if this is still the committed tick.
    Newer,
}

/// Returns the generation that a count of a pair begins to write for the version of `tick`: its end makes the sequence
/// `4 * tick`, and its begin `4 * tick - 1`.
///
/// A pair gives a slot up when the count is three or more above what was read. Sequences of ticks are four apart,
/// so that each begin is.
pub(crate) fn generation_before(tick: u64) -> u64 {
    tick.wrapping_mul(2).wrapping_sub(1)
}

/// Returns the tick whose batch wrote the slot, or is writing it.
pub(crate) fn tick_of(sequence: u64) -> u64 {
    sequence.div_ceil(4)
}

/// Whether a slot has a version which is whole and committed.
pub(crate) fn is_committed(sequence: u64, committed: u64) -> bool {
    sequence != NONE && sequence & 3 == 0 && sequence / 4 <= committed
}

/// Chooses between the two slots of a row. Any numbers are allowed.
pub(crate) fn choose(sequences: [u64; 2], committed: u64) -> Choice {
    let [first, second] = sequences;
    let slot = match sequences.map(|sequence| is_committed(sequence, committed)) {
        [true, true] => usize::from(second > first),
        [true, false] => 0,
        [false, true] => 1,
        [false, false] if first == NONE && second == NONE => return Choice::Empty,
        [false, false] => return Choice::Newer,
    };
    Choice::Slot { slot, tick: sequences[slot] / 4 }
}

/// Chooses the slot that the batch of `tick` writes: the one that it has written already, or else the one with the
/// older version.
pub(crate) fn choose_to_write(sequences: [u64; 2], tick: u64) -> usize {
    let [first, second] = sequences.map(tick_of);
    usize::from(first != tick && (second == tick || second < first))
}
