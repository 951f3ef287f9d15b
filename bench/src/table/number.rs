// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers as they are printed: no digit after the first in which several runs differ, and no zero.

/// A number that was measured, and how far several runs are apart, as a part of it.
#[derive(Clone, Copy)]
pub(super) struct Number {
    pub(super) value: f64,
    pub(super) spread: Option<f64>,
}

impl Number {
    pub(super) fn nanoseconds(self) -> String {
        self.text(if self.value < 100.0 { 2 } else { 0 })
    }

    pub(super) fn ratio_to(self, limit: Self) -> String {
        let spread = self.spread.map(|spread| spread + limit.spread.unwrap_or(0.0));
        Self { value: self.value / limit.value, spread }.text(2)
    }

    /// Formats a rate in millions.
    pub(super) fn millions(self) -> String {
        let decimals = if self.value < 1e6 { 3 } else { 1 };
        Self { value: self.value / 1e6, ..self }.text(decimals)
    }

    /// Formats the number with at most so many decimals.
    ///
    /// Nothing counted in the whole time is `none`; less than the last decimal shows is `<` that decimal.
    pub(super) fn text(self, decimals: usize) -> String {
        let value = self.value;
        if value == 0.0 {
            return "none".into();
        }
        let smallest = 0.1_f64.powi(decimals as i32);
        if value < smallest {
            return format!("<{smallest:.decimals$}");
        }
        let digit = |part: f64| part.log10().floor() as i32;
        let Some(difference) = self.spread.map(|spread| spread * value).filter(|d| *d > 0.0) else {
            return format!("{value:.decimals$}");
        };
        // A spread larger than the number still leaves its first digit.
        let last = digit(difference).min(digit(value));
        match usize::try_from(-last) {
            Ok(shown) => format!("{value:.0$}", shown.min(decimals)),
            Err(_) => {
                let unit = 10_f64.powi(last);
                format!("{:.0}", (value / unit).round() * unit)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Number;

    fn number(value: f64, spread: f64) -> Number {
        Number { value, spread: Some(spread) }
    }

    #[test]
    fn one_run_has_all_digits() {
        let one = |value| Number { value, spread: None };
        assert_eq!(
            [one(1.684), one(0.7), one(99.4)].map(Number::nanoseconds),
            ["1.68", "0.70", "99.40"]
        );
        assert_eq!(
            (one(356.4).nanoseconds(), one(3.0).ratio_to(one(2.0))),
            ("356".into(), "1.50".into())
        );
        assert_eq!([one(4e5), one(4.21e6)].map(Number::millions), ["0.400", "4.2"]);
    }

    #[test]
    fn the_last_digit_is_the_first_in_which_the_runs_differ() {
        assert_eq!(number(1.684, 0.001).nanoseconds(), "1.68");
        assert_eq!(number(1.684, 0.03).nanoseconds(), "1.68"); // by 0.05
        assert_eq!(number(1.684, 0.10).nanoseconds(), "1.7"); // by 0.17
        assert_eq!(number(35.24, 0.10).nanoseconds(), "35"); // by 3.5
        assert_eq!(number(356.4, 0.10).nanoseconds(), "360"); // by 36
        assert_eq!(number(7.2e6, 0.30).millions(), "7");
        assert_eq!(number(3.0, 0.05).ratio_to(number(2.0, 0.05)), "1.5"); // by 0.15
    }

    #[test]
    fn no_number_is_printed_as_zero() {
        assert_eq!(number(0.0, 0.5).millions(), "none");
        assert_eq!(number(400.0, 0.5).millions(), "<0.001");
        assert_eq!(number(0.001, 0.5).nanoseconds(), "<0.01");
        assert_eq!(number(0.3, 0.5).text(0), "<1");
        // The runs differ by more than the number.
        assert_eq!(
            (number(356.4, 5.0).nanoseconds(), number(1.684, 20.0).nanoseconds()),
            ("400".into(), "2".into())
        );
    }
}
