// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line of `tearfree clock`.

use core::num::NonZeroU64;
use core::time::Duration;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use clap::{Args, Subcommand};
use tearfree_clock::{DEFAULT_NAME, MAX_SPEED, TestSettings};

use crate::help::after_help;

/// The subcommands of `clock`.
#[derive(Debug, Subcommand)]
pub(crate) enum ClockCommand {
    /// Keep the clock: follow the host's, and publish it for all processes, until Ctrl-C.
    ///
    /// If the previous keeper was killed, this one continues its clock without a step.
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
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
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
    /// Set the time of day, in UTC: 2030-01-01, 2030-01-01T12:00:00Z, or @SECONDS since 1970.
    #[arg(long, value_name = "TIME", value_parser = parse_time_of_day)]
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
        TestSettings { at_ns: self.at, offset_ns: self.offset, speed }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.get() == TestSettings::default()
    }
}

fn parse_time_of_day(text: &str) -> Result<u64, String> {
    let since_1970 = match text.strip_prefix('@') {
        Some(seconds) => {
            let seconds: f64 = seconds.parse().map_err(|_| "not a number of seconds".to_owned())?;
            Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?
        }
        None => {
            let text = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
            let time = humantime::parse_rfc3339_weak(&text).map_err(|error| error.to_string())?;
            time.duration_since(UNIX_EPOCH).map_err(|_| "the time is before 1970".to_owned())?
        }
    };
    u64::try_from(since_1970.as_nanos()).map_err(|_| "the time is after 2554".to_owned())
}

fn parse_offset(text: &str) -> Result<i64, String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let duration = humantime::parse_duration(rest).map_err(|error| error.to_string())?;
    let ns = i64::try_from(duration.as_nanos())
        .map_err(|_| "the offset is longer than 292 years".to_owned())?;
    Ok(sign * ns)
}

fn parse_speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    match (0.001..=MAX_SPEED).contains(&speed) {
        true => Ok(speed),
        false => Err(format!("{speed} is not in 0.001 to {MAX_SPEED}; --freeze stops the clock")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates_times_or_seconds() {
        assert_eq!(parse_time_of_day("2001-09-09T01:46:40Z"), Ok(1_000_000_000_000_000_000));
        assert_eq!(parse_time_of_day("2001-09-09 01:46:40"), Ok(1_000_000_000_000_000_000));
        assert_eq!(parse_time_of_day("1970-01-02"), Ok(86_400_000_000_000));
        assert_eq!(parse_time_of_day("@1.5"), Ok(1_500_000_000));
        for wrong in ["", "noon", "@x", "@-1", "1969-12-31", "@1e30"] {
            assert!(parse_time_of_day(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn offsets_have_either_sign() {
        assert_eq!(parse_offset("90s"), Ok(90_000_000_000));
        assert_eq!(parse_offset("+1h 1s"), Ok(3_601_000_000_000));
        assert_eq!(parse_offset("-2days"), Ok(-172_800_000_000_000));
        for wrong in ["", "5", "--1s", "1000000years"] {
            assert!(parse_offset(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn speeds_have_limits() {
        assert_eq!(parse_speed("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "1001", "NaN", "fast"] {
            assert!(parse_speed(wrong).is_err(), "{wrong}");
        }
    }
}
