// SPDX-License-Identifier: MIT OR Apache-2.0
//! Peers in C and C++, each compiled from a file of `c/` or `cpp/`. The copies race with the writer, which both languages
//! call undefined.
//!
//! At their best: the loops are in the peer's language, and a reader's copy is built where the caller wants it. The C++ lock is
//! compiled by gcc and by clang, C by gcc, with the flags of their users: `-O3`.
#![allow(unsafe_code, reason = "calls into C and C++")]

use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::{NonNull, from_mut, from_ref};

use crate::contestant::{Contestant, Copies, Read, Write};
use crate::payload::Payload;

/// Mirrors `struct operations` of `c/operations.h`: functions for values of one size.
#[repr(C)]
pub(crate) struct Operations {
    bytes: usize,
    create: unsafe extern "C" fn(first: *const c_void) -> Option<NonNull<c_void>>,
    destroy: unsafe extern "C" fn(lock: NonNull<c_void>),
    read: unsafe extern "C" fn(lock: NonNull<c_void>, out: *mut c_void, times: u64),
    set: unsafe extern "C" fn(lock: NonNull<c_void>, value: *const c_void, times: u64),
}

unsafe extern "C" {
    #[cfg(peer_gcc)]
    safe fn rigtorp_by_gcc(bytes: usize) -> Option<&'static Operations>;
    #[cfg(peer_clang)]
    safe fn rigtorp_by_clang(bytes: usize) -> Option<&'static Operations>;
    #[cfg(peer_ck)]
    safe fn ck_operations(bytes: usize) -> Option<&'static Operations>;
    #[cfg(peer_dpdk)]
    safe fn dpdk_operations(bytes: usize) -> Option<&'static Operations>;
}

/// A lock that is not written in Rust.
pub(crate) trait Library: 'static {
    const NAME: &'static str;
    const MANY_WRITERS: bool;
    const COPIES: Copies = Copies::ONE;

    fn operations(bytes: usize) -> Option<&'static Operations>;
}

/// The lock of `cpp/rigtorp_shape.cpp`: one writer, compiler barriers only.
#[cfg(peer_gcc)]
pub(crate) struct RigtorpByGcc;

#[cfg(peer_gcc)]
impl Library for RigtorpByGcc {
    const NAME: &'static str = "C++ rigtorp";
    const MANY_WRITERS: bool = false;

    fn operations(bytes: usize) -> Option<&'static Operations> {
        rigtorp_by_gcc(bytes)
    }
}

/// The same file, by another compiler.
#[cfg(peer_clang)]
pub(crate) struct RigtorpByClang;

#[cfg(peer_clang)]
impl Library for RigtorpByClang {
    const NAME: &'static str = "C++ by clang";
    const MANY_WRITERS: bool = false;

    fn operations(bytes: usize) -> Option<&'static Operations> {
        rigtorp_by_clang(bytes)
    }
}

/// `ck_sequence` of Concurrency Kit, which has no lock for writers.
#[cfg(peer_ck)]
pub(crate) struct Ck;

#[cfg(peer_ck)]
impl Library for Ck {
    const NAME: &'static str = "C ck_sequence";
    const MANY_WRITERS: bool = false;

    fn operations(bytes: usize) -> Option<&'static Operations> {
        ck_operations(bytes)
    }
}

/// `rte_seqlock` of DPDK, with its spinlock.
#[cfg(peer_dpdk)]
pub(crate) struct Dpdk;

#[cfg(peer_dpdk)]
impl Library for Dpdk {
    const NAME: &'static str = "C DPDK";
    const MANY_WRITERS: bool = true;

    fn operations(bytes: usize) -> Option<&'static Operations> {
        dpdk_operations(bytes)
    }
}

pub(crate) struct Foreign<T, P> {
    lock: NonNull<c_void>,
    operations: &'static Operations,
    holds: PhantomData<(T, P)>,
}

// SAFETY: The lock behind the pointer is used by its own functions only, which are thread-safe.
unsafe impl<T: Payload, P: Library> Send for Foreign<T, P> {}
// SAFETY: the lock supports readers beside a writer, and `MANY_WRITERS` says whether beside several.
unsafe impl<T: Payload, P: Library> Sync for Foreign<T, P> {}

impl<T, P> Drop for Foreign<T, P> {
    fn drop(&mut self) {
        // SAFETY: the lock was created by the same table, and no borrow of it is left.
        unsafe { (self.operations.destroy)(self.lock) }
    }
}

pub(crate) struct Handle<'a, T, P>(&'a Foreign<T, P>);

impl<T: Payload, P: Library> Contestant<T> for Foreign<T, P> {
    const NAME: &'static str = P::NAME;
    const ON_HEAP: bool = true;
    const MANY_WRITERS: bool = P::MANY_WRITERS;
    const COPIES: Copies = P::COPIES;

    type Reader<'a> = Handle<'a, T, P>;
    type Writer<'a> = Handle<'a, T, P>;

    fn new(value: T) -> Self {
        let operations =
            P::operations(size_of::<T>()).expect("`AT_EVERY_SIZE` of c/operations.h has this size");
        assert_eq!(operations.bytes, size_of::<T>());
        // SAFETY: The value has the size that these operations are for.
        let lock = unsafe { (operations.create)(from_ref(&value).cast()) };
        Self {
            lock: lock.expect("`create` ends the program if there is no memory"),
            operations,
            holds: PhantomData,
        }
    }

    fn reader(&self) -> Handle<'_, T, P> {
        Handle(self)
    }

    fn writer(&self) -> Handle<'_, T, P> {
        Handle(self)
    }
}

impl<T: Payload, P> Handle<'_, T, P> {
    fn copy_out(&self, out: &mut MaybeUninit<T>, times: u64) {
        // SAFETY: `out` has the size that these operations are for; any bytes make a `T`, torn or not.
        unsafe { (self.0.operations.read)(self.0.lock, out.as_mut_ptr().cast(), times) }
    }
}

impl<T: Payload, P> Read<T> for Handle<'_, T, P> {
    fn read(&mut self) -> T {
        let mut value = MaybeUninit::uninit();
        self.copy_out(&mut value, 1);
        // SAFETY: The read above has filled it.
        unsafe { value.assume_init() }
    }

    fn read_into(&mut self, out: &mut T) {
        self.read_into_times(out, 1);
    }

    // C writes to where it is told, and C++ a returned value directly to its destination, so both calls are the same.
    fn read_times(&mut self, times: u64) {
        self.copy_out(&mut MaybeUninit::uninit(), times);
    }

    fn read_into_times(&mut self, out: &mut T, times: u64) {
        // SAFETY: `MaybeUninit` has the layout of what it wraps, and the peer writes nothing but a `T`.
        let out = unsafe { &mut *from_mut(out).cast() };
        self.copy_out(out, times);
    }
}

impl<T: Payload, P> Write<T> for Handle<'_, T, P> {
    fn set(&mut self, value: &T) {
        self.set_times(value, 1);
    }

    fn set_times(&mut self, value: &T, times: u64) {
        // SAFETY: `value` has the size that these operations are for; there are several writers only if the lock has a lock for them.
        unsafe { (self.0.operations.set)(self.0.lock, from_ref(value).cast(), times) }
    }
}
