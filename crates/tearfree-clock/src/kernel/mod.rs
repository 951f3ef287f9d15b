// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kernel's own time page, read live by the same sequence counter that this project is about.
//!
//! The page is no interface: only the vDSO functions that read it are. Its layout differs between
//! versions of the kernel. So [`KernelPage::find`] tries the layouts it knows and takes one only if
//! the times computed by it lie between those of `clock_gettime`; and this is for looking and
//! learning, not for a program that needs the time.

mod find;
mod layout;
mod page;
mod verify;

pub use find::Refusal;
pub use layout::Layout;
pub use page::{KernelClock, KernelPage, Snapshot};
pub use verify::Agreement;
