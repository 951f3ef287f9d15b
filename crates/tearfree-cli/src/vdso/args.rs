// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line of `tearfree vdso`.

use core::num::NonZeroU64;

use clap::Args;

/// The options of `vdso`.
#[derive(Clone, Debug, Args)]
pub(crate) struct VdsoArgs {
    /// Show each step of the kernel's count, until Ctrl-C.
    #[arg(long, conflicts_with = "verify")]
    pub(super) watch: bool,
    /// With --watch: end after N steps.
    #[arg(long, value_name = "N", requires = "watch")]
    pub(super) count: Option<NonZeroU64>,
    /// Compare N times of each clock with clock_gettime: 1 to 1000000000.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000_000))]
    pub(super) verify: Option<u32>,
    /// Print one JSON object instead of the table; with --watch, one for each step.
    #[arg(long)]
    pub(super) json: bool,
}
