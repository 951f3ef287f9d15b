// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fuzz target `litmus`: see `tearfree_fuzz::litmus`.
#![cfg_attr(fuzzing, no_main)]

tearfree_fuzz::target!(tearfree_fuzz::litmus);
