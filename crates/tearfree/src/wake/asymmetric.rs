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

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;

    /// From here on, this thread gets an error from `membarrier`. `false` where the system has no filters.
    fn membarrier_is_refused() -> bool {
        let statement =
            |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
        let number = core::mem::offset_of!(libc::seccomp_data, nr) as u32;
        let compare = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
        let mut program = [
            statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, number),
            // Another call leaves the next statement out.
            libc::sock_filter { jf: 1, ..statement(compare, libc::SYS_membarrier as u32) },
            statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
            statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW),
        ];
        let filter = libc::sock_fprog { len: 4, filter: program.as_mut_ptr() };
        // SAFETY: the call takes numbers only.
        let no_new_privileges = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
        let mode = libc::SECCOMP_MODE_FILTER;
        // SAFETY: the filter and its four statements are alive for the length of the call.
        let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const filter) };
        no_new_privileges == 0 && set == 0
    }

    #[test]
    fn a_fence_that_is_refused_has_not_taken_place() {
        let refused = std::thread::spawn(|| membarrier_is_refused().then(heavy));
        match refused.join().unwrap() {
            Some(took_place) => assert_eq!(took_place, !IS_ASYMMETRIC),
            None => println!("not tested: this system has no seccomp"),
        }
    }
}
