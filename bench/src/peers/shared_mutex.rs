// SPDX-License-Identifier: MIT OR Apache-2.0
//! What most programs share a value with: shared memory, and in it a mutex for processes.

#![allow(unsafe_code, reason = "a mutex of the C library, and shared memory")]

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::ptr::{NonNull, null_mut};

use crate::contestant::{Direct, Held};

pub(crate) type SharedMutex<T> = Held<InSharedMemory<T>>;

struct Inside<T> {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    value: UnsafeCell<T>,
}

/// Anonymous shared memory costs what shared memory of a file costs.
pub(crate) struct InSharedMemory<T>(NonNull<Inside<T>>);

// SAFETY: the value is touched only by whoever holds the mutex.
unsafe impl<T: Send> Send for InSharedMemory<T> {}

// SAFETY: as above.
unsafe impl<T: Send> Sync for InSharedMemory<T> {}

impl<T: Copy> InSharedMemory<T> {
    #[inline(always)]
    fn locked<R>(&self, work: impl FnOnce(*mut T) -> R) -> R {
        // SAFETY: `new` made it, and `drop` has not come yet.
        let inside = unsafe { self.0.as_ref() };
        // SAFETY: an initialised mutex.
        unsafe { libc::pthread_mutex_lock(inside.mutex.get()) };
        let result = work(inside.value.get());
        // SAFETY: this thread has locked it.
        unsafe { libc::pthread_mutex_unlock(inside.mutex.get()) };
        result
    }
}

impl<T: Copy + Send> Direct<T> for InSharedMemory<T> {
    const NAME: &'static str = "mutex in shared memory";

    fn new(value: T) -> Self {
        let (protection, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping, at an address that the system chooses.
        let memory =
            unsafe { libc::mmap(null_mut(), size_of::<Inside<T>>(), protection, flags, -1, 0) };
        assert_ne!(memory, libc::MAP_FAILED, "shared memory");
        let inside = NonNull::new(memory.cast::<Inside<T>>()).expect("never at address zero");
        let inside_value =
            Inside { mutex: UnsafeCell::new(process_mutex()), value: UnsafeCell::new(value) };
        // SAFETY: as much was mapped, aligned to a page of memory.
        unsafe { inside.write(inside_value) };
        Self(inside)
    }

    #[inline(always)]
    fn read(&self) -> T {
        // SAFETY: the mutex is held.
        self.locked(|value| unsafe { *value })
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        // SAFETY: the mutex is held.
        self.locked(|value| *out = unsafe { *value });
    }

    #[inline(always)]
    fn set(&self, new: &T) {
        // SAFETY: the mutex is held.
        self.locked(|value| unsafe { *value = *new });
    }
}

/// A mutex that nobody has locked yet may be moved to where it is to be.
fn process_mutex() -> libc::pthread_mutex_t {
    let mut attributes = MaybeUninit::uninit();
    let mut mutex = MaybeUninit::uninit();
    // SAFETY: initialises the attributes.
    unsafe { libc::pthread_mutexattr_init(attributes.as_mut_ptr()) };
    // SAFETY: the attributes are initialised.
    unsafe {
        libc::pthread_mutexattr_setpshared(attributes.as_mut_ptr(), libc::PTHREAD_PROCESS_SHARED)
    };
    // SAFETY: initialises the mutex from initialised attributes.
    unsafe { libc::pthread_mutex_init(mutex.as_mut_ptr(), attributes.as_ptr()) };
    // SAFETY: it was just initialised.
    unsafe { mutex.assume_init() }
}

impl<T> Drop for InSharedMemory<T> {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, and nobody uses it any more.
        unsafe { libc::munmap(self.0.as_ptr().cast(), size_of::<Inside<T>>()) };
    }
}
