// SPDX-License-Identifier: MIT OR Apache-2.0
//! The readers' side of a count: the steps of one attempt, and the one loop that repeats it.

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// How one attempt to read begins and ends. It is all that the readers of the counts differ in; the way
/// they go on after a failed attempt is the caller's. Sealed.
#[doc(hidden)]
pub trait ReadSide: sealed::Sealed {
    /// The count at the beginning of an attempt.
    type Start: Copy;
    /// What numbers the writes.
    type Number;

    /// Begins an attempt, if there is a copy that no writer is changing.
    fn try_begin(&self) -> Option<Self::Start>;

    /// Which copy to read from: 0 or 1.
    fn slot(start: Self::Start) -> usize;

    /// Whether what was read since `start` has to be thrown away.
    fn must_retry(&self, start: Self::Start) -> bool;

    /// The number of the write that an attempt from `start` on sees.
    fn number(start: Self::Start) -> Self::Number;
}

/// Looks at the count, copies, looks again. `None` if the copy may mix two writes.
#[inline(always)]
pub fn attempt<S: ReadSide, R>(side: &S, copy: impl FnOnce(usize) -> R) -> Option<(R, S::Number)> {
    let start = side.try_begin()?;
    let copied = copy(S::slot(start));
    if side.must_retry(start) { None } else { Some((copied, S::number(start))) }
}

/// Attempts until one succeeds, or until `after_failure` gives up.
#[inline(always)]
pub(crate) fn repeat<S: ReadSide, R, E>(
    side: &S,
    mut copy: impl FnMut(usize) -> R,
    mut after_failure: impl FnMut() -> Result<(), E>,
) -> Result<(R, S::Number), E> {
    loop {
        if let Some(whole) = attempt(side, &mut copy) {
            return Ok(whole);
        }
        after_failure()?;
    }
}

/// At most so many attempts.
#[inline(always)]
pub fn attempts<S: ReadSide, R>(
    side: &S,
    times: u32,
    mut copy: impl FnMut(usize) -> R,
) -> Option<(R, S::Number)> {
    (0..times).find_map(|_| attempt(side, &mut copy))
}
