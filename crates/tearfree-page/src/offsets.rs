// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where the count and the slots of a page are, in numbers; `layout.rs` compares them with its types. `tearfree-vdso`
//! compiles this file, too.

/// The unit of the layout, a cache line: fields that change at different times are in different lines.
pub const LINE: usize = 64;
/// The offset of the count of the two slots.
pub(crate) const COUNT: usize = 2 * LINE;
/// How often a reader tries to copy a value before it gives up. No correct writer laps a reader a
/// thousand times in a row.
pub const MAX_ATTEMPTS: u32 = 1000;
/// The offset of slot 0. The two slots follow the header, and the schema follows the slots, so the
/// offsets of the slots are constants for a reader that knows the type of the payload.
pub const SLOTS: usize = 7 * LINE;
/// The offset of the payload in its slot, behind the [`Stamp`](crate::layout::Stamp).
pub const PAYLOAD: usize = LINE;

/// Returns the distance from slot 0 to slot 1 for a payload of `payload` bytes.
#[must_use]
pub const fn stride(payload: usize) -> usize {
    PAYLOAD + payload.next_multiple_of(LINE)
}
