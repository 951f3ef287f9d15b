// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fuzz target `programs`: see `tearfree_fuzz::programs`.
#![cfg_attr(fuzzing, no_main)]

tearfree_fuzz::target!(tearfree_fuzz::programs);
