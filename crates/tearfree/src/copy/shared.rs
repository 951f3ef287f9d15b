// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Shared<T>`: memory that one writer stores to while readers load from it.

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use super::engine;

/// A payload. All access by shared reference is a racing copy (P6); plain access needs `&mut`.
#[repr(C)]
pub struct Shared<T> {
    bytes: UnsafeCell<MaybeUninit<T>>,
    /// At least a word's alignment, so that word and vector accesses rarely straddle a cache line.
    align: [usize; 0],
}

// SAFETY: P6, P12. Shared access only copies bytes, through an engine for which that is no race; the
// copies are moved to other threads, which `T: Send` allows.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    #[inline(always)]
    pub(crate) fn as_ptr(&self) -> *const T {
        self.bytes.get().cast()
    }
}

impl<T: Copy> Shared<T> {
    /// Whether a validated copy is made in its final place, instead of being returned in registers. A
    /// constant of its own, so that the code for the other case is not even generated.
    pub(crate) const IS_LARGE: bool = size_of::<T>() > engine::LARGEST_VALUE;

    pub(crate) const fn new(value: T) -> Self {
        Shared { bytes: UnsafeCell::new(MaybeUninit::new(value)), align: [] }
    }

    /// Copies the payload out; the bytes may come from several stores.
    #[inline(always)]
    pub(crate) fn load(&self, to: &mut MaybeUninit<T>) {
        let from = self.bytes.get().cast::<u8>();
        // SAFETY: P6. `from` is this payload, `to` is private; both are `size_of::<T>()` bytes.
        unsafe { engine::load(from, to.as_mut_ptr().cast(), size_of::<T>()) };
    }

    /// As `load`, to a local variable that can stay in registers: its address goes nowhere, unless
    /// `IS_LARGE`.
    #[inline(always)]
    pub(crate) fn load_value(&self, to: &mut MaybeUninit<T>) {
        let from = self.bytes.get().cast::<u8>();
        // SAFETY: P6. `from` is this payload, `to` is private; both are `size_of::<T>()` bytes.
        unsafe { engine::load_value(from, to.as_mut_ptr().cast(), size_of::<T>()) };
    }

    /// Copies `value` into the payload. The caller makes the count odd before and even after (P1).
    #[inline(always)]
    pub(crate) fn store(&self, value: &T) {
        let to = self.bytes.get().cast::<u8>();
        let from = core::ptr::from_ref(value).cast::<u8>();
        // SAFETY: P6. `to` is this payload, `from` is private; both are `size_of::<T>()` bytes.
        unsafe { engine::store(from, to, size_of::<T>()) };
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        // SAFETY: P4. No write is in progress while there is a `&mut`, so these are whole bytes of a
        // value that `new`, `store` or a former `get_mut` put there.
        unsafe { self.bytes.get_mut().assume_init_mut() }
    }

    pub(crate) fn into_inner(self) -> T {
        // SAFETY: P4. This owns the payload, so no write is in progress: the bytes are a whole
        // value.
        unsafe { self.bytes.into_inner().assume_init() }
    }
}

/// Copies the bytes of a part of a payload out, and no others.
///
/// # Safety
/// `from` is a part of a payload and has the size of `F`.
#[inline(always)]
pub(crate) unsafe fn load_part<F: Copy>(from: *const u8, to: &mut MaybeUninit<F>) {
    // SAFETY: P6. `from` is a part of a payload, `to` is private; both have the size of `F`.
    unsafe { engine::load(from, to.as_mut_ptr().cast(), size_of::<F>()) };
}

/// The copies of a payload, whatever its type: for code that is there once for all types.
#[derive(Clone, Copy)]
pub(crate) struct Untyped<'a> {
    first: *const u8,
    distance: usize,
    payloads: PhantomData<&'a [Shared<u8>]>,
}

impl<'a> Untyped<'a> {
    pub(crate) fn new<T>(copies: &'a [Shared<T>]) -> Self {
        let (first, distance) = (copies.as_ptr().cast(), size_of::<Shared<T>>());
        Untyped { first, distance, payloads: PhantomData }
    }

    /// Copies the payload in `slot` out; the bytes may come from several stores.
    ///
    /// # Safety
    /// There is such a slot, and `to` has the size of its payload.
    #[inline(always)]
    pub(crate) unsafe fn load(self, slot: usize, to: &mut [MaybeUninit<u8>]) {
        // SAFETY: `slot` is one of the slice that `new` got, so this is inside of it.
        let from = unsafe { self.first.add(slot * self.distance) };
        // SAFETY: P6. `from` is a payload, `to` is private; both have the same size.
        unsafe { engine::load(from, to.as_mut_ptr().cast(), to.len()) };
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}
