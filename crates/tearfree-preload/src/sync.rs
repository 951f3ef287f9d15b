// SPDX-License-Identifier: MIT OR Apache-2.0
//! Locks, conditions, semaphores, threads and message queues with deadlines.
//!
//! A deadline is a time that the program sees. It is translated once, when the wait begins, to the
//! host's monotonic clock; if the clock is moved while somebody waits, that wait ends as planned.

#![allow(unsafe_code, reason = "these functions are found by their C names")]

use core::ffi::c_void;

use libc::{c_int, c_uint, clockid_t, size_t, ssize_t, timespec};

use crate::deadline::{Kind, Moment, ns_of, timespec_of};
use crate::next::{interpose, original};

type Place = *mut c_void;

/// The host's monotonic deadline. Without a clock given it is the one that is nearer.
fn host_deadline(kind: Option<Kind>, deadline: Option<&timespec>) -> Option<timespec> {
    let (now, deadline_ns) = (Moment::now()?, ns_of(deadline?)?);
    let kind = kind.unwrap_or_else(|| now.kind_of(deadline_ns));
    Some(timespec_of(now.host_deadline(kind, deadline_ns)))
}

/// The same moment by the host's clock of the time of day, for functions that know no other.
fn host_realtime(deadline: Option<&timespec>) -> Option<timespec> {
    let (now, deadline_ns) = (Moment::now()?, ns_of(deadline?)?);
    Some(timespec_of(now.host_deadline_by(Kind::Realtime, deadline_ns)))
}

/// Defines pairs: a function whose clock is implied, and one that is told the clock. Both wait by the
/// second of the C library, until a time of the host's monotonic clock.
macro_rules! deadlines {
    ($($timed:ident, $clocked:ident, ($($arg:ident),*), $kind:expr;)+) => {
        $(
            interpose! {
                /// The function of this name, until a time of the clock that is shown.
                fn $timed(next; $($arg: Place,)* deadline: Option<&timespec>) -> c_int {
                    let clocked = original!($clocked:
                        extern "C" fn($(deadlines!(@type $arg),)* clockid_t, Option<&timespec>)
                            -> c_int);
                    match host_deadline($kind, deadline) {
                        Some(host) => clocked($($arg,)* libc::CLOCK_MONOTONIC, Some(&host)),
                        None => next($($arg,)* deadline),
                    }
                }

                /// The function of this name, until a time of the clock that is shown.
                fn $clocked(
                    next; $($arg: Place,)* id: clockid_t, deadline: Option<&timespec>
                ) -> c_int {
                    let kind = Kind::of(id);
                    match kind.and_then(|kind| host_deadline(Some(kind), deadline)) {
                        Some(host) => next($($arg,)* libc::CLOCK_MONOTONIC, Some(&host)),
                        None => next($($arg,)* id, deadline),
                    }
                }
            }
        )+
    };
    (@type $arg:ident) => { Place };
}

deadlines! {
    // The clock of a condition is one of its attributes, which nobody can ask it for.
    pthread_cond_timedwait, pthread_cond_clockwait, (condition, mutex), None;
    pthread_mutex_timedlock, pthread_mutex_clocklock, (mutex), Some(Kind::Realtime);
    pthread_rwlock_timedrdlock, pthread_rwlock_clockrdlock, (lock), Some(Kind::Realtime);
    pthread_rwlock_timedwrlock, pthread_rwlock_clockwrlock, (lock), Some(Kind::Realtime);
    sem_timedwait, sem_clockwait, (semaphore), Some(Kind::Realtime);
    // A thread's name fills a register, as an address does.
    pthread_timedjoin_np, pthread_clockjoin_np, (thread, result), Some(Kind::Realtime);
}

interpose! {
    /// `cnd_timedwait(3)`. Inside of the C library it does not go through the function above.
    fn cnd_timedwait(
        next; condition: Place, mutex: Place, deadline: Option<&timespec>
    ) -> c_int {
        let host = host_realtime(deadline);
        next(condition, mutex, host.as_ref().or(deadline))
    }

    /// `mtx_timedlock(3)`, likewise.
    fn mtx_timedlock(next; mutex: Place, deadline: Option<&timespec>) -> c_int {
        let host = host_realtime(deadline);
        next(mutex, host.as_ref().or(deadline))
    }

    /// `mq_timedsend(3)`.
    fn mq_timedsend(
        next; queue: c_int, message: Place, size: size_t, priority: c_uint,
        deadline: Option<&timespec>
    ) -> c_int {
        let host = host_realtime(deadline);
        next(queue, message, size, priority, host.as_ref().or(deadline))
    }

    /// `mq_timedreceive(3)`.
    fn mq_timedreceive(
        next; queue: c_int, message: Place, size: size_t, priority: Place,
        deadline: Option<&timespec>
    ) -> ssize_t {
        let host = host_realtime(deadline);
        next(queue, message, size, priority, host.as_ref().or(deadline))
    }
}
