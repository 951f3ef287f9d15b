// SPDX-License-Identifier: MIT OR Apache-2.0
//! From a Rust type to its schema.

use super::{Kind, Schema, SchemaError};

/// A type that can tell which fields it has. [`payload!`](crate::payload) implements it for structs.
///
/// The numbers from `u8` to `u128` and from `i8` to `i128`, `f32` and `f64` have it, and arrays of
/// everything that has it. A description that does not fit the type is refused when a page is created
/// or opened; it cannot do worse.
pub trait Describe {
    /// What it is if it is a single number.
    const KIND: Option<Kind> = None;

    /// Adds its fields. `name` is that of the field which has this type; it is empty at the top.
    fn describe(name: &str, fields: &mut Fields);
}

/// The fields that were described until now.
#[derive(Debug)]
pub struct Fields(Result<Schema, SchemaError>);

impl Fields {
    /// Adds one number, or an array of them.
    pub fn number(&mut self, name: &str, kind: Kind, count: Option<usize>) {
        let name = if name.is_empty() { "value" } else { name };
        if let Ok(schema) = &mut self.0
            && let Err(error) = schema.push(name, kind, count)
        {
            self.0 = Err(error);
        }
    }

    /// Adds the field `name` of the struct that `parent` is.
    pub fn field<F: Describe>(&mut self, parent: &str, name: &str) {
        if parent.is_empty() {
            F::describe(name, self);
        } else {
            F::describe(&format!("{parent}.{name}"), self);
        }
    }
}

/// The schema of a type.
///
/// # Errors
/// If the type has no bytes, too many, or a description that no page can have.
///
/// ```
/// let schema = tearfree_page::schema_of::<[u32; 4]>()?;
/// assert_eq!(schema.to_string(), "value:u32[4]");
/// # Ok::<(), tearfree_page::SchemaError>(())
/// ```
pub fn schema_of<T: Describe>() -> Result<Schema, SchemaError> {
    let mut fields = Fields(Ok(Schema::default()));
    T::describe("", &mut fields);
    fields.0?.complete()
}

macro_rules! numbers {
    ($($number:ty => $kind:ident),*) => {$(
        impl Describe for $number {
            const KIND: Option<Kind> = Some(Kind::$kind);

            fn describe(name: &str, fields: &mut Fields) {
                fields.number(name, Kind::$kind, None);
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
    fn describe(name: &str, fields: &mut Fields) {
        match T::KIND {
            Some(kind) => fields.number(name, kind, Some(N)),
            None => (0..N).for_each(|i| fields.field::<T>(name, &format!("_{i}"))),
        }
    }
}

/// Declares a struct that a page can hold: `#[repr(C)]`, every bit pattern valid, no gaps.
///
/// It derives `Clone`, `Copy`, zerocopy's `FromBytes`, `IntoBytes`, `Immutable` and `KnownLayout`, and
/// implements [`Describe`]. A struct with gaps, a `bool`, an enum or a reference does not compile.
///
/// ```
/// tearfree_page::payload! {
///     /// What a share costs.
///     #[derive(Debug, PartialEq)]
///     pub struct Quote {
///         /// In cents.
///         pub price: f64,
///         pub quantity: u64,
///     }
/// }
/// assert_eq!(tearfree_page::schema_of::<Quote>()?.to_string(), "price:f64 quantity:u64");
/// # Ok::<(), tearfree_page::SchemaError>(())
/// ```
///
/// Where this crate has another name in `Cargo.toml`, say `extern crate that_name as tearfree_page;` at the
/// root: zerocopy's derives know it by its own name only.
#[macro_export]
macro_rules! payload {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $kind:ty),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(
            $crate::__private::Clone,
            $crate::__private::Copy,
            $crate::zerocopy::FromBytes,
            $crate::zerocopy::IntoBytes,
            $crate::zerocopy::Immutable,
            $crate::zerocopy::KnownLayout,
        )]
        #[zerocopy(crate = "::tearfree_page::zerocopy")]
        #[repr(C)]
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $kind,)+
        }

        impl $crate::Describe for $name {
            // An item of the user's that has a parameter's name would take its place, so these are long.
            fn describe(__tearfree_name: &$crate::__private::str, __tearfree_fields: &mut $crate::Fields) {
                $(__tearfree_fields.field::<$kind>(
                    __tearfree_name,
                    $crate::__private::stringify!($field),
                );)+
            }
        }
    };
}
