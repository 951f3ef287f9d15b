// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads the kernel's own time page, through `tearfree::SeqCount`.
//!
//! The page is not a stable interface; only the vDSO functions that read it are. Its layout differs
//! between versions of the kernel. So [`KernelPage::find`] tries the layouts it knows, and accepts one
//! only if its times lie between those of `clock_gettime`. This is for inspection; programs that need the
//! time should use another function.

mod find;
mod layout;
mod page;
mod verify;

pub use find::FindError;
pub use layout::Layout;
pub use page::{KernelClock, KernelPage, Snapshot};
pub use verify::Agreement;
