// SPDX-License-Identifier: MIT OR Apache-2.0
//! A value in shared memory, protected by a process-shared mutex: what most programs use.

#![allow(unsafe_code, reason = "a mutex of the C library")]

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

use crate::contestant::{ByReference, Direct};
use crate::shared_memory::SharedMemory;

pub(crate) type SharedMutex<T> = ByReference<InSharedMemory<T>>;

struct Inside<T> {
    mutex: UnsafeCell<libc::pthread_mutex_t>,
    value: UnsafeCell<T>,
}

pub(crate) struct InSharedMemory<T>(SharedMemory<Inside<T>>);

// SAFETY: the value is accessed under the mutex only, and moves with its mapping.
unsafe impl<T: Send> Send for InSharedMemory<T> {}

// SAFETY: the mutex excludes concurrent accesses.
unsafe impl<T: Send> Sync for InSharedMemory<T> {}

impl<T: Copy> InSharedMemory<T> {
    #[inline(always)]
    fn locked<R>(&self, work: impl FnOnce(*mut T) -> R) -> R {
        let inside = self.0.get();
        // SAFETY: `new` initialised the mutex, which stays where it is mapped.
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
        let (mutex, value) = (UnsafeCell::new(process_mutex()), UnsafeCell::new(value));
        Self(SharedMemory::new(Inside { mutex, value }))
    }

    #[inline(always)]
    fn read(&self) -> T {
        // SAFETY: the mutex is held, so no other thread accesses the value.
        self.locked(|value| unsafe { *value })
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        // SAFETY: the mutex is held, so no other thread accesses the value.
        self.locked(|value| *out = unsafe { *value });
    }

    #[inline(always)]
    fn set(&self, new: &T) {
        // SAFETY: the mutex is held, so no other thread accesses the value.
        self.locked(|value| unsafe { *value = *new });
    }
}

/// Creates a process-shared mutex. It can be moved until it is first locked.
fn process_mutex() -> libc::pthread_mutex_t {
    let mut attributes = MaybeUninit::uninit();
    let mut mutex = MaybeUninit::uninit();
    // SAFETY: there is room for the attributes, which this call initialises.
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
