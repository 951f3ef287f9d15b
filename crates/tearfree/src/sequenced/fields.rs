// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads of some fields of a large value: only the bytes of those fields are copied.

#![allow(unsafe_code, reason = "validated copies of fields become values here (P4)")]

use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use super::Sequenced;
use super::protocol::Protocol;
use crate::copy::{Shared, load_part};
use crate::lock::WriterLock;

/// A field of `T` that has the type `F`. Created by [`field!`](crate::field).
///
/// # Invariants
/// An `F` lies at `offset` inside of `T`.
pub struct Field<T, F> {
    offset: usize,
    shape: PhantomData<fn(T) -> F>,
}

impl<T, F> Field<T, F> {
    /// Creates a field; for [`field!`](crate::field), which ensures the contract. `_value` determines the type
    /// of the field, `_is_no_union` was compiled outside of any `unsafe` block.
    ///
    /// # Safety
    /// An `F` lies at `offset` inside of `T`.
    #[doc(hidden)]
    #[must_use]
    pub const unsafe fn new(offset: usize, _value: fn(&T) -> F, _is_no_union: fn(&T)) -> Self {
        assert!(offset <= size_of::<T>() && size_of::<F>() <= size_of::<T>() - offset);
        // INVARIANT: an `F` lies at `offset`, which this function demands.
        Field { offset, shape: PhantomData }
    }

    /// Returns the offset in bytes from the beginning of `T`.
    #[doc(hidden)]
    #[must_use]
    pub const fn offset(self) -> usize {
        self.offset
    }

    /// Returns a field of this field.
    ///
    /// ```
    /// use tearfree::{SeqLock, field};
    /// #[derive(Clone, Copy)]
    /// struct Leg { price: f64, size: u32 }
    /// #[derive(Clone, Copy)]
    /// struct Book { legs: [Leg; 8] }
    /// let book = SeqLock::new(Book { legs: [Leg { price: 2.5, size: 1 }; 8] });
    /// let third = field!(Book, legs[3]).then(field!(Leg, price));
    /// assert_eq!(book.read_fields(third), 2.5);
    /// ```
    #[must_use]
    pub const fn then<G>(self, inner: Field<F, G>) -> Field<T, G> {
        // INVARIANT: a `G` lies inside of the `F`, which lies inside of `T`: by the invariants of both fields.
        Field { offset: self.offset + inner.offset, shape: PhantomData }
    }
}

impl<T, E, const N: usize> Field<T, [E; N]> {
    /// Returns one element of this array. `field!(Book, legs[3])` is the same.
    ///
    /// # Panics
    /// If `index` is `N` or more.
    #[must_use]
    pub const fn element(self, index: usize) -> Field<T, E> {
        assert!(index < N, "index out of bounds: use one below the length of the array");
        // INVARIANT: element `index` lies at that offset in the array, which lies inside of `T`.
        Field { offset: self.offset + index * size_of::<E>(), shape: PhantomData }
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

/// Names a field, or a field of a field, for [`read_fields`](crate::Sequenced::read_fields) and, with the
/// feature `zerocopy`, for `read_with`.
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
/// Nor does a field of a union, which may hold bytes of another field, not even inside `unsafe`:
/// ```compile_fail,E0133
/// #[derive(Clone, Copy)]
/// union Bits { number: u8, truth: bool }
/// let _ = unsafe { tearfree::field!(Bits, truth) };
/// ```
/// Elements of an array, fields of packed structs, and structs with lifetimes are fields, too:
/// ```
/// use tearfree::{SeqLock, field};
/// #[derive(Clone, Copy)]
/// #[repr(C, packed)]
/// struct Wire<'a> { kind: u8, words: [u32; 4], name: &'a str }
/// let wire = SeqLock::new(Wire { kind: 1, words: [5, 6, 7, 8], name: "x" });
/// let (kind, third, name) =
///     wire.read_fields((field!(Wire<'_>, kind), field!(Wire<'_>, words[2]), field!(Wire<'_>, name)));
/// assert_eq!((kind, third, name), (1, 7, "x"));
/// ```
/// Generic parameters have to be repeated, and `Self` has to be written as the name of the type:
/// ```
/// use tearfree::{Field, field};
/// #[derive(Clone, Copy)]
/// struct Both<T>(T, T);
/// fn second<T: Copy>() -> Field<Both<T>, T> { field!(for [T: Copy] Both<T>, 1) }
/// ```
/// The type is the field's own, not one that it dereferences to:
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
    (for [$($generic:tt)*] $whole:ty, $first:tt $(. $next:tt)* $([$index:expr])*) => {{
        // A constant, static or unit struct of the user would shadow a binding with the same name, so the
        // names of the bindings are long.

        // An item, which an `unsafe` block around this macro does not reach: reading a field of a union,
        // whose bytes need not be valid, is refused here.
        fn __tearfree_is_no_union<$($generic)*>(__tearfree_whole: &$whole) {
            let _ = || __tearfree_whole.$first $(.$next)*;
        }
        let __tearfree_offset = $crate::__private::offset_of!($whole, $first $(.$next)*);
        // By value, because the field may be packed, and because a reference could be coerced to another one
        // by `Deref`. In a statement of its own, so that no expected type coerces it either.
        let __tearfree_value = $crate::__private::function::<$whole, _>(
            |__tearfree_whole| __tearfree_whole.$first $(.$next)*,
        );
        // SAFETY: `offset_of!` gave the offset of this very field, and the closure has its type.
        unsafe {
            $crate::Field::<$whole, _>::new(
                __tearfree_offset,
                __tearfree_value,
                __tearfree_is_no_union,
            )
        }$(.element($index))*
    }};
    ($whole:ty, $($path:tt)+) => { $crate::field!(for [] $whole, $($path)+) };
}

/// A value in the middle of a read: its fields can be read, and may be torn.
pub struct View<'a, T> {
    payload: *const T,
    borrowed: PhantomData<&'a Shared<T>>,
}

impl<'a, T> View<'a, T> {
    #[inline]
    fn new(payload: &'a Shared<T>) -> Self {
        View { payload: payload.as_ptr(), borrowed: PhantomData }
    }

    /// Creates a view of a value in memory of another owner, such as a page between processes.
    ///
    /// # Safety
    /// For all of `'a`, `payload` is valid for reads of a `T`; no alignment is needed. All stores
    /// there are this crate's copies, or come from outside of this program (P6).
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub unsafe fn from_ptr(payload: *const T) -> Self {
        View { payload, borrowed: PhantomData }
    }
}

impl<T: Copy> View<'_, T> {
    /// Returns a copy of one field. It may mix two writes: compute with it, but do not index, loop or act on it,
    /// and do not panic. Every bit pattern has to be valid, because the copy is not validated yet.
    #[cfg(feature = "zerocopy")]
    #[inline]
    #[must_use]
    pub fn get<F: Copy + zerocopy::FromBytes>(&self, field: Field<T, F>) -> F {
        let mut torn = MaybeUninit::uninit();
        self.load(field, &mut torn);
        // SAFETY: P4. The copy wrote each byte of `torn`, and any bytes make an `F`: `FromBytes`.
        unsafe { torn.assume_init() }
    }

    #[inline]
    fn load<F: Copy>(&self, field: Field<T, F>, torn: &mut MaybeUninit<F>) {
        // SAFETY: by the invariant of `Field` an `F` lies there, inside of the payload.
        let from = unsafe { self.payload.cast::<u8>().add(field.offset) };
        // SAFETY: P6. A field of the payload.
        unsafe { load_part(from, torn) };
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
    /// The type of what is read: one value, or a tuple of them.
    type Values;
    #[doc(hidden)]
    type Torn;
    #[doc(hidden)]
    fn load(self, view: &View<'_, T>) -> Self::Torn;
    /// Returns the values of a validated copy.
    ///
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
        // SAFETY: P4. The copy was validated, so the bytes are those of one write, and an `F` of
        // it.
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
                #[expect(non_snake_case, reason = "each field has the name of its type")]
                let ($($field,)+) = self;
                ($($field.load(view),)+)
            }

            #[inline]
            unsafe fn validated(($($torn,)+): Self::Torn) -> Self::Values {
                // SAFETY: P4. All fields were copied in the one read that was validated.
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

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    /// Returns copies of some fields, all from one write. Any `Copy` field will do.
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
        let torn = match self.try_consistent(|payload| fields.load(&View::new(payload))) {
            Some((torn, _)) => torn,
            None => self.read_fields_contended(fields),
        };
        // SAFETY: P4. The last copies were validated.
        unsafe { S::validated(torn) }
    }

    #[cold]
    #[inline(never)]
    fn read_fields_contended<S: FieldSet<T>>(&self, fields: S) -> S::Torn {
        self.consistent_contended(|payload| fields.load(&View::new(payload)))
    }

    /// Computes a result from some fields, and retries if a write came in between.
    ///
    /// `compute` may run several times and see a mix of two writes: see [`View::get`]. Only the result of its
    /// last run is returned, which saw one write. No lock is held meanwhile, also not beside writers without
    /// pauses, so `compute` may use other locks. It must not write to this one: no attempt would succeed.
    ///
    /// ```
    /// use tearfree::{SeqLock, field};
    /// #[derive(Clone, Copy)]
    /// struct Quote { bid: f64, ask: f64, depth: [u64; 500] }
    /// let quote = SeqLock::new(Quote { bid: 1.0, ask: 1.5, depth: [0; 500] });
    /// let spread = quote.read_with(|q| q.get(field!(Quote, ask)) - q.get(field!(Quote, bid)));
    /// assert_eq!(spread, 0.5);
    /// ```
    #[cfg(feature = "zerocopy")]
    #[inline]
    pub fn read_with<R>(&self, mut compute: impl FnMut(&View<'_, T>) -> R) -> R {
        let mut compute = |payload: &_| compute(&View::new(payload));
        match self.try_consistent(&mut compute) {
            Some((result, _)) => result,
            None => self.consistent_contended(compute),
        }
    }
}
