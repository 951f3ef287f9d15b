// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C++ lock of the rigtorp shape (see `cpp/rigtorp_shape.cpp`): plain copy, compiler barriers.
//!
//! At its best: the loops are in C++, and `load` builds its result where the caller wants it, without a second copy.
#![allow(unsafe_code, reason = "calls into C++")]

use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::{NonNull, from_mut, from_ref};

use crate::contestant::{Contestant, Read, Write};
use crate::payload::Payload;

/// Mirrors `Operations` of the C++ file: functions for values of one size.
#[repr(C)]
struct Operations {
    bytes: usize,
    create: unsafe extern "C" fn(first: *const c_void) -> Option<NonNull<c_void>>,
    destroy: unsafe extern "C" fn(lock: NonNull<c_void>),
    read: unsafe extern "C" fn(lock: NonNull<c_void>, out: *mut c_void, times: u64),
    set: unsafe extern "C" fn(lock: NonNull<c_void>, value: *const c_void, times: u64),
}

unsafe extern "C" {
    safe fn rigtorp_shape_operations(bytes: usize) -> Option<&'static Operations>;
}

pub(crate) struct RigtorpShape<T> {
    lock: NonNull<c_void>,
    operations: &'static Operations,
    holds: PhantomData<T>,
}

// SAFETY: The lock behind the pointer is used by its own functions only, which are thread-safe.
unsafe impl<T: Payload> Send for RigtorpShape<T> {}
// SAFETY: the lock supports readers beside one writer, and `MANY_WRITERS` keeps it to one.
unsafe impl<T: Payload> Sync for RigtorpShape<T> {}

impl<T> Drop for RigtorpShape<T> {
    fn drop(&mut self) {
        // SAFETY: the lock was created by the same table, and no borrow of it is left.
        unsafe { (self.operations.destroy)(self.lock) }
    }
}

pub(crate) struct Handle<'a, T>(&'a RigtorpShape<T>);

impl<T: Payload> Contestant<T> for RigtorpShape<T> {
    const NAME: &'static str = "C++ rigtorp";
    const MANY_WRITERS: bool = false;

    type Reader<'a> = Handle<'a, T>;
    type Writer<'a> = Handle<'a, T>;

    fn new(value: T) -> Self {
        let operations = rigtorp_shape_operations(size_of::<T>())
            .expect("cpp/rigtorp_shape.cpp has no operations for this size");
        assert_eq!(operations.bytes, size_of::<T>());
        // SAFETY: The value has the size that these operations are for.
        let lock = unsafe { (operations.create)(from_ref(&value).cast()) };
        Self { lock: lock.expect("operator new throws"), operations, holds: PhantomData }
    }

    fn reader(&self) -> Handle<'_, T> {
        Handle(self)
    }

    fn writer(&self) -> Handle<'_, T> {
        Handle(self)
    }
}

impl<T: Payload> Handle<'_, T> {
    fn copy_out(&self, out: &mut MaybeUninit<T>, times: u64) {
        // SAFETY: `out` has the size that these operations are for; any bytes make a `T`, torn or not.
        unsafe { (self.0.operations.read)(self.0.lock, out.as_mut_ptr().cast(), times) }
    }
}

impl<T: Payload> Read<T> for Handle<'_, T> {
    fn read(&mut self) -> T {
        let mut value = MaybeUninit::uninit();
        self.copy_out(&mut value, 1);
        // SAFETY: The read above has filled it.
        unsafe { value.assume_init() }
    }

    fn read_into(&mut self, out: &mut T) {
        self.read_into_times(out, 1);
    }

    // C++ writes a returned value directly to its destination, so both calls are the same.
    fn read_times(&mut self, times: u64) {
        self.copy_out(&mut MaybeUninit::uninit(), times);
    }

    fn read_into_times(&mut self, out: &mut T, times: u64) {
        // SAFETY: `MaybeUninit` has the layout of what it wraps, and C++ writes nothing but a `T`.
        let out = unsafe { &mut *from_mut(out).cast() };
        self.copy_out(out, times);
    }
}

impl<T: Payload> Write<T> for Handle<'_, T> {
    fn set(&mut self, value: &T) {
        self.set_times(value, 1);
    }

    fn set_times(&mut self, value: &T, times: u64) {
        // SAFETY: `value` has the size that these operations are for, and there is one writer.
        unsafe { (self.0.operations.set)(self.0.lock, from_ref(value).cast(), times) }
    }
}
