// SPDX-License-Identifier: MIT OR Apache-2.0
//! Times, offsets and speeds as the command line has them: no text panics, and none gives a number outside of its limits.

#[path = "../../crates/tearfree-cli/src/date.rs"]
mod date;
#[path = "../../crates/tearfree-cli/src/times.rs"]
mod parse;

/// Parses the text in every way.
///
/// # Panics
/// If a number is out of its limits.
pub fn times(input: &[u8]) {
    let Ok(text) = core::str::from_utf8(input) else { return };
    let offset = parse::parse_offset(text);
    if let Some(other) = text.strip_prefix('-').filter(|_| offset.is_ok()) {
        assert_eq!(parse::parse_offset(other).map(|ns| -ns), offset, "{text}");
    }
    if let Ok(speed) = parse::parse_speed(text) {
        assert!((0.001..=tearfree_clock::MAX_SPEED).contains(&speed), "{text}");
    }
    if let Ok(seconds) = parse::parse_seconds(text) {
        assert!((0.1..=86_400.0).contains(&seconds.as_secs_f64()), "{text}");
    }
    let _lifetime = parse::parse_lifetime(text);
    let seconds = format!("@{text}");
    if let (Ok(ns), Ok(number)) = (date::parse_time_of_day(&seconds), text.parse::<u64>()) {
        // Numbers of seconds are parsed as f64, which is exact below 2^53.
        assert!(number >= 1 << 53 || ns == number * 1_000_000_000, "{seconds} is {ns} ns");
    }
    let _time = date::parse_time_of_day(text);
}
