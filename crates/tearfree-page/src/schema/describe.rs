// SPDX-License-Identifier: MIT OR Apache-2.0
//! Derives the schema of a Rust type.

use super::definition::Schema;
use super::error::SchemaError;
use super::field::NumberKind;
use super::kind::{EnumKind, Kind};
use crate::payload::AnyBitPattern;

/// A type that describes its fields. [`payload!`](crate::payload) implements it for structs and enums.
///
/// It is implemented for the integers from `u8` to `u128` and from `i8` to `i128`, for `f32`, `f64`, `bool`
/// and [`Text`](crate::Text), and for arrays of types that implement it. A description that does not match the size of the type is
/// an error when a page is created or opened, never undefined behaviour.
pub trait Describe: Sized {
    /// The proof that all bytes are valid; without it, each read checks the value.
    const ANY_BIT_PATTERN: Option<AnyBitPattern<Self>> = None;

    /// Returns the kind of a type that is one field; `None` for structs and arrays.
    #[must_use]
    fn kind() -> Option<Kind> {
        None
    }

    /// Adds the fields of this type to `schema`. `name` is the name of the field that has this type, and
    /// empty for the payload itself.
    fn describe(name: &str, schema: &mut SchemaBuilder);

    /// Whether the value is one of its kind, as far as its type alone does not ensure that: a
    /// [`Text`](crate::Text) can hold bytes that are not UTF-8.
    #[inline(always)]
    #[must_use]
    fn is_valid(&self) -> bool {
        true
    }
}

/// A schema under construction, or the first error in it.
#[derive(Debug)]
pub struct SchemaBuilder(Result<Schema, SchemaError>);

impl SchemaBuilder {
    /// Adds a number, or an array of numbers if `count` is given.
    pub fn number(&mut self, name: &str, kind: NumberKind, count: Option<usize>) {
        self.value(name, kind.into(), count);
    }

    /// Adds a value of a kind, or an array of them if `count` is given.
    pub fn value(&mut self, name: &str, kind: Kind, count: Option<usize>) {
        let name = if name.is_empty() { "value" } else { name };
        if let Ok(schema) = &mut self.0
            && let Err(error) = schema.push(name, kind, count)
        {
            self.0 = Err(error);
        }
    }

    /// Adds a value of a type that is one field.
    #[doc(hidden)]
    pub fn value_of<T: Describe>(&mut self, name: &str) {
        if let Some(kind) = T::kind() {
            self.value(name, kind, None);
        }
    }

    /// Adds the field `name` of the struct field `parent`, which is empty for the payload itself.
    pub fn field<F: Describe>(&mut self, parent: &str, name: &str) {
        if parent.is_empty() {
            F::describe(name, self);
        } else {
            F::describe(&format!("{parent}.{name}"), self);
        }
    }
}

/// Returns the schema of a type.
///
/// # Errors
/// If the type has no bytes or too many, or its description is not a valid schema.
///
/// ```
/// let schema = tearfree_page::schema_of::<[u32; 4]>()?;
/// assert_eq!(schema.to_string(), "value:u32[4]");
/// # Ok::<(), tearfree_page::SchemaError>(())
/// ```
pub fn schema_of<T: Describe>() -> Result<Schema, SchemaError> {
    let mut schema = SchemaBuilder(Ok(Schema::default()));
    T::describe("", &mut schema);
    schema.0?.complete()
}

macro_rules! numbers {
    ($($number:ty => $kind:ident),*) => {$(
        impl Describe for $number {
            const ANY_BIT_PATTERN: Option<AnyBitPattern<Self>> = Some(AnyBitPattern::new());

            fn kind() -> Option<Kind> {
                Some(NumberKind::$kind.into())
            }

            fn describe(name: &str, schema: &mut SchemaBuilder) {
                schema.number(name, NumberKind::$kind, None);
            }
        }
    )*};
}

numbers! {
    u8 => U8, u16 => U16, u32 => U32, u64 => U64, u128 => U128,
    i8 => I8, i16 => I16, i32 => I32, i64 => I64, i128 => I128,
    f32 => F32, f64 => F64
}

impl<T: Describe, const N: usize> Describe for [T; N] {
    const ANY_BIT_PATTERN: Option<AnyBitPattern<Self>> = match &T::ANY_BIT_PATTERN {
        Some(element) => Some(element.array()),
        None => None,
    };

    fn describe(name: &str, schema: &mut SchemaBuilder) {
        match T::kind() {
            Some(kind) => schema.value(name, kind, Some(N)),
            None => (0..N).for_each(|i| schema.field::<T>(name, &format!("_{i}"))),
        }
    }

    #[inline(always)]
    fn is_valid(&self) -> bool {
        self.iter().all(T::is_valid)
    }
}

impl Describe for bool {
    fn kind() -> Option<Kind> {
        Some(Kind::Bool)
    }

    fn describe(name: &str, schema: &mut SchemaBuilder) {
        schema.value(name, Kind::Bool, None);
    }
}

/// Returns the kind of an enum whose numbers are `N`s.
#[doc(hidden)]
#[must_use]
pub fn enum_kind<N: Describe>(names: &[(&'static str, i128)]) -> Option<Kind> {
    let Some(Kind::Number(number)) = N::kind() else { return None };
    Some(Kind::Enum(EnumKind::new(number, names.iter().copied())))
}
