// SPDX-License-Identifier: MIT OR Apache-2.0
//! The checks of release builds: none, in no bytes.

pub(crate) const CHECKED: bool = false;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark;

#[inline(always)]
pub(crate) fn assert_same_lock(_mine: Mark, _other: Mark) {}

#[derive(Debug)]
pub(crate) struct Identity;

impl Identity {
    pub(crate) const fn new() -> Self {
        Identity
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> Mark {
        Mark
    }

    #[inline(always)]
    pub(crate) fn assert_not_mine(&self) {}

    #[inline(always)]
    pub(crate) fn reset(&self) {}

    #[inline(always)]
    pub(crate) fn taken(&self) {}

    #[inline(always)]
    pub(crate) fn given_back(&self) {}

    #[inline(always)]
    pub(crate) fn publication_begins(&self) {}

    #[inline(always)]
    pub(crate) fn publication_ended(&self) {}

    #[inline(always)]
    pub(crate) fn assert_not_publishing(&self) {}
}

#[inline(always)]
pub(crate) fn section_opened(_address: usize, _odd: usize) {}

#[inline(always)]
pub(crate) fn section_closed(_address: usize, _odd: usize) {}

#[inline(always)]
pub(crate) fn assert_section_not_mine(_address: usize, _odd: usize) {}
