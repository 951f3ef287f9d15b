// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading some fields of a large value: only the bytes of those fields are copied.

#![allow(unsafe_code, reason = "validated copies of fields become values here (P4)")]

use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use super::SeqLock;
use crate::copy::Shared;
use crate::lock::WriterLock;

/// Names a field of `T` that has the type `F`. Made by [`field!`](crate::field).
///
/// # Invariants
/// An `F` lies at `offset` inside of `T`.
pub struct Field<T, F> {
    offset: usize,
    shape: PhantomData<fn(T) -> F>,
}

impl<T, F> Field<T, F> {
    /// Used by [`field!`](crate::field), which proves the promise.
    ///
    /// # Safety
    /// An `F` lies at `offset` inside of `T`.
    #[doc(hidden)]
    #[must_use]
    pub const unsafe fn at(offset: usize, _proof_of_type: fn(&T) -> *const F) -> Self {
        // INVARIANT: by the caller's promise.
        Field { offset, shape: PhantomData }
    }
}

impl<T, F> Clone for Field<T, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, F> Copy for Field<T, F> {}

impl<T, F> fmt::Debug for Field<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field").field("offset", &self.offset).finish()
    }
}

/// Names a field, or a field of a field, for [`SeqLock::read_fields`] and [`SeqLock::read_with`].
///
/// ```
/// use tearfree::{SeqLock, field};
///
/// #[derive(Clone, Copy)]
/// struct Leg { price: f64, size: u32 }
/// #[derive(Clone, Copy)]
/// struct Book { bid: Leg, ask: Leg, history: [f64; 500] }
///
/// let leg = Leg { price: 1.5, size: 10 };
/// let book = SeqLock::new(Book { bid: leg, ask: leg, history: [0.0; 500] });
/// // Copies 12 of the 4,032 bytes.
/// let (price, size) = book.read_fields((field!(Book, bid.price), field!(Book, ask.size)));
/// assert_eq!((price, size), (1.5, 10));
/// ```
///
/// A field that is not there does not compile:
/// ```compile_fail
/// #[derive(Clone, Copy)]
/// struct Leg { price: f64 }
/// let _ = tearfree::field!(Leg, size);
/// ```
/// ```
/// #[derive(Clone, Copy)]
/// struct Leg { price: f64 }
/// let _ = tearfree::field!(Leg, price);
/// ```
/// Nor does a field of a union, which may hold bytes of another field:
/// ```compile_fail
/// #[derive(Clone, Copy)]
/// union Bits { number: u8, truth: bool }
/// let _ = tearfree::field!(Bits, truth);
/// ```
/// And the type is the field's own, not one that it dereferences to:
/// ```compile_fail
/// #[derive(Clone, Copy)]
/// struct Name { text: &'static [u8; 64] }
/// let _: tearfree::Field<Name, [u8; 64]> = tearfree::field!(Name, text);
/// ```
/// ```
/// #[derive(Clone, Copy)]
/// struct Name { text: &'static [u8; 64] }
/// let _: tearfree::Field<Name, &'static [u8; 64]> = tearfree::field!(Name, text);
/// ```
#[macro_export]
macro_rules! field {
    ($whole:ty, $($path:tt).+) => {{
        // Outside of `unsafe`, so that a field of a union, whose bytes need not be valid, is refused.
        let offset = ::core::mem::offset_of!($whole, $($path).+);
        // A pointer, because a reference could be turned into another one on the way, by `Deref`.
        let shape: fn(&$whole) -> *const _ = |whole| {
            let field = &whole.$($path).+;
            field
        };
        // SAFETY: `offset_of!` gave the offset of this very field, and the closure has its type.
        unsafe { $crate::Field::<$whole, _>::at(offset, shape) }
    }};
}

/// A value in the middle of a read: fields can be looked at, and may yet turn out to be torn.
pub struct View<'a, T> {
    payload: &'a Shared<T>,
}

impl<T: Copy> View<'_, T> {
    /// Copies one field. The value may mix two writes: compute with it, but do not index, loop or act
    /// on it, and do not panic. That is why every bit pattern has to be valid.
    #[cfg(feature = "zerocopy")]
    #[inline]
    pub fn get<F: Copy + zerocopy::FromBytes>(&self, field: Field<T, F>) -> F {
        let mut torn = MaybeUninit::uninit();
        self.load(field, &mut torn);
        // SAFETY: P4. The copy wrote each byte of `torn`, and any bytes make an `F`: `FromBytes`.
        unsafe { torn.assume_init() }
    }

    #[inline]
    fn load<F: Copy>(&self, field: Field<T, F>, torn: &mut MaybeUninit<F>) {
        // SAFETY: the invariant of `Field`.
        unsafe { self.payload.load_field(field.offset, torn) };
    }
}

impl<T> fmt::Debug for View<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("View")
    }
}

mod sealed {
    pub trait Sealed {}
}

/// One [`Field`], or a tuple of up to six. Sealed.
pub trait FieldSet<T: Copy>: Copy + sealed::Sealed {
    /// What the fields hold: one value, or a tuple of them.
    type Values;
    #[doc(hidden)]
    type Torn;
    #[doc(hidden)]
    fn load(self, view: &View<'_, T>) -> Self::Torn;
    /// # Safety
    /// The copy was validated.
    #[doc(hidden)]
    unsafe fn validated(torn: Self::Torn) -> Self::Values;
}

impl<T, F> sealed::Sealed for Field<T, F> {}

impl<T: Copy, F: Copy> FieldSet<T> for Field<T, F> {
    type Values = F;
    type Torn = MaybeUninit<F>;

    #[inline]
    fn load(self, view: &View<'_, T>) -> MaybeUninit<F> {
        let mut torn = MaybeUninit::uninit();
        view.load(self, &mut torn);
        torn
    }

    #[inline]
    unsafe fn validated(torn: MaybeUninit<F>) -> F {
        // SAFETY: P4, by the caller's promise.
        unsafe { torn.assume_init() }
    }
}

macro_rules! field_tuples {
    ($(($($field:ident $torn:ident),+))*) => {$(
        impl<$($field: sealed::Sealed),+> sealed::Sealed for ($($field,)+) {}

        impl<T: Copy, $($field: FieldSet<T>),+> FieldSet<T> for ($($field,)+) {
            type Values = ($($field::Values,)+);
            type Torn = ($($field::Torn,)+);

            #[inline]
            fn load(self, view: &View<'_, T>) -> Self::Torn {
                #[expect(non_snake_case, reason = "each field is called as its type")]
                let ($($field,)+) = self;
                ($($field.load(view),)+)
            }

            #[inline]
            unsafe fn validated(($($torn,)+): Self::Torn) -> Self::Values {
                // SAFETY: P4, by the caller's promise.
                ($(unsafe { $field::validated($torn) },)+)
            }
        }
    )*};
}

field_tuples! {
    (A a)
    (A a, B b)
    (A a, B b, C c)
    (A a, B b, C c, D d)
    (A a, B b, C c, D d, E e)
    (A a, B b, C c, D d, E e, F f)
}

impl<T: Copy, L: WriterLock> SeqLock<T, L> {
    /// Copies of some fields that belong to one write; any `Copy` field will do.
    ///
    /// ```
    /// use tearfree::{SeqLock, field};
    /// let lock = SeqLock::new((1_u8, 'x', [0_u64; 100]));
    /// let (number, letter) = lock.read_fields((field!((u8, char, [u64; 100]), 0),
    ///                                          field!((u8, char, [u64; 100]), 1)));
    /// assert_eq!((number, letter), (1, 'x'));
    /// ```
    #[doc(alias("load_members"))]
    #[inline]
    #[must_use]
    pub fn read_fields<S: FieldSet<T>>(&self, fields: S) -> S::Values {
        let view = View { payload: &self.payload };
        let (torn, _) = self.consistent(|| fields.load(&view));
        // SAFETY: P4. The last copies were validated.
        unsafe { S::validated(torn) }
    }

    /// Computes from some fields, and again if a write came in between.
    ///
    /// `look` may run several times and see a mix of two writes: see [`View::get`]. Only its last
    /// result is returned, which saw one write. No lock is held meanwhile, not even beside restless
    /// writers, so `look` may use other locks.
    ///
    /// ```
    /// use tearfree::{SeqLock, field};
    /// #[derive(Clone, Copy)]
    /// struct Quote { bid: f64, ask: f64, depth: [u64; 500] }
    /// let quote = SeqLock::new(Quote { bid: 1.0, ask: 1.5, depth: [0; 500] });
    /// # #[cfg(feature = "zerocopy")] {
    /// let spread = quote.read_with(|q| q.get(field!(Quote, ask)) - q.get(field!(Quote, bid)));
    /// assert_eq!(spread, 0.5);
    /// # }
    /// ```
    #[inline]
    pub fn read_with<R>(&self, mut look: impl FnMut(&View<'_, T>) -> R) -> R {
        let view = View { payload: &self.payload };
        self.consistent(|| look(&view)).0
    }
}
