// SPDX-License-Identifier: MIT OR Apache-2.0
//! Times as given, also compared with the installed GNU `date`.

use std::env;
use std::io::{self, Write};
use std::process::{Command, Stdio};

use super::*;

/// Zones with rules of many kinds: none, both hemispheres, half hours, negative summer time, a skipped day, POSIX text.
const ZONES: [&str; 9] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
    "America/St_Johns",
    "EST5EDT,M3.2.0,M11.1.0",
    "<+03>-3",
];

/// What GNU `date` takes and this, too.
const TAKEN: &str = "\
2038-01-19
2038-01-19 03:14:07
2038-01-19T03:14:07
2038-01-19T03:14:07Z
2038-01-19 03:14:07Z
2038-01-19 03:14:07 Z
2038-01-19 03:14:07+02:00
2038-01-19 03:14:07 +02:00
2038-01-19 03:14:07+0200
2038-01-19 03:14:07 +0200
2038-01-19 03:14:07 +02
2038-01-19T03:14:07-05:30
2038-01-19 03:14:07 UTC
2038-01-19 03:14:07 GMT
2038-01-19 03:14:07 EST
2038-01-19 03:14:07.123456789Z
2038-01-19 03:14:07,5Z
2038-01-19 03:14
2038-01-19 3:14pm
2038-01-19 3pm
2038-01-19 UTC
20380119
20380119 0314
20240101 2 hours
1/19/2038
19 Jan 2038
19-Jan-2038
Jan 19, 2038 03:14:07
Tue, 19 Jan 2038 03:14:07 +0000
Tue Jan 19 03:14:07 UTC 2038
@0
@1.5
@2147483647.25
@5.123456789
now
today
tomorrow
yesterday
+2 hours
-2 hours
+ 2 hours
2 hours
2 days ago
-3 days
1 week
next week
last week
next month
next year
last month
1 month ago
2 days 3 hours ago
1 hour 30 minutes
1.5 seconds
next hour
monday
next monday
last friday
today 12:00
tomorrow 12:00
12:00 tomorrow
yesterday 23:59:59
tomorrow UTC
12:00 UTC
12:00 hour ago
2024-01-31 1 month
2024-01-31 +1 month
2024-02-29 1 year ago
2024-01-01 +90 minutes
2024-01-01 hour
2024-01-01 12:00 next hour
2024-01-01 12:00:00Z +2 hours
2024-01-01 2 weeks ago
2024-03-31 00:00 3 hours
2024-03-31 12:00 1 day ago
2024-03-30T12:00+01:00 1 day
2024-10-27 00:00 5 hours
2024-11-03 00:00 5 hours
2024-10-27 02:30 +0200
2024-10-27T02:30+01:00
2024-07-01 12:00
2100-07-01 12:00
2300-06-01 12:00";

/// What GNU `date` refuses, and this, too; in Berlin, where the fourth is skipped.
const REFUSED: [&str; 10] = [
    "2024-02-30",
    "2024-13-01",
    "2024-01-01 25:00",
    "2024-03-31 02:30",
    "foo",
    "noon",
    "2024-01-01 foo",
    "2024-01-01T00:00:00+25:00",
    "@1e3",
    "123456789012",
];

fn zone(name: &str) -> Option<TimeZone> {
    TimeZone::posix(name).or_else(|_| TimeZone::get(name)).ok()
}

/// Says that something is not tested here; under CI everything is tested.
fn left_out(what: &str) {
    let is_ci = env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false");
    assert!(!is_ci, "under CI this has to be tested: {what}");
    let _ = writeln!(io::stderr(), "left out: {what}");
}

/// Runs GNU `date` in this zone. Returns what it prints, and whether it takes all of the times.
fn date(zone: &str, args: &[&str], times: &str) -> (String, bool) {
    let mut command = Command::new("date");
    command.args(args).arg("+%s%N").env("TZ", zone).env("LC_ALL", "C");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("it is installed");
    // `date` need not read it.
    let _ = child.stdin.take().expect("a pipe").write_all(times.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    (String::from_utf8(output.stdout).expect("digits"), output.status.success())
}

fn has_gnu_date() -> bool {
    let version = Command::new("date").arg("--version").output().ok();
    let is_gnu = version.is_some_and(|output| output.stdout.starts_with(b"date (GNU coreutils)"));
    if !is_gnu {
        left_out("GNU date is not installed");
    }
    is_gnu
}

#[test]
fn times_are_those_of_gnu_date() {
    if !has_gnu_date() {
        return;
    }
    for name in ZONES {
        let Some(zone) = zone(name) else {
            left_out("this system has no time zones");
            continue;
        };
        let here = || {
            let now = Timestamp::now().to_zoned(zone.clone());
            let times = TAKEN.lines().map(|text| parse(text, &now).map(Timestamp::as_nanosecond));
            times.collect::<Vec<_>>()
        };
        let before = here();
        let (theirs, are_all_taken) = date(name, &["-f", "-"], TAKEN);
        let after = here();
        assert!(are_all_taken, "GNU date in {name} refuses one:\n{theirs}");
        let times = TAKEN.lines().zip(theirs.lines()).zip(before.into_iter().zip(after));
        for ((text, theirs), (before, after)) in times {
            let theirs: i128 = theirs.parse().expect("a number");
            // Times that are relative to now have passed on.
            let (Ok(before), Ok(after)) = (&before, &after) else {
                panic!("'{text}' in {name}: {before:?}")
            };
            assert!(
                (*before..=*after).contains(&theirs),
                "'{text}' in {name}: {theirs}, not {before} to {after}"
            );
        }
    }
    for text in REFUSED {
        assert!(!date("Europe/Berlin", &["-d", text], "").1, "GNU date takes '{text}'");
    }
}

/// Parses where it is noon on 15 June 2024 in Berlin.
fn in_berlin(text: &str) -> Option<Result<String, String>> {
    let Some(zone) = zone("Europe/Berlin") else {
        left_out("this system has no time zones");
        return None;
    };
    let noon = jiff::civil::date(2024, 6, 15).at(12, 0, 0, 0).to_zoned(zone);
    Some(parse(text, &noon.expect("a time")).map(|time| time.to_string()))
}

#[test]
fn a_time_without_an_offset_is_local() {
    for (text, time) in [
        ("2024-07-01", "2024-06-30T22:00:00Z"),
        ("2024-12-01 12:00", "2024-12-01T11:00:00Z"),
        ("2024-12-01T12:00Z", "2024-12-01T12:00:00Z"),
        ("2024-12-01 12:00 -0330", "2024-12-01T15:30:00Z"),
        ("now", "2024-06-15T10:00:00Z"),
        ("tomorrow", "2024-06-16T10:00:00Z"),
        ("2 HOURS AGO", "2024-06-15T08:00:00Z"),
        ("2hours", "2024-06-15T12:00:00Z"),
        ("today 0:00", "2024-06-14T22:00:00Z"),
        ("@1.25", "1970-01-01T00:00:01.25Z"),
        // Hours pass; days are days of the calendar.
        ("2024-03-30 12:00 24 hours", "2024-03-31T11:00:00Z"),
        ("2024-03-30 12:00 1 day", "2024-03-31T10:00:00Z"),
        // Where no time and no day is given, GNU date keeps the offset of now.
        ("6 months ago", "2023-12-15T10:00:00Z"),
    ] {
        let Some(found) = in_berlin(text) else { return };
        assert_eq!(found, Ok(time.to_owned()), "{text}");
    }
}

#[test]
fn what_is_not_one_time_is_refused_with_what_to_give() {
    let not_one = [
        (
            "2024-03-31 02:30",
            "does not exist in the local zone, whose offset changes from +01 to +02",
        ),
        ("2024-03-30 02:30 1 day", "does not exist"),
        ("2024-03-31 02:30 1 hour", "does not exist"),
        ("2024-10-27 02:30", "give the offset, 2024-10-27T02:30:00+02 or 2024-10-27T02:30:00+01"),
        ("2024-10-26 02:30 tomorrow", "occurs twice"),
        ("12:00 +1 day", "a sign behind a time begins an offset"),
        ("2024-01-01 12:00:00 - 2 hours", "a sign behind a time begins an offset"),
        ("2024-01-01T12 +1 day", "give the minutes"),
        ("20240101 hour", "eight digits before a unit"),
        ("20240101 days", "eight digits before a unit"),
        ("TZ=\"UTC\" 2024-01-01", "set TZ in the environment"),
        ("", "there is no time"),
        (" ", "there is no time"),
        ("9999-12-31 23:59:59 1 day", "after 2554"),
    ];
    let refused = REFUSED.iter().map(|text| (*text, ""));
    for (text, reason) in not_one.into_iter().chain(refused) {
        let Some(found) = in_berlin(text) else { return };
        assert!(found.as_ref().is_err_and(|error| error.contains(reason)), "'{text}': {found:?}");
    }
    // The offsets that it names are taken.
    for offset in ["+02", "+01"] {
        let Some(found) = in_berlin(&format!("2024-10-27T02:30:00{offset}")) else { return };
        assert!(found.is_ok(), "{found:?}");
    }
}

#[test]
fn a_time_is_between_1970_and_2554() {
    assert_eq!(parse_time_of_day("@0"), Ok(0));
    assert_eq!(parse_time_of_day("@18446744073.709551615"), Ok(u64::MAX));
    for (text, reason) in [
        ("@-1", "before 1970"),
        ("1969-12-31T23:59:59Z", "before 1970"),
        ("@18446744073.709551616", "after 2554"),
        ("9999-01-01", "after 2554"),
        ("10000-01-01", "after 2554"),
    ] {
        let found = parse_time_of_day(text);
        assert!(found.as_ref().is_err_and(|error| error.contains(reason)), "{text}: {found:?}");
    }
}

#[test]
fn a_clock_that_shows_midnight_parses_as_any_other() {
    let midnight = jiff::civil::date(2024, 1, 1).at(0, 0, 0, 0).to_zoned(TimeZone::UTC);
    let Some(berlin) = zone("Europe/Berlin") else { return left_out("no time zones") };
    let midnight = midnight.expect("a time").datetime().to_zoned(berlin).expect("a time");
    // In summer, by the rules of summer.
    let found = parse("2024-07-01", &midnight).map(|time| time.to_string());
    assert_eq!(found, Ok("2024-06-30T22:00:00Z".to_owned()));
}
