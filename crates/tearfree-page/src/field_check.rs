// SPDX-License-Identifier: MIT OR Apache-2.0
//! Checks the copies of single fields before they become values.

#![allow(unsafe_code, reason = "the bytes of a copy are checked here before they become a value")]

use core::mem::MaybeUninit;

use tearfree::{Field, FieldSet};

use crate::payload::{Payload, checked};
use crate::schema::{InvalidValue, Schema};

/// A field, or a tuple of fields, of a page's value. Each is a [`Payload`] itself. Sealed by [`FieldSet`].
pub trait PayloadFields<T: Copy>: FieldSet<T> {
    /// Checks that the copies are values of the fields' types.
    ///
    /// # Safety
    /// The copies were validated.
    #[doc(hidden)]
    unsafe fn check(self, copies: &Self::Torn, schema: &Schema) -> Result<(), InvalidValue>;
}

impl<T: Copy, F: Payload> PayloadFields<T> for Field<T, F> {
    #[inline(always)]
    unsafe fn check(self, copy: &MaybeUninit<F>, schema: &Schema) -> Result<(), InvalidValue> {
        // SAFETY: the copy was validated, so all its bytes were written.
        unsafe { checked(copy, self.offset(), schema) }.map(|_value| ())
    }
}

macro_rules! tuples {
    ($(($($field:ident $copy:ident),+))*) => {$(
        impl<T: Copy, $($field: PayloadFields<T>),+> PayloadFields<T> for ($($field,)+) {
            #[inline(always)]
            unsafe fn check(
                self,
                ($($copy,)+): &Self::Torn,
                schema: &Schema,
            ) -> Result<(), InvalidValue> {
                #[expect(non_snake_case, reason = "each field has the name of its type")]
                let ($($field,)+) = self;
                // SAFETY: all fields were copied in the one read that was validated.
                $(unsafe { $field.check($copy, schema) }?;)+
                Ok(())
            }
        }
    )*};
}

tuples! {
    (A a)
    (A a, B b)
    (A a, B b, C c)
    (A a, B b, C c, D d)
    (A a, B b, C c, D d, E e)
    (A a, B b, C c, D d, E e, F f)
}
