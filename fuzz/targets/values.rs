// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fuzz target `values`: see `tearfree_fuzz::values`.
#![cfg_attr(fuzzing, no_main)]

tearfree_fuzz::target!(tearfree_fuzz::values);
