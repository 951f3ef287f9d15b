// SPDX-License-Identifier: MIT OR Apache-2.0
//! The image: a vDSO whose time is that of a clock's page. The build script compiles this file; see DESIGN.md.
//!
//! Nothing here allocates, takes a lock, keeps a state, or can panic: the linker finds no panic handler.

#![no_std]
#![allow(dead_code, reason = "these files are also parts of other crates, which use all of them")]

mod functions;
mod host;
mod host_time;
mod reading;
mod system_call;

// Files of tearfree-page and tearfree-clock, as they are.
mod fields;
mod first_slope;
mod layout;
mod line;
mod shown;
mod slot_view;
mod source;

/// Declares the record of a clock, whose bytes `tearfree_page::payload!` has checked.
macro_rules! payload {
    ($($item:tt)*) => {
        #[derive(Clone, Copy)]
        #[repr(C)]
        $($item)*
    };
}
use payload;

use slot_view::SlotView;
