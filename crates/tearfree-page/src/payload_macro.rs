// SPDX-License-Identifier: MIT OR Apache-2.0
//! The macro that declares payloads.

/// Declares a struct that a page can hold, `#[repr(C)]` and without gaps, or an enum of named numbers.
///
/// It derives `Clone`, `Copy`, zerocopy's `TryFromBytes`, `IntoBytes`, `Immutable` and `KnownLayout`, and
/// implements [`Describe`](crate::Describe). A struct whose fields are all numbers or arrays of numbers
/// also gets `FromBytes`. A struct with gaps, a reference or a `char` does not compile.
///
/// ```
/// tearfree_page::payload! {
///     /// The price of a share.
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
/// An enum names the type of its numbers behind its name. A reader that finds another number, a `bool`
/// that is neither 0 nor 1, or a text that is not UTF-8, gets an error:
/// ```
/// use tearfree_page::{Options, Reader, Text, Writer, payload};
///
/// payload! {
///     #[derive(Debug, PartialEq)]
///     enum State: u8 { Idle = 0, Busy = 1 }
/// }
/// payload! {
///     struct Job {
///         name: Text<14>,
///         is_urgent: bool,
///         state: State,
///     }
/// }
/// # let folder = tempfile::tempdir()?;
/// # let page = folder.path().join("job");
/// let job = Job { name: Text::new("rotate logs")?, is_urgent: false, state: State::Busy };
/// let _writer = Writer::create(&page, job, &Options::new())?;
/// let reader = Reader::<Job>::open(&page)?;
/// let text = "name:text[14] is_urgent:bool state:u8{Idle=0,Busy=1}";
/// assert_eq!(reader.geometry().schema.to_string(), text);
/// assert_eq!(reader.get()?.state, State::Busy);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A struct with a gap does not compile, nor does one with a type that has no kind:
/// ```compile_fail
/// tearfree_page::payload! { struct Gap { number: u64, is_on: bool } }
/// ```
/// ```compile_fail
/// tearfree_page::payload! { struct Letter { letter: char } }
/// ```
/// ```
/// tearfree_page::payload! { struct Filled { number: u64, is_on: bool, fill: [u8; 7] } }
/// ```
///
/// If this crate has another name in your `Cargo.toml`, write `extern crate that_name as tearfree_page;` at
/// the root of your crate: zerocopy's derives find it by its own name only.
#[macro_export]
macro_rules! payload {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident: $number:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $value:expr),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(
            $crate::__private::Clone,
            $crate::__private::Copy,
            $crate::zerocopy::TryFromBytes,
            $crate::zerocopy::IntoBytes,
            $crate::zerocopy::Immutable,
            $crate::zerocopy::KnownLayout,
        )]
        #[zerocopy(crate = "::tearfree_page::zerocopy")]
        #[repr($number)]
        $vis enum $name {
            $($(#[$variant_meta])* $variant = $value,)+
        }

        impl $crate::Describe for $name {
            fn kind() -> $crate::__private::Option<$crate::Kind> {
                $crate::__private::enum_kind::<$crate::__private::primitive::$number>(&[
                    $((
                        $crate::__private::stringify!($variant),
                        Self::$variant as $crate::__private::primitive::$number
                            as $crate::__private::primitive::i128,
                    ),)+
                ])
            }

            fn describe(
                __tearfree_name: &$crate::__private::primitive::str,
                __tearfree_schema: &mut $crate::SchemaBuilder,
            ) {
                __tearfree_schema.value_of::<Self>(__tearfree_name);
            }
        }
    };
    // Structs whose types are one token each may have numbers only.
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $kind:tt),+ $(,)?
        }
    ) => {
        $crate::__payload_struct! {
            [$([$kind])+]
            $(#[$meta])*
            $vis struct $name {
                $($(#[$field_meta])* $field_vis $field: $kind,)+
            }
        }
    };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $kind:ty),+ $(,)?
        }
    ) => {
        $crate::__payload_struct! {
            []
            [$crate::zerocopy::TryFromBytes]
            $(#[$meta])*
            $vis struct $name {
                $($(#[$field_meta])* $field_vis $field: $kind,)+
            }
        }
    };
}

/// Declares a struct of [`payload!`]. The first brackets have the types of its fields: while they are types of
/// which all bytes are valid, they are taken away. What is left decides which of zerocopy's traits it gets.
#[doc(hidden)]
#[macro_export]
macro_rules! __payload_struct {
    ([] [$($from:tt)+] $(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $kind:ty,)+
    }) => {
        $(#[$meta])*
        #[derive(
            $crate::__private::Clone,
            $crate::__private::Copy,
            $($from)+,
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
            const ANY_BIT_PATTERN: $crate::__private::Option<$crate::AnyBitPattern<Self>> =
                if true $(&& <$kind as $crate::Describe>::ANY_BIT_PATTERN.is_some())+ {
                    // SAFETY: there is a proof for each field.
                    $crate::__private::Option::Some(unsafe { $crate::AnyBitPattern::of_struct() })
                } else {
                    $crate::__private::Option::None
                };

            // A constant or static of the user's with a parameter's name would shadow it, so these are long.
            fn describe(
                __tearfree_name: &$crate::__private::primitive::str,
                __tearfree_schema: &mut $crate::SchemaBuilder,
            ) {
                $(__tearfree_schema.field::<$kind>(
                    __tearfree_name,
                    $crate::__private::stringify!($field),
                );)+
            }

            #[inline(always)]
            fn is_valid(&self) -> $crate::__private::primitive::bool {
                true $(&& $crate::Describe::is_valid(&self.$field))+
            }
        }
    };
    ([] $($item:tt)+) => {
        $crate::__payload_struct! { [] [$crate::zerocopy::FromBytes] $($item)+ }
    };
    ([[u8] $($left:tt)*] $($item:tt)+) => { $crate::__payload_struct! { [$($left)*] $($item)+ } };
    ([[u16] $($left:tt)*] $($item:tt)+) => { $crate::__payload_struct! { [$($left)*] $($item)+ } };
    ([[u32] $($left:tt)*] $($item:tt)+) => { $crate::__payload_struct! { [$($left)*] $($item)+ } };
    ([[u64] $($left:tt)*] $($item:tt)+) => { $crate::__payload_struct! { [$($left)*] $($item)+ } };
    ([[u128] $($left:tt)*] $($item:tt)+) => { $crate::__payload_struct! { [$($left)*] $($item)+ } };
    ([[i8] $($left:tt)*] $($item:tt)+) => { $crate::__payload_struct! { [$($left)*] $($item)+ } };
    ([[i16] $($left:tt)*] $($item:tt)+) => { $crate::__payload_struct! { [$($left)*] $($item)+ } };
    ([[i32] $($left:tt)*] $($item:tt)+) => { $crate::__payload_struct! { [$($left)*] $($item)+ } };
    ([[i64] $($left:tt)*] $($item:tt)+) => { $crate::__payload_struct! { [$($left)*] $($item)+ } };
    ([[i128] $($left:tt)*] $($item:tt)+) => { $crate::__payload_struct! { [$($left)*] $($item)+ } };
    ([[f32] $($left:tt)*] $($item:tt)+) => { $crate::__payload_struct! { [$($left)*] $($item)+ } };
    ([[f64] $($left:tt)*] $($item:tt)+) => { $crate::__payload_struct! { [$($left)*] $($item)+ } };
    // An array: its elements decide.
    ([[[$element:tt; $len:expr]] $($left:tt)*] $($item:tt)+) => {
        $crate::__payload_struct! { [[$element] $($left)*] $($item)+ }
    };
    // Another type, whose bytes may be invalid.
    ([$($left:tt)+] $($item:tt)+) => {
        $crate::__payload_struct! { [] [$crate::zerocopy::TryFromBytes] $($item)+ }
    };
}
