// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fuzz target `schemas`: see `tearfree_fuzz::schemas`.
#![cfg_attr(fuzzing, no_main)]

tearfree_fuzz::target!(tearfree_fuzz::schemas);
