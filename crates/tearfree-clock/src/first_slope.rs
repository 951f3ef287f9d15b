// SPDX-License-Identifier: MIT OR Apache-2.0
//! The time by a few numbers of a record, while it is not yet validated. `tearfree-vdso` compiles this file, too.

use core::mem::offset_of;

use crate::SlotView;
use crate::fields::Record;
use crate::line::SHIFT;
use crate::source::Source;

/// The fields of a record that give the time while its first slope holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FirstSlope {
    since: u64,
    reach: u64,
    frac: u64,
    mult: u64,
    mono_ns: u64,
    source: u64,
}

impl FirstSlope {
    #[inline(always)]
    pub(crate) fn from_view(record: &SlotView<'_, Record>) -> Self {
        FirstSlope {
            since: record.u64_at::<{ offset_of!(Record, since) }>(),
            reach: record.u32_at::<{ offset_of!(Record, reach) }>(),
            frac: record.u32_at::<{ offset_of!(Record, frac) }>(),
            mult: record.u64_at::<{ offset_of!(Record, mult) }>(),
            mono_ns: record.u64_at::<{ offset_of!(Record, mono_ns) }>(),
            source: record.u32_at::<{ offset_of!(Record, source) }>(),
        }
    }

    /// Returns the time at a count within [`Line::reach`], as [`Record::ns_at`] does. One comparison
    /// suffices, because an earlier count wraps around to a large one.
    #[inline(always)]
    pub(crate) fn ns_at(&self, count: u64) -> Option<u64> {
        let passed = count.wrapping_sub(self.since);
        // Nothing wraps within the reach of a line.
        let fine = passed.wrapping_mul(self.mult).wrapping_add(self.frac);
        (passed < self.reach).then(|| self.mono_ns.wrapping_add(fine >> SHIFT))
    }

    /// Whether the counts of the record are those of this counter.
    #[inline(always)]
    pub(crate) fn is_counted_by(&self, source: Source) -> bool {
        self.source == u64::from(source.to_word())
    }
}

/// Reads [`Record::real_offset_ns`].
#[inline(always)]
pub(crate) fn real_offset_ns(record: &SlotView<'_, Record>) -> i64 {
    record.u64_at::<{ offset_of!(Record, real_offset_ns) }>().cast_signed()
}
