// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line of `tearfree demo`.

use core::num::NonZeroU64;
use core::time::Duration;
use std::thread;

use clap::Args;

use crate::times::parse_seconds;

/// The options of `demo`.
#[derive(Clone, Debug, Args)]
pub(crate) struct DemoArgs {
    /// How long to run, in seconds: 0.1 to 86400, fractions allowed.
    #[arg(long, value_name = "N", default_value = "5", value_parser = parse_seconds)]
    pub(crate) seconds: Duration,
    /// How many reader threads, 1 to 1024. Default: one for each core, and at least 2.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    readers: Option<u16>,
    /// Print one JSON object instead of the table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Run the tutorials' kernel module: one thread adds one each second, another prints the value.
    #[arg(long, conflicts_with_all = ["seconds", "readers", "json"])]
    pub(crate) tutorial: bool,
    /// End the tutorial after N values instead of at Ctrl-C.
    #[arg(long, value_name = "N", requires = "tutorial")]
    pub(crate) count: Option<NonZeroU64>,
    /// The time between two values of the tutorial, in milliseconds: 2 to 60000.
    #[arg(long, value_name = "MS", requires = "tutorial", default_value = "1000",
          value_parser = clap::value_parser!(u64).range(2..=60_000))]
    pub(crate) interval_ms: u64,
}

impl DemoArgs {
    /// Returns the number of readers: as given, or one for each core and at least two.
    pub(crate) fn readers(&self) -> usize {
        self.readers.map_or_else(|| cores().max(2), usize::from)
    }
}

/// Returns the number of cores that this process may use.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
