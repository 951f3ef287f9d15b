// SPDX-License-Identifier: MIT OR Apache-2.0
#![doc = include_str!("../README.md")]
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

// `payload!` names this crate as its users do, and is used in here too.
extern crate self as tearfree_page;

mod birth;
mod bytes;
mod error;
mod fork;
mod header;
mod identity;
pub mod layout;
mod lock;
mod mapping;
mod options;
mod passing;
mod place;
mod publisher;
mod reader;
mod schema;
mod shared;
mod status;
mod subscriber;
mod view;
mod writer;

pub use bytes::{ByteReader, ByteWriter};
pub use error::{Error, Unsettled};
pub use header::{Damage, Geometry, inspect};
pub use identity::{Identity, boot_id_text};
pub use options::Options;
pub use place::{Owner, directories, list};
pub use publisher::remove;
pub use reader::Reader;
pub use schema::{Describe, Field, Fields, Kind, Schema, SchemaError, schema_of};
pub use status::{Freshness, Reading, WriterState};
pub use subscriber::Waited;
pub use tearfree::{FieldSet, field};
pub use view::View;
pub use writer::Writer;
#[doc(hidden)]
pub use zerocopy;

/// What [`payload!`] needs, under a path that no name of the user's can lead elsewhere.
#[doc(hidden)]
pub mod __private {
    pub use core::{clone::Clone, marker::Copy, primitive::str, stringify};
}

/// The protocol of a page, from which a reader can be written in any language.
#[doc = include_str!("../PROTOCOL.md")]
pub mod protocol {}

/// What a page can hold: plain bytes of which every pattern is a value, with a schema.
///
/// [`payload!`] declares such structs; numbers and arrays of them have it by themselves. A pointer, a
/// `bool` or an enum cannot be in there: another process could put a value there that it must not
/// have.
pub trait Payload:
    Describe
    + zerocopy::FromBytes
    + zerocopy::IntoBytes
    + zerocopy::Immutable
    + zerocopy::KnownLayout
    + Copy
    + 'static
{
}

impl<T> Payload for T where
    T: Describe
        + zerocopy::FromBytes
        + zerocopy::IntoBytes
        + zerocopy::Immutable
        + zerocopy::KnownLayout
        + Copy
        + 'static
{
}
