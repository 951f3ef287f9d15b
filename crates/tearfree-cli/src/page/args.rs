// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line of `tearfree page`.

use core::num::NonZeroU64;
use core::time::Duration;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use tearfree_page::Owner;

use crate::help::after_help;
use crate::times::parse_lifetime;

/// The subcommands of `page`.
#[derive(Debug, Subcommand)]
pub(crate) enum PageCommand {
    /// Create a page with the given fields.
    ///
    /// An existing page is continued if it has the same fields, and refused otherwise. It keeps the values of the
    /// fields that are given none.
    #[command(after_help = after_help(&[
        ("tearfree page create rates price:f64=99.5 qty:u64=3", "a page with two fields"),
        ("tearfree page create ./rates history:f32[60]", "at a path; an array of zeros"),
        ("tearfree page create job 'state:u8{idle=0,busy=1}=busy'", "a named number"),
    ]))]
    Create(CreateArgs),
    /// Show a page, or some of its fields.
    #[command(after_help = after_help(&[
        ("tearfree page get rates", "a table"),
        ("tearfree page get rates price", "the value alone, for scripts"),
        ("tearfree page get rates history[2]", "an element; history[2..5] are three"),
        ("tearfree page get rates --json", "one JSON object"),
    ]))]
    Get(GetArgs),
    /// Change fields of a page, all at once, if it has no writer.
    #[command(after_help = after_help(&[
        ("tearfree page set rates price=100.25 qty=4", "one publication"),
        ("tearfree page set rates history=1,2,3", "all numbers of an array"),
        ("tearfree page set rates history[2]=5", "one of them"),
    ]))]
    Set(SetArgs),
    /// Publish each line of standard input, as the writer of a page until the input ends.
    ///
    /// A line is `field=VALUE ...` or a JSON object, such as `page tail` and `get --json` print; it is one publication.
    /// The fields that it does not name keep their values. An invalid line is reported and not published; the others
    /// are, and the exit code is 1 at the end.
    #[command(after_help = after_help(&[
        ("sensor | tearfree page publish room --create celsius:f64", "lines such as celsius=21.5"),
        ("tearfree page tail a | tearfree page publish b", "copy a page to another"),
        ("tearfree page publish rates --strict <rates.json", "end at the first invalid line"),
    ]))]
    Publish(PublishArgs),
    /// Print a page and then each change, as lines that `publish` and `set` take.
    ///
    /// For pipes and files: one `field=VALUE ...` or JSON object for each change that is seen. A page holds its newest value
    /// only, so what is published faster than it is read is passed over; the last value never is. It follows pages
    /// that replace this one, until Ctrl-C. (`watch` shows a table, and who writes the page.)
    #[command(after_help = after_help(&[
        ("tearfree page tail rates", "all fields"),
        ("tearfree page tail rates price --since now", "one field, without the present value"),
        ("tearfree page tail rates --json --until-ended", "JSON, until the writer has ended"),
    ]))]
    Tail(TailArgs),
    /// Print the declaration of a page's value in C, Rust or Python.
    #[command(after_help = after_help(&[
        ("tearfree page header rates >rates.h", "a C and C++ struct, and its schema"),
        ("tearfree page header rates --rust", "a struct for `Reader` and `Writer`"),
        ("tearfree page header rates --python", "a ctypes.Structure, also for numpy.dtype"),
    ]))]
    Header(HeaderArgs),
    /// Show a page and keep showing it, until Ctrl-C.
    ///
    /// On a terminal the table is updated in place; otherwise each change is printed as a line. (`tail` prints lines that
    /// `publish` takes.)
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
    /// i8 to i128, f32, f64, bool, text[N] of N bytes, and named numbers as u8{idle=0,busy=1},
    /// quoted because of the shell: 'state:u8{idle=0,busy=1}'.
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
    /// Only these fields, or elements such as name[2] and name[2..5], each value on a line of its own.
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
    /// The fields to change: name=VALUE. The numbers of an array are separated by commas; name[2]=VALUE changes one.
    /// A value that begins with a quote is quoted as in JSON, as `tail` prints text.
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

/// The options of `publish`.
#[derive(Clone, Debug, Args)]
pub(crate) struct PublishArgs {
    #[command(flatten)]
    pub(crate) page: PageArg,
    /// Create the page with these fields, written as for `page create`, or continue it.
    #[arg(long, value_name = "FIELD", num_args = 1..)]
    pub(crate) create: Vec<String>,
    /// Take JSON objects only, so that any other line is an error.
    #[arg(long)]
    pub(crate) json_input: bool,
    /// End at the first invalid line.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Promise the next line within N seconds; 0: no promise. Default: the promise of before.
    #[arg(long, value_name = "N", value_parser = parse_lifetime)]
    pub(crate) lifetime: Option<Duration>,
    /// Wait at most N seconds while the page has another writer.
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse_lifetime)]
    pub(crate) wait: Duration,
    /// With --create: wake waiting programs at each change.
    #[arg(long, requires = "create")]
    pub(crate) wakes: bool,
    /// With --create: only this user may read it.
    #[arg(long, requires = "create")]
    pub(crate) private: bool,
    /// With --create: replace a page that has other fields or is damaged.
    #[arg(long, requires = "create")]
    pub(crate) replace: bool,
}

/// The options of `tail`.
#[derive(Clone, Debug, Args)]
pub(crate) struct TailArgs {
    #[command(flatten)]
    pub(crate) page: PageArg,
    /// Only these fields, or elements such as name[2].
    #[arg(value_name = "FIELD")]
    pub(crate) fields: Vec<String>,
    /// Begin with the value that is there, or with the next one.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Since::First)]
    pub(crate) since: Since,
    /// End after N lines.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<NonZeroU64>,
    /// End when the writer has ended or was killed, or the page was removed, after its last value.
    #[arg(long)]
    pub(crate) until_ended: bool,
    #[command(flatten)]
    pub(crate) owner: OwnerArg,
    /// Print JSON objects with `generation` and `fields`.
    #[arg(long)]
    pub(crate) json: bool,
}

/// With which value `tail` begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Since {
    /// The value that is there.
    First,
    /// The next one.
    Now,
}

/// The options of `header`.
#[derive(Clone, Debug, Args)]
pub(crate) struct HeaderArgs {
    #[command(flatten)]
    pub(crate) page: PageArg,
    /// A C struct, for C11 and C++11 on (default).
    #[arg(long, group = "language")]
    pub(crate) c: bool,
    /// A Rust struct, by `payload!` where the names of the fields allow it.
    #[arg(long, group = "language")]
    pub(crate) rust: bool,
    /// A Python class.
    #[arg(long, group = "language")]
    pub(crate) python: bool,
    #[command(flatten)]
    pub(crate) owner: OwnerArg,
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
