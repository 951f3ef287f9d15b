// SPDX-License-Identifier: MIT OR Apache-2.0
//! Properties of the line: exact, continuous, monotonic, and safe from overflow.

use proptest::prelude::*;
use tearfree_clock::{Line, MAX_SLEW_PPB, NEVER, SHIFT, counts_in};

/// Slopes of counters from 1 MHz to 8 GHz.
fn slopes() -> impl Strategy<Value = u64> {
    (1_u64 << (SHIFT - 3))..(1000_u64 << SHIFT)
}

fn slewed(mult: u64, ppb: i64) -> u64 {
    let change = i128::from(mult) * i128::from(ppb) / 1_000_000_000;
    u64::try_from(i128::from(mult) + change).expect("a slope is positive")
}

/// The definition, independent of the code under test: step by step, in whole 2^-32 ns.
fn exact_ns(line: &Line, count: u64) -> i128 {
    let count = i128::from(count.max(line.since));
    let (since, pivot) = (i128::from(line.since), i128::from(line.pivot));
    let before = (count - since) - (count - pivot).max(0);
    let after = (count - pivot).max(0);
    let fine = before * i128::from(line.mult) + after * i128::from(line.next);
    i128::from(line.mono_ns) + (fine + i128::from(line.frac)).div_euclid(1 << SHIFT)
}

proptest! {
    #[test]
    fn a_line_matches_its_definition(
        since in 0..u64::MAX / 2, mono_ns in 1_u64 << 60..1 << 61, frac in any::<u32>(),
        mult in slopes(), next in slopes(), bend in 0..1_u64 << 48, ahead in 0..1_u64 << 48,
        behind in 0..1_u64 << 48,
    ) {
        let line = Line { since, mono_ns, frac, mult, pivot: since + bend, next };
        prop_assert_eq!(i128::from(line.ns_at(since + ahead)), exact_ns(&line, since + ahead));
        let past = since.saturating_sub(behind);
        prop_assert_eq!(line.ns_at(past), line.ns_at(since), "the time does not change before the line");
        let straight = Line { frac, ..Line::new(since, mono_ns, mult) };
        prop_assert_eq!(i128::from(straight.ns_at(since + ahead)), exact_ns(&straight, since + ahead));
    }

    #[test]
    fn within_its_reach_a_product_fits_into_64_bits(
        since in 0..1_u64 << 60, mono_ns in 0..1_u64 << 60, frac in any::<u32>(),
        mult in slopes(), bend in 0..1_u64 << 36, probe in any::<u32>(),
    ) {
        let line = Line { frac, ..Line::new(since, mono_ns, mult) };
        for line in [line, line.bend(since + bend, mult / 2)] {
            let Some(last) = line.reach().checked_sub(1) else { continue };
            for passed in [probe % line.reach(), last].map(u64::from) {
                let fine = passed.checked_mul(mult).and_then(|fine| fine.checked_add(frac.into()));
                let Some(fine) = fine else { panic!("{passed} counts overflow") };
                prop_assert_eq!(mono_ns + (fine >> SHIFT), line.ns_at(since + passed));
                prop_assert!(since + passed < line.pivot);
            }
        }
        let seconds = (4_000_000_000_u128 << SHIFT) / u128::from(mult);
        prop_assert!(u128::from(line.reach()) >= seconds.min(u32::MAX.into()), "four seconds");
    }

    #[test]
    fn a_rebased_line_gives_the_same_times(
        since in 0..1_u64 << 60, mono_ns in 0..1_u64 << 60, frac in any::<u32>(),
        mult in slopes(), next in slopes(), bend in 0..1_u64 << 40, later in 0..1_u64 << 41,
        ahead in 0..1_u64 << 41,
    ) {
        let line = Line { frac, ..Line::new(since, mono_ns, mult) }.bend(since + bend, next);
        let same = line.rebased(since + later);
        for count in [same.since, same.since + ahead, line.pivot.max(same.since)] {
            prop_assert_eq!(same.ns_at(count), line.ns_at(count), "at {}", count);
        }
        prop_assert_eq!(same.bends_after(same.since), later < bend);
        prop_assert_eq!(line.rebased(since.saturating_sub(ahead)), line, "the line began later");
    }

    #[test]
    fn a_bend_changes_no_earlier_time_and_no_time_goes_back(
        since in 0..1_u64 << 60, mult in slopes(), frac in any::<u32>(),
        ppb in prop::collection::vec(-(MAX_SLEW_PPB as i64)..=MAX_SLEW_PPB as i64, 1..20),
        gap in 1..10_000_000_000_u64, probe in 0..u64::MAX,
    ) {
        let mut line = Line { frac, ..Line::new(since, 1 << 40, mult) };
        for change in ppb {
            // Like a timekeeper: after the previous bend, and ahead of its pivot.
            let now = if line.pivot == NEVER { line.since } else { line.pivot + gap / 3 };
            let bent = line.rebased(now).bend(now + gap, slewed(mult, change));
            let count = now + probe % (gap + 1);
            prop_assert_eq!(bent.ns_at(count), line.ns_at(count), "at {}", count);
            prop_assert!(bent.ns_at(bent.pivot) >= bent.ns_at(bent.pivot - 1));
            prop_assert!(bent.ns_at(bent.pivot + 1) >= bent.ns_at(bent.pivot));
            line = bent;
        }
    }

    #[test]
    fn count_at_is_the_inverse(
        since in 0..1_u64 << 60, mono_ns in 0..1_u64 << 60, frac in any::<u32>(),
        mult in slopes(), next in slopes(), bend in 0..1_u64 << 45, ahead in 0..1_u64 << 50,
    ) {
        let line = Line { frac, ..Line::new(since, mono_ns, mult) }.bend(since + bend, next);
        let Some(count) = line.count_at(mono_ns + ahead) else { panic!("the line reaches every time") };
        prop_assert!(line.ns_at(count) >= mono_ns + ahead);
        prop_assert!(count == since || line.ns_at(count - 1) < mono_ns + ahead);
    }

    #[test]
    fn years_without_a_bend_do_not_overflow(mult in slopes(), years in 0..100_u64) {
        let line = Line::new(0, 0, mult);
        let year_ns = 365 * 86_400 * 1_000_000_000_u64;
        let off = line.ns_at(counts_in(years * year_ns, mult)).abs_diff(years * year_ns);
        prop_assert!(off <= (mult >> SHIFT) + 1, "{off}");
    }

    #[test]
    fn a_line_from_a_hostile_page_panics_nowhere(
        [since, mono_ns, mult, pivot, next, count] in any::<[u64; 6]>(), frac in any::<u32>(),
    ) {
        let line = Line { since, mono_ns, frac, mult, pivot, next };
        let _ = (line.ns_at(count), line.reach(), line.rebased(count), line.bends_after(count), line.count_at(count));
    }
}

#[test]
fn a_line_of_slope_zero_has_one_time() {
    let line = Line::new(10, 77, 0);
    assert_eq!((line.ns_at(10), line.ns_at(u64::MAX)), (77, 77));
    assert_eq!((line.reach(), counts_in(1, 0)), (u32::MAX, u64::MAX));
    assert_eq!((line.count_at(77), line.count_at(78)), (Some(10), None));
}

#[test]
fn counts_are_rounded_up() {
    assert_eq!([9, 10, 11, 12].map(|ns| counts_in(ns, 3 << SHIFT)), [3, 4, 4, 4]);
    assert_eq!((counts_in(0, 1 << SHIFT), counts_in(u64::MAX, 1)), (0, u64::MAX));
}

#[test]
fn the_fraction_counts_in_the_reach() {
    // Three times this slope is 2^64 - 1.
    let line = Line::new(0, 0, u64::MAX / 3);
    assert_eq!((line.reach(), Line { frac: 1, ..line }.reach()), (3, 2));
}

#[test]
fn a_line_is_bent_at_its_pivot() {
    let line = Line::new(10, 0, 1 << SHIFT).bend(20, 2 << SHIFT);
    assert_eq!([10, 19, 20, 21].map(|count| line.bends_after(count)), [true, true, false, false]);
    assert!(!Line::new(10, 0, 1 << SHIFT).bends_after(u64::MAX - 1), "a straight line");
    assert_eq!(line.steepest(), 2 << SHIFT);
    assert_eq!(Line::new(10, 0, 3 << SHIFT).bend(20, 2 << SHIFT).steepest(), 3 << SHIFT);
}

#[test]
#[should_panic(expected = "bends at 20 first")]
fn a_line_has_one_bend() {
    let _ = Line::new(10, 0, 1 << SHIFT).bend(20, 2 << SHIFT).bend(30, 1 << SHIFT);
}

#[test]
#[should_panic(expected = "a line from 10 on cannot bend at 9")]
fn a_line_does_not_bend_in_its_past() {
    let _ = Line::new(10, 0, 1 << SHIFT).bend(9, 1 << SHIFT);
}
