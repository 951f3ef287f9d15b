// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line of `tearfree page`.

use core::num::NonZeroU64;
use core::time::Duration;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use tearfree_page::Owner;

use crate::help::after_help;
use crate::times::parse_lifetime;

/// The subcommands of `page`.
#[derive(Debug, Subcommand)]
pub(crate) enum PageCommand {
    /// Create a page with the given fields.
    ///
    /// An existing page is continued if it has the same fields, and refused otherwise.
    #[command(after_help = after_help(&[
        ("tearfree page create rates price:f64=99.5 qty:u64=3", "a page with two fields"),
        ("tearfree page create ./rates history:f32[60]", "at a path; an array of zeros"),
    ]))]
    Create(CreateArgs),
    /// Show a page, or some of its fields.
    #[command(after_help = after_help(&[
        ("tearfree page get rates", "a table"),
        ("tearfree page get rates price", "the value alone, for scripts"),
        ("tearfree page get rates --json", "one JSON object"),
    ]))]
    Get(GetArgs),
    /// Change fields of a page, all at once, if it has no writer.
    #[command(after_help = after_help(&[
        ("tearfree page set rates price=100.25 qty=4", "one publication"),
        ("tearfree page set rates history=1,2,3", "all numbers of an array"),
    ]))]
    Set(SetArgs),
    /// Show a page and keep showing it, until Ctrl-C.
    ///
    /// On a terminal the table is updated in place; otherwise each change is printed as a line.
    #[command(after_help = after_help(&[
        ("tearfree page watch rates", "in place"),
        ("tearfree page watch rates --json", "one JSON object for each change"),
        ("tearfree page watch rates --count 3", "until it has changed three times"),
    ]))]
    Watch(WatchArgs),
    /// List the named pages.
    #[command(after_help = after_help(&[
        ("tearfree page ls", "a table"),
        ("tearfree page ls --json", "one JSON object, for scripts"),
    ]))]
    Ls(LsArgs),
    /// Remove a page that has no writer. Programs that have it open keep its last value.
    #[command(after_help = after_help(&[("tearfree page rm rates", "it is gone")]))]
    Rm(RmArgs),
}

/// The page of a command.
#[derive(Clone, Debug, Args)]
pub(crate) struct PageArg {
    /// The page: a name, or the path of its directory if it contains a slash.
    #[arg(value_name = "PAGE")]
    pub(crate) page: PathBuf,
}

/// The owner whose pages are read.
#[derive(Clone, Debug, Args)]
pub(crate) struct OwnerArg {
    /// Read a page of this user, by name or ID, of a member of `group:NAME`, or of `any` user. Default: your pages and
    /// root's. The owner of a page can kill its readers by truncating its file.
    #[arg(long, value_name = "USER|group:NAME|any")]
    owner: Option<Owner>,
}

impl OwnerArg {
    pub(crate) fn get(&self) -> Owner {
        self.owner.unwrap_or_default()
    }
}

/// The options of `create`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    pub(crate) page: PageArg,
    /// The fields: name:kind or name:kind[count], then =VALUE unless it is zero. Kinds: u8 to u128,
    /// i8 to i128, f32, f64, bool, text[N] of N bytes, and named numbers as u8{idle=0,busy=1}.
    #[arg(value_name = "FIELD", required = true)]
    pub(crate) fields: Vec<String>,
    /// Promise to set it again within N seconds, after which readers see it as stale. 0: no promise.
    #[arg(long, value_name = "N", value_parser = parse_lifetime)]
    pub(crate) lifetime: Option<Duration>,
    /// Wake waiting programs at each change, so that they need not poll.
    #[arg(long)]
    pub(crate) wakes: bool,
    /// Only this user may read it.
    #[arg(long)]
    pub(crate) private: bool,
    /// Replace a page that has other fields or is damaged.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Print the new page as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The options of `get`.
#[derive(Clone, Debug, Args)]
pub(crate) struct GetArgs {
    #[command(flatten)]
    pub(crate) page: PageArg,
    /// Only these fields, each value on a line of its own.
    #[arg(value_name = "FIELD")]
    pub(crate) fields: Vec<String>,
    #[command(flatten)]
    pub(crate) owner: OwnerArg,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The options of `set`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SetArgs {
    #[command(flatten)]
    pub(crate) page: PageArg,
    /// The fields to change: name=VALUE. The numbers of an array are separated by commas.
    #[arg(value_name = "FIELD=VALUE", required = true)]
    pub(crate) values: Vec<String>,
    /// Promise to set it again within N seconds; 0: no promise. Default: the promise of before.
    #[arg(long, value_name = "N", value_parser = parse_lifetime)]
    pub(crate) lifetime: Option<Duration>,
    /// Wait at most N seconds while the page has another writer, such as another `set`.
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse_lifetime)]
    pub(crate) wait: Duration,
    /// Print the page afterwards as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The options of `watch`.
#[derive(Clone, Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) page: PageArg,
    /// End after N changes.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<NonZeroU64>,
    #[command(flatten)]
    pub(crate) owner: OwnerArg,
    /// Print one JSON object for each change, on a line of its own.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The options of `ls`.
#[derive(Clone, Debug, Args)]
pub(crate) struct LsArgs {
    #[command(flatten)]
    pub(crate) owner: OwnerArg,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The options of `rm`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RmArgs {
    #[command(flatten)]
    pub(crate) page: PageArg,
}
