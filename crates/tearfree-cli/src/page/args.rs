// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line of `tearfree page`.

use core::num::NonZeroU64;
use core::time::Duration;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use tearfree_page::Owner;

use crate::args::help_tail;

/// The subcommands of `page`.
#[derive(Debug, Subcommand)]
pub(crate) enum PageCommand {
    /// Make a page with the given fields.
    ///
    /// A page that is there already goes on if it has the same fields, and is refused otherwise.
    #[command(after_help = help_tail(&[
        ("tearfree page create rates price:f64=99.5 qty:u64=3", "a page with two fields"),
        ("tearfree page create ./rates history:f32[60]", "at a path; an array of zeros"),
    ]))]
    Create(CreateArgs),
    /// Show a page, or the given fields of it.
    #[command(after_help = help_tail(&[
        ("tearfree page get rates", "a table"),
        ("tearfree page get rates price", "the value alone, for scripts"),
        ("tearfree page get rates --json", "one JSON object"),
    ]))]
    Get(GetArgs),
    /// Change fields of a page, all at once, if it has no writer.
    #[command(after_help = help_tail(&[
        ("tearfree page set rates price=100.25 qty=4", "one publication"),
        ("tearfree page set rates history=1,2,3", "an array takes all of its numbers"),
    ]))]
    Set(SetArgs),
    /// Show a page and keep showing it, until Ctrl-C.
    ///
    /// On a terminal the table is updated in place; elsewhere each change is a line.
    #[command(after_help = help_tail(&[
        ("tearfree page watch rates", "in place"),
        ("tearfree page watch rates --json", "one JSON object for each change"),
        ("tearfree page watch rates --count 3", "until it has changed three times"),
    ]))]
    Watch(WatchArgs),
    /// List the pages that have a name.
    #[command(after_help = help_tail(&[
        ("tearfree page ls", "a table"),
        ("tearfree page ls --json", "one JSON object, for scripts"),
    ]))]
    Ls(LsArgs),
    /// Remove a page that has no writer. Programs that have it open keep its last value.
    #[command(after_help = help_tail(&[("tearfree page rm rates", "it is gone")]))]
    Rm(RmArgs),
}

/// Which page.
#[derive(Clone, Debug, Args)]
pub(crate) struct PageArg {
    /// The page: a name, or with a slash in it the path of its directory.
    #[arg(value_name = "PAGE")]
    pub(crate) page: PathBuf,
}

/// Whose pages are read.
#[derive(Clone, Debug, Args)]
pub(crate) struct OwnerArg {
    /// Read a page of this user, or of `any`; without it, yours and root's only. The owner of a page
    /// can end its readers, by cutting its file off.
    #[arg(long, value_name = "UID|any", value_parser = owner)]
    owner: Option<Owner>,
}

impl OwnerArg {
    pub(crate) fn get(&self) -> Owner {
        self.owner.unwrap_or_default()
    }
}

/// What `create` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct CreateArgs {
    #[command(flatten)]
    pub(crate) page: PageArg,
    /// The fields: name:kind, name:kind[count], with =VALUE behind it or zero. Kinds: u8 to u128, i8
    /// to i128, f32, f64.
    #[arg(value_name = "FIELD", required = true)]
    pub(crate) fields: Vec<String>,
    /// Promise to set it again within N seconds, so that readers see it turn stale. 0: no promise.
    #[arg(long, value_name = "N", value_parser = lifetime)]
    pub(crate) lifetime: Option<Duration>,
    /// Wake programs that wait for a change, at each one, instead of having them look.
    #[arg(long)]
    pub(crate) wakes: bool,
    /// Only this user may read it.
    #[arg(long)]
    pub(crate) private: bool,
    /// Put it in the place of a page with other fields, or of a damaged one.
    #[arg(long)]
    pub(crate) replace: bool,
    /// Print what was made as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `get` can be told.
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

/// What `set` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct SetArgs {
    #[command(flatten)]
    pub(crate) page: PageArg,
    /// The fields to change: name=VALUE. The numbers of an array have commas between them.
    #[arg(value_name = "FIELD=VALUE", required = true)]
    pub(crate) values: Vec<String>,
    /// Promise to set it again within N seconds; 0: no promise. Without it: what was promised before.
    #[arg(long, value_name = "N", value_parser = lifetime)]
    pub(crate) lifetime: Option<Duration>,
    /// Print the page afterwards as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `watch` can be told.
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

/// What `ls` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct LsArgs {
    #[command(flatten)]
    pub(crate) owner: OwnerArg,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `rm` can be told.
#[derive(Clone, Debug, Args)]
pub(crate) struct RmArgs {
    #[command(flatten)]
    pub(crate) page: PageArg,
}

fn owner(text: &str) -> Result<Owner, String> {
    match text {
        "any" => Ok(Owner::Any),
        number => number.parse().map(Owner::User).map_err(|_| "not a number, nor `any`".to_owned()),
    }
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{text} seconds are no time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_a_number_or_any() {
        assert_eq!(owner("any"), Ok(Owner::Any));
        assert_eq!(owner("1000"), Ok(Owner::User(1000)));
        for wrong in ["", "root", "-1"] {
            assert!(owner(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_lifetime_is_a_time() {
        assert_eq!(lifetime("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(lifetime("0"), Ok(Duration::ZERO));
        for wrong in ["", "-1", "NaN", "1e99", "5s"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }
}
