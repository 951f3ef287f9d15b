// SPDX-License-Identifier: MIT OR Apache-2.0
//! The trait of all contestants: a value with readers and writers.

use core::hint::black_box;

use crate::payload::Payload;

/// A lock or cell that holds one value.
pub(crate) trait Contestant<T>: Sized {
    const NAME: &'static str;
    /// Whether several threads may write at the same time.
    const MANY_WRITERS: bool = true;
    /// Whether several threads may read at the same time.
    const MANY_READERS: bool = true;
    /// Whether a reader can read a value again.
    const READS_AGAIN: bool = true;
    /// What a peer must copy; `--count-copies` fails if its adapter copies more, or less than it says.
    const COPIES: Copies = Copies::ONE;
    /// Whether the value is on the heap, so that `size_of` is not the memory it takes.
    const ON_HEAP: bool = false;

    type Reader<'a>: Read<T>
    where
        Self: 'a;
    type Writer<'a>: Write<T>
    where
        Self: 'a;

    fn new(value: T) -> Self;
    fn reader(&self) -> Self::Reader<'_>;
    fn writer(&self) -> Self::Writer<'_>;
}

/// How often an operation stores all bytes of a value.
///
/// The compiler makes these copies, so their number may differ from one build to another. Then the fewest are stated, too.
#[derive(Clone, Copy)]
pub(crate) struct Copies {
    pub(crate) set: u64,
    read_into: u64,
    fewest_read_into: u64,
}

impl Copies {
    pub(crate) const ONE: Self = Self::exactly(1, 1);

    pub(crate) const fn exactly(set: u64, read_into: u64) -> Self {
        Self { set, read_into, fewest_read_into: read_into }
    }

    /// As `exactly`, but some builds leave out copies of `read_into`, for this reason.
    pub(crate) const fn or_as_few_reads_as(self, fewest: u64, reason: &'static str) -> Self {
        assert!(!reason.is_empty(), "a range needs a reason");
        Self { fewest_read_into: fewest, ..self }
    }

    /// Returns whether `counted` copies of a `set` are those that are stated.
    pub(crate) fn is_set(self, counted: f64) -> bool {
        is_stated(counted, self.set)
    }

    /// Returns whether `counted` copies of a `read_into` are those that are stated.
    pub(crate) fn is_read_into(self, counted: f64) -> bool {
        (self.fewest_read_into..=self.read_into).any(|stated| is_stated(counted, stated))
    }

    /// Formats the copies of a `read_into`.
    pub(crate) fn read_into_text(self) -> String {
        match (self.fewest_read_into, self.read_into) {
            (fewest, most) if fewest == most => most.to_string(),
            (fewest, most) => format!("{fewest} to {most}"),
        }
    }
}

/// Returns whether `counted` is `stated`: some peers store a kilobyte of their own, a quarter of the value. Half a copy is
/// neither the one nor the next, and what was not counted is not a number.
fn is_stated(counted: f64, stated: u64) -> bool {
    let more = counted - stated as f64;
    (-0.1..0.45).contains(&more)
}

/// The reader of one thread.
pub(crate) trait Read<T> {
    fn read(&mut self) -> T;
    fn read_into(&mut self, out: &mut T);

    #[inline(always)]
    fn read_times(&mut self, times: u64) {
        for _ in 0..times {
            let value = self.read();
            black_box(&value);
        }
    }

    #[inline(always)]
    fn read_into_times(&mut self, out: &mut T, times: u64) {
        for _ in 0..times {
            self.read_into(out);
            black_box(&mut *out);
        }
    }
}

/// The writer of one thread.
pub(crate) trait Write<T> {
    fn set(&mut self, value: &T);

    #[inline(always)]
    fn set_times(&mut self, value: &T, times: u64) {
        let mut value = value;
        for _ in 0..times {
            self.set(value);
            value = black_box(value);
        }
    }
}

/// A contestant whose readers and writers are plain references.
pub(crate) trait Direct<T> {
    const NAME: &'static str;
    const COPIES: Copies = Copies::ONE;
    const ON_HEAP: bool = false;

    fn new(value: T) -> Self;
    fn read(&self) -> T;
    fn read_into(&self, out: &mut T);
    fn set(&self, value: &T);
}

/// Implements [`Contestant`] for a [`Direct`] one.
#[repr(transparent)]
pub(crate) struct ByReference<D>(D);

#[derive(Clone, Copy)]
pub(crate) struct Handle<'a, D>(&'a D);

impl<T, D: Direct<T>> Contestant<T> for ByReference<D> {
    const NAME: &'static str = D::NAME;
    const COPIES: Copies = D::COPIES;
    const ON_HEAP: bool = D::ON_HEAP;

    type Reader<'a>
        = Handle<'a, D>
    where
        D: 'a;
    type Writer<'a>
        = Handle<'a, D>
    where
        D: 'a;

    fn new(value: T) -> Self {
        Self(D::new(value))
    }

    #[inline(always)]
    fn reader(&self) -> Handle<'_, D> {
        Handle(&self.0)
    }

    #[inline(always)]
    fn writer(&self) -> Handle<'_, D> {
        Handle(&self.0)
    }
}

impl<T, D: Direct<T>> Read<T> for Handle<'_, D> {
    #[inline(always)]
    fn read(&mut self) -> T {
        self.0.read()
    }

    #[inline(always)]
    fn read_into(&mut self, out: &mut T) {
        self.0.read_into(out);
    }
}

impl<T, D: Direct<T>> Write<T> for Handle<'_, D> {
    #[inline(always)]
    fn set(&mut self, value: &T) {
        self.0.set(value);
    }
}

/// Work that is done once for each contestant.
pub(crate) trait EveryContestant<T: Payload> {
    fn contestant<C: Contestant<T> + Send + Sync + 'static>(&mut self);
}

#[cfg(test)]
mod tests {
    use super::Copies;

    const RANGE: Copies = Copies::exactly(1, 4).or_as_few_reads_as(3, "a test");

    #[test]
    fn as_many_copies_as_stated_are_right() {
        // What was counted: arc-swap and left-right store a kilobyte of their own.
        for (counted, stated) in [(1.04, 1), (2.29, 2), (5.25, 5), (3.0, 3), (0.97, 1)] {
            assert!(Copies::exactly(stated, 1).is_set(counted), "{counted} for {stated}");
            assert!(Copies::exactly(1, stated).is_read_into(counted), "{counted} for {stated}");
        }
        assert!(RANGE.is_read_into(3.03) && RANGE.is_read_into(4.01));
        assert_eq!(
            (RANGE.read_into_text(), Copies::ONE.read_into_text()),
            ("3 to 4".into(), "1".into())
        );
    }

    #[test]
    fn one_copy_more_or_less_than_stated_is_wrong() {
        for (counted, stated) in
            [(2.04, 1), (1.04, 2), (3.29, 2), (2.5, 2), (0.0, 1), (f64::NAN, 1)]
        {
            assert!(!Copies::exactly(stated, 1).is_set(counted), "{counted} for {stated}");
            assert!(!Copies::exactly(1, stated).is_read_into(counted), "{counted} for {stated}");
        }
        assert!(!RANGE.is_read_into(2.03) && !RANGE.is_read_into(5.01));
        // The range is that of `read_into` only.
        assert!(!RANGE.is_set(0.04) && !RANGE.is_set(2.04));
    }
}
