// SPDX-License-Identifier: MIT OR Apache-2.0
//! One reading of the clock on the page behind the image.

#![allow(unsafe_code, reason = "the page is found by its address")]

use core::mem::offset_of;

use tearfree::raw::{Current, PairCount, attempts};

use crate::fields::Record;
use crate::first_slope::{FirstSlope, real_offset_ns};
use crate::host::page;
use crate::layout::{COUNT, MAX_ATTEMPTS, PAYLOAD, SLOTS};
use crate::line::Line;
use crate::shown::ShownClock;
use crate::slot_view::SlotView;
use crate::source::Source;

/// The time at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    mono_ns: u64,
    real_offset_ns: i64,
    tai_offset: i32,
}

impl Reading {
    /// Reads the counter while the record is the newest one, as `Clock` does. `None`: the page has no record that this
    /// image can read.
    #[inline(always)]
    pub(crate) fn now() -> Option<Self> {
        let (reading, _generation) =
            attempts(&Current(count()), MAX_ATTEMPTS, |slot| Self::in_slot(slot))?;
        reading
    }

    #[inline(always)]
    fn in_slot(slot: usize) -> Option<Self> {
        // SAFETY: both slots follow the header, in the same page of memory.
        let payloads = unsafe { page().add(SLOTS + PAYLOAD) };
        // SAFETY: P6. The page behind the image is one of records, and is never unmapped.
        let record = unsafe { SlotView::<Record>::new(payloads.cast()) };
        Self::from_view(&record.in_slot(slot))
    }

    /// Computes the time by numbers that may belong to two records until the count has been checked.
    #[inline(always)]
    fn from_view(record: &SlotView<'_, Record>) -> Option<Self> {
        let source = record.u32_at::<{ offset_of!(Record, source) }>();
        let source = Source::from_word(source as u32).filter(|source| source.is_supported())?;
        let count = source.read_ordered();
        let first = FirstSlope::from_view(record);
        let tai_offset = record.u32_at::<{ offset_of!(Record, tai_offset) }>();
        Some(Reading {
            mono_ns: first.ns_at(count).unwrap_or_else(|| whole_line(record).ns_at(count)),
            real_offset_ns: real_offset_ns(record),
            tai_offset: (tai_offset as u32).cast_signed(),
        })
    }

    /// Returns the time on a clock in nanoseconds.
    #[inline(always)]
    pub(crate) fn ns(&self, clock: ShownClock) -> u64 {
        clock.ns(self.mono_ns, self.real_offset_ns, self.tai_offset)
    }
}

#[inline(always)]
fn count() -> &'static PairCount {
    // SAFETY: the header of a page is mapped at `page`, and the count is in it.
    let count = unsafe { page().add(COUNT) };
    // SAFETY: P11. A word of the header, aligned as the page is; all processes use it as an atomic.
    unsafe { PairCount::from_ptr(count.cast()) }
}

/// Loads the line of a record, for a count beyond the first slope.
#[inline(always)]
fn whole_line(record: &SlotView<'_, Record>) -> Line {
    Line {
        since: record.u64_at::<{ offset_of!(Record, since) }>(),
        mono_ns: record.u64_at::<{ offset_of!(Record, mono_ns) }>(),
        frac: record.u32_at::<{ offset_of!(Record, frac) }>() as u32,
        mult: record.u64_at::<{ offset_of!(Record, mult) }>(),
        pivot: record.u64_at::<{ offset_of!(Record, pivot) }>(),
        next: record.u64_at::<{ offset_of!(Record, next) }>(),
    }
}
