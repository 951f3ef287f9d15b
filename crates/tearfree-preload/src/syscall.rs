// SPDX-License-Identifier: MIT OR Apache-2.0
//! `syscall(2)`, through which Rust's standard library and others wait on futexes.

#![allow(
    unsafe_code,
    reason = "this function is found by its C name, and takes addresses as numbers"
)]

use core::ptr;

use libc::{c_int, c_long, timespec};

use crate::convert::{ns_to_timespec, timespec_to_ns};
use crate::deadline::{Moment, host_timeout};
#[cfg(target_arch = "x86_64")]
use crate::gettime::time;
use crate::gettime::{clock_gettime, gettimeofday};
use crate::host::errno_result;
use crate::next::interpose;
use crate::sleep::{clock_nanosleep, nanosleep};
use tearfree_clock::ShownClock;

/// `FUTEX_CMD_MASK` of the kernel: the operation without its flags.
const COMMAND: c_int = !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME);

interpose! {
    /// `syscall(2)`. In C it is variadic; here all six registers are passed on, used or not.
    fn syscall(
        next; number: c_long, a: c_long, b: c_long, c: c_long, d: c_long, e: c_long, f: c_long
    ) -> c_long {
        match number {
            libc::SYS_futex => {
                let timeout = futex_timeout(b, d);
                let d = timeout.as_ref().map_or(d, |host| address(ptr::from_ref(host)));
                next(number, a, b, c, d, e, f)
            }
            libc::SYS_clock_gettime => c_long::from(clock_gettime(to_int(a), pointee_mut(b))),
            libc::SYS_gettimeofday => {
                c_long::from(gettimeofday(pointee_mut(a), ptr::with_exposed_provenance_mut(b as usize)))
            }
            #[cfg(target_arch = "x86_64")]
            libc::SYS_time => time(pointee_mut(a)),
            libc::SYS_nanosleep => c_long::from(nanosleep(pointee(a), pointee_mut(b))),
            libc::SYS_clock_nanosleep => {
                let error = clock_nanosleep(to_int(a), to_int(b), pointee(c), pointee_mut(d));
                c_long::from(errno_result(error))
            }
            _ => next(number, a, b, c, d, e, f),
        }
    }
}

/// Converts the timeout of a futex operation for the host. `None`: pass it on as it is.
fn futex_timeout(operation: c_long, timeout: c_long) -> Option<timespec> {
    let operation = to_int(operation);
    let is_realtime = operation & libc::FUTEX_CLOCK_REALTIME != 0;
    let clock = match operation & COMMAND {
        libc::FUTEX_WAIT => return host_timeout(pointee(timeout)),
        libc::FUTEX_WAIT_BITSET | libc::FUTEX_WAIT_REQUEUE_PI | libc::FUTEX_LOCK_PI2 => {
            if is_realtime {
                ShownClock::Realtime
            } else {
                ShownClock::Monotonic
            }
        }
        libc::FUTEX_LOCK_PI => ShownClock::Realtime,
        _ => return None,
    };
    let (now, deadline_ns) = (Moment::now()?, timespec_to_ns(pointee(timeout)?)?);
    Some(ns_to_timespec(now.host_deadline_on(clock, deadline_ns)))
}

/// Takes the lower half of a register, which is all that the kernel uses of an `int` argument.
fn to_int(register: c_long) -> c_int {
    register as c_int
}

fn address<T>(pointer: *const T) -> c_long {
    pointer.expose_provenance().cast_signed() as c_long
}

/// Dereferences the address in a register; `None` if it is null.
fn pointee<'a, T>(register: c_long) -> Option<&'a T> {
    let pointer = ptr::with_exposed_provenance::<T>(register as usize);
    // SAFETY: the caller gave it to the kernel as the address of such a value, or null.
    unsafe { pointer.as_ref() }
}

/// As [`pointee`], for the caller's buffer of a result.
fn pointee_mut<'a, T>(register: c_long) -> Option<&'a mut T> {
    let pointer = ptr::with_exposed_provenance_mut::<T>(register as usize);
    // SAFETY: the caller gave it to the kernel to write such a value there, or it is null.
    unsafe { pointer.as_mut() }
}
