// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two fences that pair as `SeqCst` fences do, of which the writer's costs nothing on Linux.
//!
//! `membarrier(2)` makes every running thread of the process execute a full barrier before it returns;
//! a thread that is not running has executed one when it was switched out. So at some moment between the
//! waiter's announcement and its second look at the version, each writer's thread passes a full barrier:
//! a writer whose look for waiters came before that barrier published before it, too, and the waiter sees
//! the new version; one that looks after it sees the announcement. The compiler must not move the
//! writer's load above its store; that is all that is left of its fence. C++ proposes the pair as P1202.
//!
//! Where the system has no such call, under the checker and under tools that do not know it, both are
//! `SeqCst` fences. Where the call is refused (an old kernel, a sandbox), the waiter is told, and sleeps
//! in slices.

#![allow(unsafe_code, reason = "a system call")]

use core::sync::atomic::{Ordering, compiler_fence};

use crate::order;

/// Whether the waiter's fence stands for both.
const IS_ASYMMETRIC: bool =
    cfg!(all(target_os = "linux", not(any(miri, tearfree_axm, tearfree_engine = "ordered"))));

/// The writer's fence: between publishing and the look for waiters.
#[inline(always)]
pub(super) fn light() {
    if IS_ASYMMETRIC {
        // ORDERING: P8. The compiler's half of the fence; the waiter's call in `heavy` is the other one.
        compiler_fence(Ordering::SeqCst);
    } else {
        // ORDERING: P8. Pairs with the fence in `heavy`: one of the two sees the other.
        order::fence_publish();
    }
}

/// The waiter's fence: between announcing itself and the look at the version. Whether it took place.
pub(super) fn heavy() -> bool {
    /// From `linux/membarrier.h`.
    const PRIVATE_EXPEDITED: core::ffi::c_long = 1 << 3;
    const REGISTER_PRIVATE_EXPEDITED: core::ffi::c_long = 1 << 4;
    if IS_ASYMMETRIC {
        // The process is registered at the first use, and in a child again if need be.
        return membarrier(PRIVATE_EXPEDITED)
            || membarrier(REGISTER_PRIVATE_EXPEDITED) && membarrier(PRIVATE_EXPEDITED);
    }
    // ORDERING: P8. Pairs with the fence in `light`: one of the two sees the other.
    order::fence_announce();
    true
}

#[cfg(target_os = "linux")]
fn membarrier(command: core::ffi::c_long) -> bool {
    // SAFETY: the call takes numbers, and touches no memory of this process.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0_u32, 0) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn membarrier(_command: core::ffi::c_long) -> bool {
    false
}
