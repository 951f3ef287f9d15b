// SPDX-License-Identifier: MIT OR Apache-2.0
//! `futex(2)`: the kernel compares the word and puts the thread to sleep in one step.

use core::ptr;
use core::sync::atomic::AtomicU32;
use std::time::Instant;

/// Sleeps while `word` is `expected`, until [`wake_all`] or `deadline`. May wake spuriously.
pub(in crate::wake) fn while_equal(word: &AtomicU32, expected: u32, deadline: Option<Instant>) {
    let left = deadline.map(|deadline| {
        let left = deadline.saturating_duration_since(Instant::now());
        libc::timespec {
            tv_sec: left.as_secs().try_into().unwrap_or(libc::time_t::MAX),
            tv_nsec: left.subsec_nanos().into(),
        }
    });
    // SAFETY: `word` is an aligned word that outlives the call; the time is a valid one, or null.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            expected,
            left.as_ref().map_or(ptr::null(), ptr::from_ref),
        );
    }
}

/// Wakes all threads that sleep on `word`.
pub(in crate::wake) fn wake_all(word: &AtomicU32) {
    // SAFETY: the kernel takes the address as a name and does not touch the word.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
            i32::MAX,
        );
    }
}
