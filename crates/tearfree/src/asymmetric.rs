// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two fences that pair as `SeqCst` fences do, one of which costs nothing on Linux.
//!
//! Two threads each store to a word of their own and then load the other's, and at least one of them must see
//! the other's store (P8). One side is frequent: a writer that published, or that released a lock, checks
//! for waiters. The other side is about to sleep: it announced itself, and checks again for what it waits for.
//! The frequent side calls [`light`] between its two steps, the other side calls [`heavy`].
//!
//! `membarrier(2)` makes every running thread of the process execute a full barrier before it returns;
//! a thread that is not running has executed one when it was switched out. So at some moment between the
//! two steps of the heavy side, each other thread passes a full barrier. If a light side's load comes before
//! that barrier, its store does, too, and the heavy side sees the store; if the load comes after it, it sees
//! the announcement. The compiler must not move the light side's load above its store; that is all that is
//! left of its fence. C++ proposes the pair as P1202.
//!
//! Where the system has no such call, under the checker and under tools that do not know it, both are
//! `SeqCst` fences. Where the call is refused (an old kernel, a sandbox), [`heavy`] returns false, and the waiter
//! sleeps for a millisecond at a time.

#![allow(unsafe_code, reason = "a system call")]

use core::sync::atomic::{Ordering, compiler_fence};
use core::time::Duration;

use crate::order;

/// Whether the waiter's fence stands for both.
const IS_ASYMMETRIC: bool =
    cfg!(all(target_os = "linux", not(any(miri, tearfree_axm, tearfree_engine = "ordered"))));

/// The fence of the frequent side: between its store and the check for waiters.
#[inline(always)]
pub(crate) fn light() {
    if IS_ASYMMETRIC {
        // ORDERING: P8. The compiler's half of the fence; the waiter's call in `heavy` is the other one.
        compiler_fence(Ordering::SeqCst);
    } else {
        // ORDERING: P8. Pairs with the fence in `heavy`: one of the two sees the other.
        order::fence_publish();
    }
}

/// How long a waiter sleeps at most where [`heavy`] was refused.
pub(crate) const LONGEST_UNANNOUNCED_SLEEP: Duration = Duration::from_millis(1);

/// The fence of the waiting side: between its announcement and its second check. Returns whether it took place.
pub(crate) fn heavy() -> bool {
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
pub(crate) mod tests {
    use super::*;

    /// From here on, this thread gets an error from `membarrier`. `false` where the system has no filters.
    pub(crate) fn membarrier_is_refused() -> bool {
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
