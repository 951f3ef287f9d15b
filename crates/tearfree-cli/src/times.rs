// SPDX-License-Identifier: MIT OR Apache-2.0
//! Parses the durations and speeds of the command line; `date.rs` parses times of day.

use core::time::Duration;

use tearfree_clock::MAX_SPEED;

pub(crate) fn parse_offset(text: &str) -> Result<i64, String> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let duration = humantime::parse_duration(rest).map_err(|error| error.to_string())?;
    let ns = i64::try_from(duration.as_nanos())
        .map_err(|_| "the offset is longer than 292 years".to_owned())?;
    Ok(sign * ns)
}

pub(crate) fn parse_speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    match (0.001..=MAX_SPEED).contains(&speed) {
        true => Ok(speed),
        false => Err(format!("{speed} is not in 0.001 to {MAX_SPEED}; --freeze stops the clock")),
    }
}

pub(crate) fn parse_lifetime(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{text} is not a time in seconds"))
}

pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    const RANGE: core::ops::RangeInclusive<f64> = 0.1..=86_400.0;
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if !RANGE.contains(&number) {
        return Err(format!("{number} is not in {} to {}", RANGE.start(), RANGE.end()));
    }
    Ok(Duration::from_secs_f64(number))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn a_lifetime_is_a_time_in_seconds() {
        assert_eq!(parse_lifetime("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_lifetime("0"), Ok(Duration::ZERO));
        for wrong in ["", "-1", "NaN", "1e99", "5s"] {
            assert!(parse_lifetime(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seconds_may_have_fractions_and_have_limits() {
        assert_eq!(parse_seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_seconds("0.1"), Ok(Duration::from_millis(100)));
        assert_eq!(parse_seconds("86400"), Ok(Duration::from_secs(86_400)));
        for wrong in ["", "x", "0", "0.099", "86400.1", "-1", "NaN", "inf", "1e9"] {
            assert!(parse_seconds(wrong).is_err(), "{wrong}");
        }
    }
}
