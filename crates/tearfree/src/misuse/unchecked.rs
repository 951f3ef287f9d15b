// SPDX-License-Identifier: MIT OR Apache-2.0
//! The checks of release builds: none, and no memory for them.

pub(crate) const CHECKED: bool = false;

#[derive(Clone, Copy, Debug)]
pub(crate) struct LockId;

#[inline(always)]
pub(crate) fn assert_same_lock(_mine: LockId, _other: LockId) {}

#[derive(Debug)]
pub(crate) struct Identity;

impl Identity {
    pub(crate) const fn new() -> Self {
        Identity
    }

    #[inline(always)]
    pub(crate) fn id(&self) -> LockId {
        LockId
    }

    #[inline(always)]
    pub(crate) fn assert_not_held_here(&self) {}

    #[inline(always)]
    pub(crate) fn reset(&self) {}

    #[inline(always)]
    pub(crate) fn note_locked(&self) {}

    #[inline(always)]
    pub(crate) fn note_unlocked(&self) {}

    #[inline(always)]
    pub(crate) fn note_publication_begins(&self) {}

    #[inline(always)]
    pub(crate) fn note_publication_ended(&self) {}

    #[inline(always)]
    pub(crate) fn assert_not_publishing(&self) {}
}

#[inline(always)]
pub(crate) fn note_section_opened(_address: usize, _odd: usize) {}

#[inline(always)]
pub(crate) fn note_section_closed(_address: usize, _odd: usize) {}

#[inline(always)]
pub(crate) fn assert_section_not_opened_here(_address: usize, _odd: usize) {}
