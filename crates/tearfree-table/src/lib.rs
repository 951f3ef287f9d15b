// SPDX-License-Identifier: MIT OR Apache-2.0
#![doc = include_str!("lib.md")]

mod batch;
mod choose;
mod control;
mod error;
mod file;
mod index;
mod rows;
mod shape;
mod table;
mod writer;

pub use batch::Batch;
pub use control::Control;
pub use error::Error;
pub use shape::MAX_CAPACITY;
pub use table::{Change, Entry, Row, Snapshot, Table};
pub use tearfree_page::remove;
pub use writer::TableWriter;

/// The protocol of a table, from which a reader can be written in any language.
#[doc = include_str!("../PROTOCOL.md")]
pub mod protocol {}
