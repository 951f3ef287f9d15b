// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line of `tearfree clock`.

use core::num::NonZeroU64;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use tearfree_clock::{DEFAULT_NAME, TestSettings};

use crate::date::parse_time_of_day;
use crate::help::after_help;
use crate::times::{parse_offset, parse_speed};

/// The subcommands of `clock`.
#[derive(Debug, Subcommand)]
pub(crate) enum ClockCommand {
    /// Keep the clock: follow the host's, and publish it for all processes, until Ctrl-C.
    ///
    /// If the previous keeper was killed, this one continues its clock without a step. As a service it tells systemd when
    /// it is ready and that it is alive, and SIGTERM ends it with exit code 0.
    #[command(after_help = after_help(&[
        ("tearfree clock serve", "with a status line"),
        ("tearfree clock serve --json", "one JSON object a second"),
    ]))]
    Serve(ServeArgs),
    /// Read the clock once: the time, its error bounds, and its status.
    #[command(after_help = after_help(&[
        ("tearfree clock now", "a table"),
        ("tearfree clock now --json", "one JSON object"),
    ]))]
    Now(NowArgs),
    /// Read the clock each second, until Ctrl-C.
    #[command(after_help = after_help(&[
        ("tearfree clock watch", "one line a second"),
        ("tearfree clock watch --count 3 --json", "three JSON objects"),
    ]))]
    Watch(WatchArgs),
    /// Run a program on a clock of its own: moved, faster, slower, or standing still.
    ///
    /// The program and its children see that clock wherever they call the C library. Static programs,
    /// Go programs and programs with the rights of another user do not; they are refused. Sleeps and
    /// timeouts pass at the clock's speed; on a clock that stands still they take their normal time.
    /// `tearfree clock set` changes the time while programs run.
    #[command(after_help = after_help(&[
        ("tearfree clock exec --at 2038-01-19T03:14:07Z -- date", "another time of day"),
        ("tearfree clock exec --speed 60 -- sleep 60", "a minute in a second"),
        ("tearfree clock exec --page office --freeze -- ./tests", "a named clock, to be set"),
    ]))]
    Exec(ExecArgs),
    /// Change a test clock while programs run on it.
    #[command(after_help = after_help(&[
        ("tearfree clock set office --offset 1h", "an hour ahead of what it shows"),
        ("tearfree clock set office --at 2030-01-01 --speed 1", "and it runs again"),
        ("tearfree clock set office --at 'tomorrow 23:59:50'", "in the local time zone"),
    ]))]
    Set(SetArgs),
}

/// The clock of a command.
#[derive(Clone, Debug, Args)]
pub(crate) struct ClockPageArg {
    /// The clock's page: a name, or the path of its directory if it contains a slash.
    #[arg(long, value_name = "PAGE", default_value = DEFAULT_NAME)]
    pub(crate) page: PathBuf,
    /// Print JSON: one object, or one a second.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The options of `serve`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) clock: ClockPageArg,
}

/// The options of `now`.
#[derive(Clone, Debug, Args)]
pub(crate) struct NowArgs {
    #[command(flatten)]
    pub(crate) clock: ClockPageArg,
}

/// The options of `watch`.
#[derive(Clone, Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) clock: ClockPageArg,
    /// End after N lines.
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<NonZeroU64>,
}

/// The options of `exec`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExecArgs {
    /// A name for the clock, so that other programs can join and set it; it stays when the program
    /// ends. If this test clock exists already, the program joins it.
    #[arg(long, value_name = "PAGE")]
    pub(crate) page: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) setting: SettingArgs,
    /// The program and its arguments.
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND",
          value_hint = ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<OsString>,
}

/// The options of `set`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SetArgs {
    /// The test clock's page: a name, or the path of its directory if it contains a slash.
    #[arg(value_name = "PAGE")]
    pub(crate) page: PathBuf,
    #[command(flatten)]
    pub(crate) setting: SettingArgs,
    /// Print its new time as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Changes to a test clock.
#[derive(Clone, Debug, Args)]
pub(crate) struct SettingArgs {
    /// Set the time of day, as `date -d` takes it: '2030-01-01 12:00', 2030-01-01T12:00:00Z,
    /// '2030-01-01 12:00 +0200', @SECONDS since 1970, now, 'tomorrow 9:00', '2 days ago'. Without an
    /// offset it is in the local time zone (TZ).
    #[arg(long, value_name = "TIME", value_parser = parse_time_of_day, allow_hyphen_values = true)]
    at: Option<u64>,
    /// Move the time of day: 90s, '1h 30m', -2days.
    #[arg(long, value_name = "D", value_parser = parse_offset, allow_hyphen_values = true)]
    offset: Option<i64>,
    /// Seconds of the clock in one second of the host: 0.001 to 1000.
    #[arg(long, value_name = "X", value_parser = parse_speed, conflicts_with = "freeze")]
    speed: Option<f64>,
    /// Stop the clock.
    #[arg(long)]
    freeze: bool,
}

impl SettingArgs {
    pub(crate) fn get(&self) -> TestSettings {
        let speed = if self.freeze { Some(0.0) } else { self.speed };
        TestSettings::new().at_ns(self.at).offset_ns(self.offset).speed(speed)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.get() == TestSettings::new()
    }
}
