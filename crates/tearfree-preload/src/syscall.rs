// SPDX-License-Identifier: MIT OR Apache-2.0
//! `syscall(2)`: Rust's standard library and others wait on futexes through it.

#![allow(
    unsafe_code,
    reason = "this function is found by its C name, and takes addresses as numbers"
)]

use core::ptr;

use libc::{c_int, c_long, timespec};

use crate::deadline::{Kind, Moment, ns_of, scaled, timespec_of};
use crate::next::interpose;
use crate::sleep::{clock_nanosleep, nanosleep, set_errno};
#[cfg(target_arch = "x86_64")]
use crate::tell::time;
use crate::tell::{clock_gettime, gettimeofday};

/// `FUTEX_CMD_MASK` of the kernel: the operation without its flags.
const COMMAND: c_int = !(libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME);

interpose! {
    /// `syscall(2)`. It has no fixed number of arguments in C; more than are given may be passed on.
    fn syscall(
        next; number: c_long, a: c_long, b: c_long, c: c_long, d: c_long, e: c_long, f: c_long
    ) -> c_long {
        match number {
            libc::SYS_futex => {
                let timeout = timeout_of(b, d);
                let d = timeout.as_ref().map_or(d, |host| address(ptr::from_ref(host)));
                next(number, a, b, c, d, e, f)
            }
            libc::SYS_clock_gettime => c_long::from(clock_gettime(id(a), place(b))),
            libc::SYS_gettimeofday => {
                c_long::from(gettimeofday(place(a), ptr::with_exposed_provenance_mut(b as usize)))
            }
            #[cfg(target_arch = "x86_64")]
            libc::SYS_time => time(place(a)),
            libc::SYS_nanosleep => c_long::from(nanosleep(seen(a), place(b))),
            libc::SYS_clock_nanosleep => {
                match clock_nanosleep(id(a), id(b), seen(c), place(d)) {
                    0 => 0,
                    error => {
                        set_errno(error);
                        -1
                    }
                }
            }
            _ => next(number, a, b, c, d, e, f),
        }
    }
}

/// The timeout of a futex operation as the host has to wait for it; `None`: leave it as it is.
fn timeout_of(operation: c_long, timeout: c_long) -> Option<timespec> {
    let operation = id(operation);
    let is_realtime = operation & libc::FUTEX_CLOCK_REALTIME != 0;
    let kind = match operation & COMMAND {
        libc::FUTEX_WAIT => return scaled(seen(timeout)),
        libc::FUTEX_WAIT_BITSET | libc::FUTEX_WAIT_REQUEUE_PI | libc::FUTEX_LOCK_PI2 => {
            if is_realtime {
                Kind::Realtime
            } else {
                Kind::Monotonic
            }
        }
        libc::FUTEX_LOCK_PI => Kind::Realtime,
        _ => return None,
    };
    let (now, deadline_ns) = (Moment::now()?, ns_of(seen(timeout)?)?);
    Some(timespec_of(now.host_deadline_by(kind, deadline_ns)))
}

/// Numbers of system calls are registers; the kernel looks at their lower half here.
fn id(register: c_long) -> c_int {
    register as c_int
}

fn address<T>(place: *const T) -> c_long {
    place.expose_provenance().cast_signed() as c_long
}

/// What a register points to.
fn seen<'a, T>(register: c_long) -> Option<&'a T> {
    let place = ptr::with_exposed_provenance::<T>(register as usize);
    // SAFETY: the caller gave it to the kernel as the address of such a value, or null.
    unsafe { place.as_ref() }
}

fn place<'a, T>(register: c_long) -> Option<&'a mut T> {
    let place = ptr::with_exposed_provenance_mut::<T>(register as usize);
    // SAFETY: the caller gave it to the kernel to write such a value there, or it is null.
    unsafe { place.as_mut() }
}
