// SPDX-License-Identifier: MIT OR Apache-2.0
//! Locks, conditions, semaphores, threads and message queues with deadlines.
//!
//! A deadline is a time that the program sees. It is converted to a time of the host once, when the
//! wait begins. If the clock is set during a wait, that wait ends as planned.

#![allow(unsafe_code, reason = "these functions are found by their C names")]

use libc::{c_int, c_uint, clockid_t, size_t, ssize_t, timespec};

use crate::convert::{ns_to_timespec, timespec_to_ns};
use crate::deadline::Moment;
use crate::next::{Pointer, interpose};
use tearfree_clock::ShownClock;

/// Converts a deadline to the host's monotonic clock. `None`: pass the clock and the deadline on as they
/// are.
fn host_deadline(id: clockid_t, deadline: Option<&timespec>) -> (clockid_t, Option<timespec>) {
    let host = || {
        let (clock, now) = (ShownClock::from_id(id)?, Moment::now()?);
        Some(ns_to_timespec(now.host_deadline(clock, timespec_to_ns(deadline?)?)))
    };
    match host() {
        Some(host) => (libc::CLOCK_MONOTONIC, Some(host)),
        None => (id, None),
    }
}

/// As [`host_deadline`], on the host's clock of the time of day, for functions that know no other.
fn host_realtime(deadline: Option<&timespec>) -> Option<timespec> {
    let (now, deadline_ns) = (Moment::now()?, timespec_to_ns(deadline?)?);
    Some(ns_to_timespec(now.host_deadline_on(ShownClock::Realtime, deadline_ns)))
}

/// The clock of a deadline whose function does not name one. `None`: no deadline to convert.
fn nearest_clock(deadline: Option<&timespec>) -> Option<clockid_t> {
    let (now, deadline_ns) = (Moment::now()?, timespec_to_ns(deadline?)?);
    Some(now.nearest_clock(deadline_ns).to_id())
}

/// `CLOCK_REALTIME`, for functions that imply it. `None`: no deadline to convert.
fn realtime(deadline: Option<&timespec>) -> Option<clockid_t> {
    nearest_clock(deadline).map(|_| libc::CLOCK_REALTIME)
}

// A function that implies its clock calls the variant that takes one, because only that can wait on the
// monotonic clock.
interpose! {
    /// `pthread_cond_timedwait(3)`. The clock of a condition is an attribute that cannot be read back.
    fn pthread_cond_timedwait(
        next; condition: Pointer, mutex: Pointer, deadline: Option<&timespec>
    ) -> c_int {
        match nearest_clock(deadline) {
            Some(id) => pthread_cond_clockwait(condition, mutex, id, deadline),
            None => next(condition, mutex, deadline),
        }
    }

    /// `pthread_cond_clockwait(3)`.
    fn pthread_cond_clockwait(
        next; condition: Pointer, mutex: Pointer, id: clockid_t, deadline: Option<&timespec>
    ) -> c_int {
        let (id, host) = host_deadline(id, deadline);
        next(condition, mutex, id, host.as_ref().or(deadline))
    }

    /// `pthread_mutex_timedlock(3)`.
    fn pthread_mutex_timedlock(next; mutex: Pointer, deadline: Option<&timespec>) -> c_int {
        match realtime(deadline) {
            Some(id) => pthread_mutex_clocklock(mutex, id, deadline),
            None => next(mutex, deadline),
        }
    }

    /// `pthread_mutex_clocklock(3)`.
    fn pthread_mutex_clocklock(
        next; mutex: Pointer, id: clockid_t, deadline: Option<&timespec>
    ) -> c_int {
        let (id, host) = host_deadline(id, deadline);
        next(mutex, id, host.as_ref().or(deadline))
    }

    /// `pthread_rwlock_timedrdlock(3)`.
    fn pthread_rwlock_timedrdlock(next; lock: Pointer, deadline: Option<&timespec>) -> c_int {
        match realtime(deadline) {
            Some(id) => pthread_rwlock_clockrdlock(lock, id, deadline),
            None => next(lock, deadline),
        }
    }

    /// `pthread_rwlock_clockrdlock(3)`.
    fn pthread_rwlock_clockrdlock(
        next; lock: Pointer, id: clockid_t, deadline: Option<&timespec>
    ) -> c_int {
        let (id, host) = host_deadline(id, deadline);
        next(lock, id, host.as_ref().or(deadline))
    }

    /// `pthread_rwlock_timedwrlock(3)`.
    fn pthread_rwlock_timedwrlock(next; lock: Pointer, deadline: Option<&timespec>) -> c_int {
        match realtime(deadline) {
            Some(id) => pthread_rwlock_clockwrlock(lock, id, deadline),
            None => next(lock, deadline),
        }
    }

    /// `pthread_rwlock_clockwrlock(3)`.
    fn pthread_rwlock_clockwrlock(
        next; lock: Pointer, id: clockid_t, deadline: Option<&timespec>
    ) -> c_int {
        let (id, host) = host_deadline(id, deadline);
        next(lock, id, host.as_ref().or(deadline))
    }

    /// `sem_timedwait(3)`.
    fn sem_timedwait(next; semaphore: Pointer, deadline: Option<&timespec>) -> c_int {
        match realtime(deadline) {
            Some(id) => sem_clockwait(semaphore, id, deadline),
            None => next(semaphore, deadline),
        }
    }

    /// `sem_clockwait(3)`.
    fn sem_clockwait(
        next; semaphore: Pointer, id: clockid_t, deadline: Option<&timespec>
    ) -> c_int {
        let (id, host) = host_deadline(id, deadline);
        next(semaphore, id, host.as_ref().or(deadline))
    }

    /// `pthread_timedjoin_np(3)`. A thread's ID fills a register, as an address does.
    fn pthread_timedjoin_np(
        next; thread: Pointer, result: Pointer, deadline: Option<&timespec>
    ) -> c_int {
        match realtime(deadline) {
            Some(id) => pthread_clockjoin_np(thread, result, id, deadline),
            None => next(thread, result, deadline),
        }
    }

    /// `pthread_clockjoin_np(3)`.
    fn pthread_clockjoin_np(
        next; thread: Pointer, result: Pointer, id: clockid_t, deadline: Option<&timespec>
    ) -> c_int {
        let (id, host) = host_deadline(id, deadline);
        next(thread, result, id, host.as_ref().or(deadline))
    }

    /// `cnd_timedwait(3)`, which does not call `pthread_cond_timedwait` inside the C library.
    fn cnd_timedwait(
        next; condition: Pointer, mutex: Pointer, deadline: Option<&timespec>
    ) -> c_int {
        let host = host_realtime(deadline);
        next(condition, mutex, host.as_ref().or(deadline))
    }

    /// `mtx_timedlock(3)`, which does not call `pthread_mutex_timedlock` inside the C library.
    fn mtx_timedlock(next; mutex: Pointer, deadline: Option<&timespec>) -> c_int {
        let host = host_realtime(deadline);
        next(mutex, host.as_ref().or(deadline))
    }

    /// `mq_timedsend(3)`.
    fn mq_timedsend(
        next; queue: c_int, message: Pointer, size: size_t, priority: c_uint,
        deadline: Option<&timespec>
    ) -> c_int {
        let host = host_realtime(deadline);
        next(queue, message, size, priority, host.as_ref().or(deadline))
    }

    /// `mq_timedreceive(3)`.
    fn mq_timedreceive(
        next; queue: c_int, message: Pointer, size: size_t, priority: Pointer,
        deadline: Option<&timespec>
    ) -> ssize_t {
        let host = host_realtime(deadline);
        next(queue, message, size, priority, host.as_ref().or(deadline))
    }
}
