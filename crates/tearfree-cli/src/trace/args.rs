// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line of `tearfree trace`.

use std::path::PathBuf;

use clap::Args;

/// The options of `trace`.
#[derive(Clone, Debug, Args)]
pub(crate) struct TraceArgs {
    /// Draw the timeline into FILE, an SVG diagram. FILE is replaced only if the run succeeds.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Print the events as one JSON object instead of the table.
    #[arg(long)]
    pub(crate) json: bool,
}
