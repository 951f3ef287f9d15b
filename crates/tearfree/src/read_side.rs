// SPDX-License-Identifier: MIT OR Apache-2.0
//! The readers' side of a count: the steps of one attempt, and the one loop that repeats it.

pub(crate) mod sealed {
    pub trait Sealed {}
}

/// How one attempt to read begins and ends, which is where the readers of the counts differ. What happens
/// after a failed attempt is up to the caller. Sealed.
#[doc(hidden)]
pub trait ReadSide: sealed::Sealed {
    /// The count at the beginning of an attempt.
    type Start: Copy;
    /// The type of the number of a write.
    type Number;

    /// Begins an attempt; `None` if a writer is changing every copy.
    fn try_begin(&self) -> Option<Self::Start>;

    /// Returns which copy to read from: 0 or 1.
    fn slot(start: Self::Start) -> usize;

    /// Returns whether data read since `start` have to be discarded.
    fn must_retry(&self, start: Self::Start) -> bool;

    /// Returns the number of the write that an attempt from `start` on sees.
    fn number(start: Self::Start) -> Self::Number;
}

/// Loads the count, copies, and loads the count again. Returns `None` if the copy may mix two writes.
#[inline(always)]
pub fn attempt<S: ReadSide, R>(side: &S, copy: impl FnOnce(usize) -> R) -> Option<(R, S::Number)> {
    let start = side.try_begin()?;
    let copied = copy(S::slot(start));
    if side.must_retry(start) { None } else { Some((copied, S::number(start))) }
}

/// Repeats [`attempt`] until one succeeds, or until `after_failure` returns an error.
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

/// Makes at most `times` attempts.
#[inline(always)]
pub fn attempts<S: ReadSide, R>(
    side: &S,
    times: u32,
    mut copy: impl FnMut(usize) -> R,
) -> Option<(R, S::Number)> {
    (0..times).find_map(|_| attempt(side, &mut copy))
}

#[cfg(all(test, not(tearfree_axm)))]
mod tests {
    use super::*;
    use crate::LatchCount;

    #[test]
    fn a_bounded_read_makes_so_many_attempts() {
        for times in [0, 1, 5] {
            let (count, mut made) = (LatchCount::<usize>::new(), 0);
            // A writer comes in between each time.
            let read = attempts(&count, times, |_| {
                made += 1;
                count.write_begin();
                count.write_flip();
            });
            assert_eq!((read, made), (None, times));
        }
        let (count, mut made) = (LatchCount::<usize>::new(), 0);
        let read = attempts(&count, 3, |_| {
            made += 1;
            if made < 3 {
                count.write_begin();
                count.write_flip();
            }
        });
        assert_eq!(read, Some(((), 4)), "the last attempt counts");
    }
}
