// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fuzz target `headers`: see `tearfree_fuzz::headers`.
#![cfg_attr(fuzzing, no_main)]

tearfree_fuzz::target!(tearfree_fuzz::headers);
