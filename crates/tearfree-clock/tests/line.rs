// SPDX-License-Identifier: MIT OR Apache-2.0
//! Properties of the line: exact, continuous, monotonic, and safe from overflow.

use proptest::prelude::*;
use tearfree_clock::{Line, MAX_SLEW_PPB, SHIFT};

/// Slopes of counters from 1 MHz to 8 GHz.
fn slopes() -> impl Strategy<Value = u64> {
    (1_u64 << (SHIFT - 3))..(1000_u64 << SHIFT)
}

fn slewed(mult: u64, ppb: i64) -> u64 {
    let change = i128::from(mult) * i128::from(ppb) / 1_000_000_000;
    u64::try_from(i128::from(mult) + change).expect("a slope is positive")
}

/// The definition, in a way that shares nothing with the code: whole numbers of 2^-52 ns.
fn exact_ns(line: &Line, count: u64) -> i128 {
    let mult = if count >= line.pivot { line.mult } else { line.before };
    let far = i128::from(count) - i128::from(line.pivot);
    let fine = far * i128::from(mult) + i128::from(line.frac);
    i128::from(line.mono_ns) + fine.div_euclid(1 << SHIFT)
}

proptest! {
    #[test]
    fn a_line_is_its_definition(
        pivot in 0..u64::MAX / 2, mono_ns in 1_u64 << 60..1 << 61, frac in 0..1_u64 << SHIFT,
        mult in slopes(), before in slopes(), ahead in 0..1_u64 << 48, behind in 0..1_u64 << 48,
    ) {
        let line = Line { pivot, mono_ns, frac, mult, before };
        prop_assert_eq!(i128::from(line.at(pivot + ahead)), exact_ns(&line, pivot + ahead));
        let past = pivot.saturating_sub(behind);
        prop_assert_eq!(i128::from(line.at(past)), exact_ns(&line, past));
    }

    #[test]
    fn a_bend_changes_nothing_before_itself_and_nothing_ever_goes_back(
        pivot in 0..1_u64 << 60, mult in slopes(), frac in 0..1_u64 << SHIFT,
        ppb in prop::collection::vec(-(MAX_SLEW_PPB as i64)..=MAX_SLEW_PPB as i64, 1..20),
        gap in 1..10_000_000_000_u64, probe in 0..u64::MAX,
    ) {
        let mut line = Line { frac, ..Line::new(pivot, 1 << 40, mult) };
        for change in ppb {
            let bent = line.bend(line.pivot + gap, slewed(mult, change));
            let count = line.pivot + probe % (gap + 1);
            prop_assert_eq!(bent.at(count), line.at(count), "both sides, at {}", count);
            prop_assert!(bent.at(bent.pivot) >= bent.at(bent.pivot - 1));
            prop_assert!(bent.at(bent.pivot + 1) >= bent.at(bent.pivot));
            line = bent;
        }
    }

    #[test]
    fn a_count_is_found_again(
        pivot in 0..1_u64 << 60, mono_ns in 0..1_u64 << 60, frac in 0..1_u64 << SHIFT,
        mult in slopes(), ahead in 1..1_u64 << 50,
    ) {
        let line = Line { frac, ..Line::new(pivot, mono_ns, mult) };
        let count = line.count_at(mono_ns + ahead).expect("it is ahead");
        prop_assert!(line.at(count) >= mono_ns + ahead);
        prop_assert!(count == pivot || line.at(count - 1) < mono_ns + ahead);
    }

    #[test]
    fn years_without_a_bend_do_not_overflow(mult in slopes(), years in 0..100_u64) {
        let line = Line::new(0, 0, mult);
        let year_ns = 365 * 86_400 * 1_000_000_000_u64;
        let counts = line.counts_in(years * year_ns);
        let off = line.at(counts).abs_diff(years * year_ns);
        prop_assert!(off <= (mult >> SHIFT) + 1, "{off}");
    }
}

#[test]
fn a_line_that_stands_still_has_one_time_and_no_count_for_another() {
    let line = Line::new(10, 77, 0);
    assert_eq!((line.at(10), line.at(u64::MAX)), (77, 77));
    assert_eq!((line.count_at(78), line.counts_in(1)), (None, u64::MAX));
}

#[test]
#[should_panic(expected = "bends at 10 first")]
fn a_line_does_not_bend_in_its_past() {
    let _ = Line::new(10, 0, 1 << SHIFT).bend(9, 1 << SHIFT);
}
