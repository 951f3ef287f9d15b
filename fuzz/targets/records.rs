// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fuzz target `records`: see `tearfree_fuzz::records`.
#![cfg_attr(fuzzing, no_main)]

tearfree_fuzz::target!(tearfree_fuzz::records);
