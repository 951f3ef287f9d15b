// SPDX-License-Identifier: MIT OR Apache-2.0
//! `local_irq_save`, `local_bh_disable` and their siblings: signal masks of this thread (P10).

#![allow(unsafe_code, reason = "functions for C")]

use core::cell::Cell;
use core::ffi::{c_int, c_ulong};

use tearfree::context::{Bh, Irq, IrqSave, Mask, SavedContext, bottom_half_signals};

use super::error::{Number, fallible};

/// Keeps asynchronous signals out and gives the mask before.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_irq_save() -> c_ulong {
    IrqSave::enter().to_bits()
}

/// Restores a mask that [`tearfree_irq_save`] gave.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_irq_restore(flags: c_ulong) {
    IrqSave::leave(Mask::from_bits(flags));
}

/// Keeps asynchronous signals out.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_irq_disable() {
    Irq::enter();
}

/// Lets all asynchronous signals in, but for the bottom halves while they are kept out.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_irq_enable() {
    if BOTTOM_HALVES_OUT.with(|out| out.depth.get()) == 0 {
        return Irq::leave(());
    }
    // One change of the mask, so that no bottom half slips in between two.
    let before = IrqSave::enter().to_bits();
    let bottom_halves = bottom_half_signals().fold(0, |bits, signal| bits | 1 << (signal - 1));
    IrqSave::leave(Mask::from_bits(before & !Mask::asynchronous().to_bits() | bottom_halves));
}

/// How often this thread keeps bottom halves out, and the mask before the first time.
struct BottomHalvesOut {
    depth: Cell<u32>,
    before: Cell<u64>,
}

thread_local! {
    static BOTTOM_HALVES_OUT: BottomHalvesOut =
        const { BottomHalvesOut { depth: Cell::new(0), before: Cell::new(0) } };
}

/// Keeps the bottom-half signals out; sections nest.
///
/// A handler of another signal may come between any two steps and open and close sections of its own.
/// It finds the depth counted up already, so it leaves `before` alone, and the kernel restores the mask
/// when it returns.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_bh_disable() {
    BOTTOM_HALVES_OUT.with(|out| {
        let depth = out.depth.get();
        out.depth.set(depth + 1);
        let before = Bh::enter();
        if depth == 0 {
            out.before.set(before.to_bits());
        }
    });
}

/// Ends a section of [`tearfree_bh_disable`]; the end of the outermost one restores the mask.
///
/// # Panics
/// If no section is open; that ends the program.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_bh_enable() {
    BOTTOM_HALVES_OUT.with(|out| {
        let (depth, before) = (out.depth.get(), out.before.get());
        assert!(depth > 0, "local_bh_enable without local_bh_disable");
        out.depth.set(depth - 1);
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
            // SAFETY: `count` is not zero, so `signals` points to as many numbers.
            _ => unsafe { core::slice::from_raw_parts(signals, count) },
        };
        tearfree::context::set_bottom_half_signals(chosen)
            .map_err(|error| (Number::Signal, error.to_string()))
    })
}
