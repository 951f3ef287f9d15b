// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fuzz target `times`: see `tearfree_fuzz::times`.
#![cfg_attr(fuzzing, no_main)]

tearfree_fuzz::target!(tearfree_fuzz::times);
