// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions behind `local_irq_*` and `local_bh_*`: signal masks of this thread (P10).

#![allow(unsafe_code, reason = "functions for C")]

use core::cell::Cell;
use core::ffi::{c_int, c_ulong};

use tearfree::context::{Bh, Irq, IrqSave, Mask, SavedContext, bottom_half_signals};

use super::error::{ErrorNumber, fallible};

/// Blocks asynchronous signals, and returns the previous mask.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_irq_save() -> c_ulong {
    IrqSave::enter().to_bits()
}

/// Restores a mask that [`tearfree_irq_save`] returned.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_irq_restore(flags: c_ulong) {
    IrqSave::leave(Mask::from_bits(flags));
}

/// Blocks asynchronous signals.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_irq_disable() {
    Irq::enter();
}

/// Unblocks all asynchronous signals, except bottom-half signals while they are disabled.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_irq_enable() {
    if BOTTOM_HALF_SECTIONS.with(|sections| sections.depth.get()) == 0 {
        return Irq::leave(());
    }
    // One change of the mask, so that no bottom half arrives between two.
    let before = IrqSave::enter().to_bits();
    let bottom_halves = bottom_half_signals().fold(0, |bits, signal| bits | 1 << (signal - 1));
    IrqSave::leave(Mask::from_bits(before & !Mask::asynchronous().to_bits() | bottom_halves));
}

/// How many sections of this thread disable bottom halves, and the mask before the first.
struct BottomHalfSections {
    depth: Cell<u32>,
    before: Cell<u64>,
}

thread_local! {
    static BOTTOM_HALF_SECTIONS: BottomHalfSections =
        const { BottomHalfSections { depth: Cell::new(0), before: Cell::new(0) } };
}

/// Blocks the bottom-half signals; sections nest.
///
/// A handler of another signal may run between any two steps, with sections of its own. The depth is
/// counted up first, so the handler does not change `before`, and the kernel restores the mask when it
/// returns.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_bh_disable() {
    BOTTOM_HALF_SECTIONS.with(|sections| {
        let depth = sections.depth.get();
        sections.depth.set(depth + 1);
        let before = Bh::enter();
        if depth == 0 {
            sections.before.set(before.to_bits());
        }
    });
}

/// Ends a section of [`tearfree_bh_disable`]; the outermost one restores the mask.
///
/// # Panics
/// If no section is open; that aborts the program.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_bh_enable() {
    BOTTOM_HALF_SECTIONS.with(|sections| {
        let (depth, before) = (sections.depth.get(), sections.before.get());
        assert!(depth > 0, "local_bh_enable without local_bh_disable");
        sections.depth.set(depth - 1);
        if depth == 1 {
            Bh::leave(Mask::from_bits(before));
        }
    });
}

/// Chooses the signals that count as bottom halves, for the whole process.
///
/// # Safety
/// `signals` points to `count` numbers, or `count` is zero.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_set_bottom_half_signals(
    signals: *const c_int,
    count: usize,
) -> c_int {
    fallible(|| {
        let chosen = match count {
            0 => &[][..],
            // SAFETY: by the caller's promise.
            _ => unsafe { core::slice::from_raw_parts(signals, count) },
        };
        tearfree::context::set_bottom_half_signals(chosen)
            .map_err(|error| (ErrorNumber::Signal, error.to_string()))
    })
}
