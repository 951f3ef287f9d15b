// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fuzz target `counts`: see `tearfree_fuzz::counts`.
#![cfg_attr(fuzzing, no_main)]

tearfree_fuzz::target!(tearfree_fuzz::counts);
