// SPDX-License-Identifier: MIT OR Apache-2.0
//! Parses a time of day as `date -d` does.
//!
//! The words are those of the crate `parse_datetime`, which the uutils project maintains for its own `date`: of the
//! permissively licensed ones it alone has GNU's grammar, and it brings jiff (the system's time zones, and their
//! rules) and winnow. Three things are done here, because it differs from GNU `date` in them: times that a change of
//! the zone's offset skips or repeats, hours that are added to such a time, and signs behind a time.

use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use parse_datetime::{ParsedDateTime, parse_datetime_at_date};

/// Parses a time; without an offset it is one of the local zone. Returns nanoseconds since 1970.
pub(crate) fn parse_time_of_day(text: &str) -> Result<u64, String> {
    let ns = parse(text, &Zoned::now())?.as_nanosecond();
    if ns < 0 {
        return Err("the time is before 1970".to_owned());
    }
    u64::try_from(ns).map_err(|_| AFTER.to_owned())
}

const AFTER: &str = "the time is after 2554";

/// As [`parse_time_of_day`], where it is `now`, in the zone of `now`.
fn parse(text: &str, now: &Zoned) -> Result<Timestamp, String> {
    if text.trim().is_empty() {
        return Err("there is no time".to_owned());
    }
    if text.contains("TZ=") {
        return Err("set TZ in the environment, or give an offset such as +02:00".to_owned());
    }
    if has_sign_behind(text, ['T', 't']) {
        return Err("give the minutes of the time, too, as in T12:00+02:00".to_owned());
    }
    if is_day_before_unit(text) {
        return Err(
            "eight digits before a unit are a number for `date -d`: write the day as 2038-01-19"
                .to_owned(),
        );
    }
    let (utc, east) = (TimeZone::UTC, TimeZone::fixed(Offset::constant(1)));
    let civil = now.datetime();
    let as_utc = parse_at(text, civil, &utc)?;
    if as_utc == parse_at(text, civil, &east)? {
        // The text has an offset, or seconds since 1970.
        return timestamp(text, now.clone());
    }
    if has_sign_behind(text, [':', ':']) {
        return Err(
            "a sign behind a time begins an offset, such as +02:00; to add or subtract, write \
            '12:00 2 hours' or '12:00 2 hours ago'"
                .to_owned(),
        );
    }
    let date = without_hours(text);
    // A day or a time in the text sets the time of the day.
    let probe = civil.date().to_datetime(PROBE);
    if date.is_empty() || is_at_probe(parse_at(&date, probe, &utc)?) {
        // GNU `date` keeps the offset of now.
        let passed = as_utc.duration_since(utc.to_timestamp(civil).map_err(in_words)?);
        return now.timestamp().checked_add(passed).map_err(in_words);
    }
    // GNU `date` finds the time in the zone, then adds hours, minutes and seconds as they pass.
    let date_as_utc = parse_at(&date, civil, &utc)?;
    let time = resolve(date_as_utc.to_zoned(utc).datetime(), now.time_zone())?;
    time.checked_add(as_utc.duration_since(date_as_utc)).map_err(in_words)
}

/// A time of the day that no text has: a nanosecond after midnight.
const PROBE: Time = Time::constant(0, 0, 0, 1);

fn is_at_probe(time: Timestamp) -> bool {
    time.to_zoned(TimeZone::UTC).time() == PROBE
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn in_words(error: jiff::Error) -> String {
    error.to_string()
}

/// Parses where it is `now` in this zone.
fn parse_at(text: &str, now: DateTime, zone: &TimeZone) -> Result<Timestamp, String> {
    timestamp(text, now.to_zoned(zone.clone()).map_err(in_words)?)
}

/// Parses with the crate.
fn timestamp(text: &str, now: Zoned) -> Result<Timestamp, String> {
    match parse_datetime_at_date(now, text) {
        Ok(ParsedDateTime::InRange(time)) => Ok(time.timestamp()),
        Ok(ParsedDateTime::Extended(_)) => Err(AFTER.to_owned()),
        Err(_) => Err("not a time as `date -d` takes it, such as '2038-01-19 03:14:07', \
            2038-01-19T03:14:07Z, @SECONDS, 'tomorrow 12:00' or '2 hours ago'"
            .to_owned()),
    }
}

/// Finds a time of the zone. One that the zone skips is refused, as by GNU `date`; of one that it repeats, GNU
/// `date` takes either, so it is refused, too.
fn resolve(time: DateTime, zone: &TimeZone) -> Result<Timestamp, String> {
    let found = zone.to_ambiguous_timestamp(time);
    match found.offset() {
        AmbiguousOffset::Unambiguous { .. } => found.unambiguous().map_err(in_words),
        AmbiguousOffset::Gap { before, after } => Err(format!(
            "{time} does not exist in the local zone, whose offset changes from {before} to {after}: \
             give the offset, as in {time}{before}"
        )),
        AmbiguousOffset::Fold { before, after } => Err(format!(
            "{time} occurs twice in the local zone: give the offset, {time}{before} or {time}{after}"
        )),
    }
}

/// Whether digits follow one of these letters, and a sign the digits. `date -d` reads an offset there, also in
/// '12:00 +1 day'.
fn has_sign_behind(text: &str, letters: [char; 2]) -> bool {
    text.split(letters).skip(1).any(|rest| {
        let digits = |letter: char| letter.is_ascii_digit() || ".,".contains(letter);
        let behind = rest.trim_start_matches(digits);
        behind.len() < rest.len() && behind.trim_start().starts_with(['+', '-'])
    })
}

/// Whether there is a day such as 20380119 before a unit such as hours.
fn is_day_before_unit(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).any(|pair| {
        let is_day = pair[0].len() == 8 && pair[0].bytes().all(|digit| digit.is_ascii_digit());
        is_day && (is_unit(pair[1], &HOURS) || is_unit(pair[1], &DAYS))
    })
}

/// Removes hours, minutes and seconds that are added or subtracted, such as '+2 hours' and '1 min ago'.
fn without_hours(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let unit = word
            .trim_start_matches(|letter: char| letter.is_ascii_digit() || "+-.,".contains(letter));
        if !is_unit(unit, &HOURS) {
            kept.push(word);
            continue;
        }
        if unit == word && kept.last().is_some_and(|last| is_amount(last)) {
            kept.pop();
        }
        if kept.last().is_some_and(|last| last.chars().all(|letter| "+-".contains(letter))) {
            kept.pop();
        }
        words.next_if(|next| next.eq_ignore_ascii_case("ago"));
    }
    kept.join(" ")
}

const HOURS: [&str; 5] = ["hour", "minute", "min", "second", "sec"];
const DAYS: [&str; 5] = ["day", "week", "fortnight", "month", "year"];

fn is_unit(word: &str, units: &[&str]) -> bool {
    let word = word.to_ascii_lowercase();
    units.contains(&word.strip_suffix('s').unwrap_or(&word))
}

/// Whether this is a number, or a word for one.
fn is_amount(word: &str) -> bool {
    const WORDS: [&str; 14] = [
        "last", "this", "next", "first", "third", "fourth", "fifth", "sixth", "seventh", "eighth",
        "ninth", "tenth", "eleventh", "twelfth",
    ];
    let digits = word.trim_start_matches(['+', '-']);
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit() || b".,".contains(&digit));
    is_number && !digits.is_empty() || WORDS.contains(&&*word.to_ascii_lowercase())
}

#[cfg(test)]
#[path = "date/tests.rs"] // the fuzzer has this file, too
mod tests;
