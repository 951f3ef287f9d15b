// SPDX-License-Identifier: MIT OR Apache-2.0
#![doc = include_str!("lib.md")]

// The crates that depend on this one need no such error: the compiler does not come to them.
#[cfg(not(all(target_os = "linux", target_pointer_width = "64", target_has_atomic = "64")))]
compile_error!(
    "tearfree-page is for Linux on 64-bit machines, where a reader loads the 64-bit count of a page in one step and from \
     read-only memory; the crate `tearfree` works elsewhere"
);

// `payload!` names this crate as its users do, and is used in here too.
extern crate self as tearfree_page;

mod byte_reader;
mod byte_writer;
mod contents;
mod create;
mod directories;
mod error;
mod field_check;
mod files;
mod follow;
mod follower;
mod fork;
mod header;
mod held_file;
mod identity;
pub mod layout;
mod lock;
mod locked_page;
mod mapped_page;
mod mapping;
mod name_watch;
mod new_directories;
mod notified;
mod offsets;
mod options;
mod owner;
mod ownership;
#[doc(hidden)]
pub mod parts;
mod path;
mod payload;
mod payload_macro;
mod polling;
mod reader;
mod rows_file;
mod schema;
mod sealed;
mod service;
mod sleep;
mod slot_view;
mod stamp;
mod status;
mod succession;
mod text;
mod time;
mod waited;
mod waiting;
mod writer;

pub use byte_reader::{Addresses, ByteReader};
pub use byte_writer::ByteWriter;
pub use directories::directories;
pub use error::{Error, Lost, ReadError, Unsettled};
pub use field_check::PayloadFields;
pub use files::Owner;
pub use follower::{ByteFollower, Follower};
pub use header::{Damage, Geometry, inspect};
pub use identity::{WriterIdentity, boot_id_text};
pub use locked_page::remove;
pub use notified::{WaitAny, WaitDescriptor, wait_any_async};
pub use options::Options;
pub use path::list;
pub use payload::{AnyBitPattern, Payload};
pub use reader::Reader;
pub use schema::{
    Describe, EnumKind, Field, InvalidValue, Kind, NumberKind, OpaqueKind, Schema, SchemaBuilder,
    SchemaError, schema_of,
};
pub use slot_view::SlotView;
pub use status::{Freshness, Reading, Times, WriterState};
pub use tearfree::{FieldSet, field};
pub use text::{Text, TextError};
pub use waited::{Reported, Waited, Watch};
pub use waiting::{Wait, wait_any};
pub use writer::Writer;
#[doc(hidden)]
pub use zerocopy;

/// What [`payload!`] and the bindings need, under paths that no item of the user's can shadow.
#[doc(hidden)]
pub mod __private {
    pub use core::{clone::Clone, marker::Copy, option::Option, primitive, stringify};

    /// For bindings: recognises forked children.
    pub use crate::fork::CreatorProcess;
    pub use crate::schema::enum_kind;
}

/// The protocol of a page, from which a reader can be written in any language.
#[doc = include_str!("../PROTOCOL.md")]
pub mod protocol {}
