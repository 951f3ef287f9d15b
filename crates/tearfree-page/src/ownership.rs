// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Ownership`: the state of a page and the number of its writer, which one load shows.

use crate::layout::{STATE_ENDED, STATE_LIVE};

/// The word at 136 of a page. A writer goes on only while it is as the writer stored it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ownership(u64);

/// Where the lower half of the number is in memory: there is the state.
const STATE_SHIFT: u32 = if cfg!(target_endian = "little") { 0 } else { 32 };
const OWNER_SHIFT: u32 = 32 - STATE_SHIFT;

impl Ownership {
    pub(crate) const fn from_word(word: u64) -> Self {
        Ownership(word)
    }

    /// The page of a live writer, before which there were so many.
    pub(crate) fn live(takeovers: u64) -> Self {
        let owner = takeovers & u64::from(u32::MAX);
        Ownership(owner << OWNER_SHIFT).with_state(STATE_LIVE)
    }

    pub(crate) fn with_state(self, state: u32) -> Self {
        let owner = self.0 & (u64::from(u32::MAX) << OWNER_SHIFT);
        Ownership(owner | u64::from(state) << STATE_SHIFT)
    }

    /// Another owner, which is no process: the present one finds that it has lost the page.
    pub(crate) fn without_owner(self) -> Self {
        Self::live(u64::from(self.owner().wrapping_add(1) ^ (1 << 31))).with_state(self.state())
    }

    pub(crate) fn word(self) -> u64 {
        self.0
    }

    #[expect(clippy::cast_possible_truncation, reason = "one half of the word")]
    pub(crate) fn state(self) -> u32 {
        (self.0 >> STATE_SHIFT) as u32
    }

    pub(crate) fn owner(self) -> u32 {
        (self.0 >> OWNER_SHIFT) as u32
    }

    pub(crate) fn is_ended(self) -> bool {
        self.state() == STATE_ENDED
    }

    pub(crate) fn is_live(self) -> bool {
        self.state() == STATE_LIVE
    }

    pub(crate) fn ended(self) -> Self {
        self.with_state(STATE_ENDED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_halves_lie_as_the_protocol_says() {
        let live = Ownership::live((7 << 32) + 5);
        let expected = [STATE_LIVE.to_ne_bytes(), 5_u32.to_ne_bytes()].concat();
        assert_eq!(live.word().to_ne_bytes()[..], expected);
        assert_eq!((live.state(), live.owner()), (STATE_LIVE, 5));
        let ended = live.ended();
        assert_eq!((ended.state(), ended.owner()), (STATE_ENDED, 5));
        assert!(live.is_live() && ended.is_ended() && ended.with_state(STATE_LIVE) == live);
    }

    #[test]
    fn a_page_without_an_owner_is_not_that_of_the_next_writers() {
        for takeovers in [0, 1, 5, u64::from(u32::MAX), 1 << 31] {
            let live = Ownership::live(takeovers);
            let stopped = live.without_owner();
            assert!((0..1000).all(|later| Ownership::live(takeovers + later) != stopped));
            assert_eq!(stopped.state(), live.state());
        }
    }
}
