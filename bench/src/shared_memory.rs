// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that processes share.

#![allow(unsafe_code, reason = "memory is mapped")]

use core::ptr::{NonNull, null_mut};

/// A value in memory that forked children share with their parent.
pub(crate) struct SharedMemory<V>(NonNull<V>);

impl<V> SharedMemory<V> {
    pub(crate) fn new(value: V) -> Self {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, at an address that the system chooses.
        let memory = unsafe { libc::mmap(null_mut(), size_of::<V>(), protection, flags, -1, 0) };
        assert_ne!(memory, libc::MAP_FAILED, "cannot map shared memory");
        let memory = NonNull::new(memory.cast::<V>()).expect("no mapping is at address zero");
        // SAFETY: the mapping has room for a `V`, aligned to a page of memory.
        unsafe { memory.write(value) };
        SharedMemory(memory)
    }

    pub(crate) fn get(&self) -> &V {
        // SAFETY: `new` put it there, and it stays until `drop`.
        unsafe { self.0.as_ref() }
    }
}

impl<V> Drop for SharedMemory<V> {
    fn drop(&mut self) {
        // SAFETY: `new` put it there, and no reference to it is left.
        unsafe { self.0.drop_in_place() };
        // SAFETY: `new` mapped as many bytes there, and no reference into them is left.
        unsafe { libc::munmap(self.0.as_ptr().cast(), size_of::<V>()) };
    }
}
