// SPDX-License-Identifier: MIT OR Apache-2.0
//! Derives the schema of a Rust type.

use super::definition::Schema;
use super::error::SchemaError;
use super::field::NumberKind;

/// A type that describes its fields. [`payload!`](crate::payload) implements it for structs.
///
/// It is implemented for the integers from `u8` to `u128` and from `i8` to `i128`, for `f32` and `f64`,
/// and for arrays of types that implement it. A description that does not match the size of the type is
/// an error when a page is created or opened, never undefined behaviour.
pub trait Describe {
    /// The kind of number that the type is; `None` for structs and arrays.
    const KIND: Option<NumberKind> = None;

    /// Adds the fields of this type to `schema`. `name` is the name of the field that has this type, and
    /// empty for the payload itself.
    fn describe(name: &str, schema: &mut SchemaBuilder);
}

/// A schema under construction, or the first error in it.
#[derive(Debug)]
pub struct SchemaBuilder(Result<Schema, SchemaError>);

impl SchemaBuilder {
    /// Adds a number, or an array of numbers if `count` is given.
    pub fn number(&mut self, name: &str, kind: NumberKind, count: Option<usize>) {
        let name = if name.is_empty() { "value" } else { name };
        if let Ok(schema) = &mut self.0
            && let Err(error) = schema.push(name, kind, count)
        {
            self.0 = Err(error);
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
            const KIND: Option<NumberKind> = Some(NumberKind::$kind);

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
    fn describe(name: &str, schema: &mut SchemaBuilder) {
        match T::KIND {
            Some(kind) => schema.number(name, kind, Some(N)),
            None => (0..N).for_each(|i| schema.field::<T>(name, &format!("_{i}"))),
        }
    }
}
