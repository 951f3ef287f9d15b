// SPDX-License-Identifier: MIT OR Apache-2.0
//! The types that a page can hold.

#![allow(unsafe_code, reason = "the bytes of a copy are checked here before they become a value")]

use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use crate::error::{Error, check_size};
use crate::schema::{Describe, InvalidValue, Schema, schema_of};

/// Up to this size a value is copied through registers; a larger one is copied directly to the caller.
const SMALL: usize = 128;

/// A type that a page can hold: plain bytes without gaps or pointers, with a schema.
///
/// [`payload!`](crate::payload) declares such structs and enums; numbers, `bool`, [`Text`](crate::Text) and
/// arrays of payloads are payloads too. The bytes of a `bool`, a text or an enum can be invalid. So a read
/// checks them, and returns an error instead of a value that does not exist; for a type of which all bytes
/// are valid this check compiles to nothing.
pub trait Payload:
    Describe
    + zerocopy::TryFromBytes
    + zerocopy::IntoBytes
    + zerocopy::Immutable
    + zerocopy::KnownLayout
    + Copy
    + 'static
{
}

impl<T> Payload for T where
    T: Describe
        + zerocopy::TryFromBytes
        + zerocopy::IntoBytes
        + zerocopy::Immutable
        + zerocopy::KnownLayout
        + Copy
        + 'static
{
}

/// Returns the schema of a payload. A hand-written `Describe` may not match its type, so the size is
/// checked.
///
/// # Errors
/// If the description is invalid or of another size.
pub fn checked_schema<T: Payload>() -> Result<Schema, Error> {
    let schema = schema_of::<T>()?;
    check_size(size_of::<T>(), schema.size())?;
    Ok(schema)
}

/// The proof that all bytes are values of `T`: reads of such types need no check.
///
/// A hand-written [`Describe`] gives it as [`ANY_BIT_PATTERN`](Describe::ANY_BIT_PATTERN):
/// ```
/// use tearfree_page::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
/// use tearfree_page::{Describe, NumberKind, AnyBitPattern, SchemaBuilder};
///
/// #[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
/// #[repr(transparent)]
/// struct Cents(u64);
///
/// impl Describe for Cents {
///     const ANY_BIT_PATTERN: Option<AnyBitPattern<Self>> = Some(AnyBitPattern::new());
///
///     fn describe(name: &str, schema: &mut SchemaBuilder) {
///         schema.number(name, NumberKind::U64, None);
///     }
/// }
/// assert_eq!(tearfree_page::schema_of::<Cents>()?.to_string(), "value:u64");
/// # Ok::<(), tearfree_page::SchemaError>(())
/// ```
/// There is none for a type of which some bytes are invalid:
/// ```compile_fail,E0599
/// let _ = tearfree_page::AnyBitPattern::<bool>::new();
/// ```
/// ```
/// let _ = tearfree_page::AnyBitPattern::<u8>::new();
/// ```
pub struct AnyBitPattern<T>(PhantomData<fn() -> T>);

impl<T: zerocopy::FromBytes> AnyBitPattern<T> {
    /// Creates the proof for a type of which all bytes are valid.
    #[must_use]
    pub const fn new() -> Self {
        AnyBitPattern(PhantomData)
    }
}

impl<T: zerocopy::FromBytes> Default for AnyBitPattern<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> AnyBitPattern<T> {
    /// Creates the proof for a struct.
    ///
    /// # Safety
    /// There is such a proof for the type of each field.
    #[doc(hidden)]
    #[must_use]
    pub const unsafe fn of_struct() -> Self {
        AnyBitPattern(PhantomData)
    }

    /// Creates the proof for an array of such values.
    #[must_use]
    pub const fn array<const N: usize>(&self) -> AnyBitPattern<[T; N]> {
        AnyBitPattern(PhantomData)
    }
}

impl<T> fmt::Debug for AnyBitPattern<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnyBitPattern")
    }
}

/// Returns the value that was copied from `offset` of a payload, or says which of its bytes are invalid.
///
/// # Errors
/// If some bytes are no value of their kind.
///
/// # Safety
/// All bytes of `copy` were written.
#[inline(always)]
pub unsafe fn checked<T: Payload>(
    copy: &MaybeUninit<T>,
    offset: usize,
    schema: &Schema,
) -> Result<T, InvalidValue> {
    // SAFETY: the caller wrote each byte of the copy, which is all that `value_of` needs.
    let value = unsafe { value_of(copy) };
    // SAFETY: the copy has all its bytes, also where they are no value.
    value.ok_or_else(|| schema.invalid_in(offset, unsafe { bytes_of(copy) }))
}

/// Returns the value that was copied; `None` if the bytes are not one.
///
/// # Safety
/// All bytes of `copy` were written.
#[inline(always)]
unsafe fn value_of<T: Payload>(copy: &MaybeUninit<T>) -> Option<T> {
    if T::ANY_BIT_PATTERN.is_some() {
        // SAFETY: all bytes were written, and by the proof any bytes are a `T`.
        return Some(unsafe { copy.assume_init() });
    }
    // SAFETY: the caller wrote all bytes of `copy`.
    let value = T::try_ref_from_bytes(unsafe { bytes_of(copy) }).ok()?;
    value.is_valid().then_some(*value)
}

/// Borrows the bytes of a copy.
///
/// # Safety
/// All bytes of `copy` were written.
#[inline(always)]
unsafe fn bytes_of<T>(copy: &MaybeUninit<T>) -> &[u8] {
    // SAFETY: as many bytes as a `T` has, all of which were written, as the caller promises.
    unsafe { core::slice::from_raw_parts(copy.as_ptr().cast(), size_of::<T>()) }
}

/// Borrows a value as bytes to copy a new one directly to it; `None` if it is small, for such values are copied
/// through registers, or if some bytes are invalid.
#[inline(always)]
pub(crate) fn large_bytes_of<T: Payload>(value: &mut T) -> Option<&mut [u8]> {
    if T::ANY_BIT_PATTERN.is_none() || size_of::<T>() <= SMALL {
        return None;
    }
    let first: *mut T = value;
    // SAFETY: the bytes of `value`, which has no gaps; by the proof, any bytes are a `T` again.
    Some(unsafe { core::slice::from_raw_parts_mut(first.cast(), size_of::<T>()) })
}
