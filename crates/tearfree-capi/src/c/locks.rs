// SPDX-License-Identifier: MIT OR Apache-2.0
//! `struct mutex` and `rwlock_t` of the C headers: locks whose waiters sleep.

#![allow(unsafe_code, reason = "functions for C, and bare locks")]

use core::ffi::c_int;

use lock_api::RawRwLock as _;
use parking_lot::RawRwLock;
use tearfree::DefaultLock;
use tearfree::lock::WriterLock;

// C initialises a lock by zeros, and asserts these sizes itself.
const _: () = {
    assert!(size_of::<DefaultLock>() == 1);
    assert!(size_of::<RawRwLock>() == 8);
    // SAFETY: one byte without a pointer in it, moved by value; any byte is a `u8`.
    let unlocked = unsafe { core::mem::transmute::<DefaultLock, u8>(DefaultLock::UNLOCKED) };
    assert!(unlocked == 0, "`__MUTEX_INITIALIZER` in linux/mutex.h is not an unlocked lock");
    // SAFETY: eight bytes without a pointer in them, moved by value; any bytes are a `u64`.
    let unlocked = unsafe { core::mem::transmute::<RawRwLock, u64>(RawRwLock::INIT) };
    assert!(unlocked == 0, "`__RW_LOCK_UNLOCKED` in linux/rwlock.h is not an unlocked lock");
};

/// Takes the lock.
///
/// # Safety
/// `lock` points to a living `struct mutex` that this thread does not hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_mutex_lock(lock: *const DefaultLock) {
    // SAFETY: P11, by the caller's promise.
    let lock = unsafe { &*lock };
    lock.lock();
}

/// Takes the lock if it is free. Returns 1 if it was taken, else 0.
///
/// # Safety
/// `lock` points to a living `struct mutex`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_mutex_trylock(lock: *const DefaultLock) -> c_int {
    // SAFETY: P11, by the caller's promise.
    let lock = unsafe { &*lock };
    c_int::from(lock.try_lock().is_some())
}

/// Releases the lock.
///
/// # Safety
/// `lock` points to a living `struct mutex` that this thread holds.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_mutex_unlock(lock: *const DefaultLock) {
    // SAFETY: P11, by the caller's promise.
    let lock = unsafe { &*lock };
    // SAFETY: P5, by the caller's promise that this thread holds it.
    unsafe { lock.unlock(()) };
}

/// Takes the lock for reading.
///
/// # Safety
/// `lock` points to a living `rwlock_t` that this thread does not hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_read_lock(lock: *const RawRwLock) {
    // SAFETY: P11, by the caller's promise.
    let lock = unsafe { &*lock };
    lock.lock_shared();
}

/// Takes the lock for reading if no writer holds it. Returns 1 if it was taken, else 0.
///
/// # Safety
/// `lock` points to a living `rwlock_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_read_trylock(lock: *const RawRwLock) -> c_int {
    // SAFETY: P11, by the caller's promise.
    let lock = unsafe { &*lock };
    c_int::from(lock.try_lock_shared())
}

/// Releases the lock that was taken for reading.
///
/// # Safety
/// `lock` points to a living `rwlock_t` that this thread holds for reading.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_read_unlock(lock: *const RawRwLock) {
    // SAFETY: P11, by the caller's promise.
    let lock = unsafe { &*lock };
    // SAFETY: by the caller's promise that this thread holds it for reading.
    unsafe { lock.unlock_shared() };
}

/// Takes the lock for writing.
///
/// # Safety
/// `lock` points to a living `rwlock_t` that this thread does not hold.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_write_lock(lock: *const RawRwLock) {
    // SAFETY: P11, by the caller's promise.
    let lock = unsafe { &*lock };
    lock.lock_exclusive();
}

/// Takes the lock for writing if it is free. Returns 1 if it was taken, else 0.
///
/// # Safety
/// `lock` points to a living `rwlock_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_write_trylock(lock: *const RawRwLock) -> c_int {
    // SAFETY: P11, by the caller's promise.
    let lock = unsafe { &*lock };
    c_int::from(lock.try_lock_exclusive())
}

/// Releases the lock that was taken for writing.
///
/// # Safety
/// `lock` points to a living `rwlock_t` that this thread holds for writing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_write_unlock(lock: *const RawRwLock) {
    // SAFETY: P11, by the caller's promise.
    let lock = unsafe { &*lock };
    // SAFETY: P5, by the caller's promise that this thread holds it for writing.
    unsafe { lock.unlock_exclusive() };
}
