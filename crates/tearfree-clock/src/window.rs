// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Window`: recent samples, and a straight line through them that is robust against outliers.

use std::collections::VecDeque;

/// The largest number of samples.
const CAPACITY: usize = 16;
/// The smallest number of samples for a line.
pub(crate) const MIN_POINTS: usize = 4;
/// The difference between two good samples that is always accepted: the cost of a clock read.
const NOISE_NS: f64 = 100.0;

/// A sample: the host's clock at a count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) count: u64,
    pub(crate) host_ns: u64,
    /// The width of the sample, in counts.
    pub(crate) width: u64,
}

/// A sliding window of the best point of each interval.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    points: VecDeque<Point>,
    candidate: Option<Point>,
    /// The count at which the last point was added; it may be that of an earlier sample.
    added: Option<u64>,
}

/// The fitted line: nanoseconds per count, and the host's clock at a count.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fit {
    pub(crate) rate: f64,
    origin: Point,
    offset: f64,
}

impl Fit {
    /// Returns by how much the host's clock is ahead of `ns` at a count.
    pub(crate) fn ahead_of(&self, ns: u64, count: u64) -> f64 {
        let passed = self.offset + self.rate * distance(count, self.origin.count);
        passed - distance(ns, self.origin.host_ns)
    }

    fn residual(&self, point: &Point) -> f64 {
        -self.ahead_of(point.host_ns, point.count)
    }
}

impl Window {
    pub(crate) fn is_full(&self) -> bool {
        self.points.len() >= MIN_POINTS
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Adds a sample; of those within `spacing` counts, only the narrowest is kept.
    pub(crate) fn push(&mut self, point: Point, spacing: u64) {
        let best = match self.candidate {
            Some(best) if best.width <= point.width => best,
            _ => point,
        };
        if self.added.is_some_and(|added| point.count.saturating_sub(added) < spacing) {
            self.candidate = Some(best);
            return;
        }
        self.points.push_back(best);
        self.candidate = None;
        self.added = Some(point.count);
        if self.points.len() > CAPACITY {
            self.points.pop_front();
        }
    }

    /// Fits a line. If the slope has changed, only the last three points are kept.
    pub(crate) fn fit(&mut self) -> Option<Fit> {
        let all: Vec<Point> = self.points.iter().copied().collect();
        if all.len() < MIN_POINTS {
            return None;
        }
        let first = median_line(&all)?;
        let residuals: Vec<f64> = all.iter().map(|point| first.residual(point).abs()).collect();
        let limit = NOISE_NS.max(4.0 * median(residuals));
        let kept: Vec<Point> =
            all.iter().filter(|point| first.residual(point).abs() <= limit).copied().collect();
        let fit = least_squares(&kept).unwrap_or(first);
        if self.is_bent(&fit) {
            self.points.drain(..self.points.len() - 3);
            let last: Vec<Point> = self.points.iter().copied().collect();
            return least_squares(&last);
        }
        Some(fit)
    }

    /// Whether the middle of the window lies on one side of the line, and both ends on the other.
    fn is_bent(&self, fit: &Fit) -> bool {
        let residual = |index: usize| fit.residual(&self.points[index]);
        let (first, middle, last) = (0, self.points.len() / 2, self.points.len() - 1);
        let ends = residual(first).min(residual(last));
        let other = residual(first).max(residual(last));
        let sag = residual(middle);
        self.points.len() > 2 * MIN_POINTS
            && (ends > 2.0 * NOISE_NS && sag < -NOISE_NS
                || other < -2.0 * NOISE_NS && sag > NOISE_NS)
    }
}

/// `a - b`, exact while it is less than 2^53.
fn distance(a: u64, b: u64) -> f64 {
    if a >= b { (a - b) as f64 } else { -((b - a) as f64) }
}

fn least_squares(points: &[Point]) -> Option<Fit> {
    let origin = *points.first()?;
    let coordinates = |point: &Point| {
        (distance(point.count, origin.count), distance(point.host_ns, origin.host_ns))
    };
    let number = points.len() as f64;
    let (sum_x, sum_y) =
        points.iter().map(coordinates).fold((0.0, 0.0), |(x, y), p| (x + p.0, y + p.1));
    let (mean_x, mean_y) = (sum_x / number, sum_y / number);
    let (mut square, mut product) = (0.0, 0.0);
    for (x, y) in points.iter().map(coordinates) {
        square += (x - mean_x) * (x - mean_x);
        product += (x - mean_x) * (y - mean_y);
    }
    let rate = product / square;
    (square > 0.0 && rate > 0.0).then_some(Fit { rate, origin, offset: mean_y - rate * mean_x })
}

/// Fits by the median of slopes and the median of residuals (Theil-Sen): a quarter of the points may be
/// wrong.
fn median_line(points: &[Point]) -> Option<Fit> {
    let origin = *points.first()?;
    let slope =
        |a: &Point, b: &Point| distance(b.host_ns, a.host_ns) / distance(b.count, a.count).max(1.0);
    let later = |index: usize| points[index + 1..].iter();
    let pairs = points.iter().enumerate().flat_map(|(i, a)| later(i).map(move |b| slope(a, b)));
    let rate = median(pairs.collect());
    let through_origin = Fit { rate, origin, offset: 0.0 };
    let offset = median(points.iter().map(|point| through_origin.residual(point)).collect());
    (rate > 0.0).then_some(Fit { offset, ..through_origin })
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(ns: impl Fn(u64) -> u64) -> Window {
        let mut window = Window::default();
        for step in 0..16 {
            let count = step * 1_000_000;
            window.push(Point { count, host_ns: 5_000_000_000 + ns(count), width: 20 }, 1_000_000);
        }
        window
    }

    #[test]
    fn a_straight_window_gives_its_slope() {
        let fit = filled(|count| count / 2).fit().expect("there are enough points");
        assert!((fit.rate - 0.5).abs() < 1e-9, "{fit:?}");
        assert!((fit.ahead_of(5_000_000_000, 8_000_000) - 4e6).abs() < 2.0);
    }

    #[test]
    fn the_best_sample_of_each_interval_is_kept() {
        let kept = |width: fn(u64) -> u64| {
            let mut window = Window::default();
            for step in 0..51_u64 {
                let point = Point { count: step * 100, host_ns: step, width: width(step) };
                window.push(point, 1000);
            }
            window.points.iter().map(|point| point.count).collect::<Vec<_>>()
        };
        let third_is_narrow = |step| if step % 10 == 3 { 20 } else { 30 };
        assert_eq!(kept(third_is_narrow), [0, 300, 1300, 2300, 3300, 4300]);
        assert_eq!(kept(|_| 20), [0, 100, 1100, 2100, 3100, 4100], "of equal ones the first");
    }

    /// The line through noise is more exact than that of the median slope.
    #[test]
    fn good_samples_are_fitted_by_least_squares() {
        let noisy = |count: u64| count / 2 + count / 1_000_000 * 7 % 11 * 8;
        let counts: Vec<f64> = (0..16).map(|step| f64::from(step) * 1e6).collect();
        let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len() as f64;
        let times: Vec<f64> = counts.iter().map(|count| noisy(*count as u64) as f64).collect();
        let (mean_count, mean_time) = (mean(&counts), mean(&times));
        let product = |(count, time): (&f64, &f64)| (count - mean_count) * (time - mean_time);
        let square = |count: &f64| (count - mean_count) * (count - mean_count);
        let rate = counts.iter().zip(&times).map(product).sum::<f64>()
            / counts.iter().map(square).sum::<f64>();
        let fit = filled(noisy).fit().expect("there are enough points");
        assert!((fit.rate - rate).abs() < 1e-12 && (rate - 0.5).abs() > 1e-8, "{fit:?} {rate}");
    }

    #[test]
    fn outliers_do_not_move_the_line() {
        let with_outliers = |count| match count {
            7_000_000 => count / 2 + 900_000,
            14_000_000 => count / 2 + 60_000,
            _ => count / 2,
        };
        let fit = filled(with_outliers).fit().expect("there are enough points");
        assert!((fit.rate - 0.5).abs() < 1e-9, "{fit:?}");
    }

    #[test]
    fn a_bent_window_keeps_its_newest_points() {
        let bent = |count: u64| count / 2 + count.saturating_sub(8_000_000) / 1_000;
        let mut window = filled(bent);
        let fit = window.fit().expect("there are enough points");
        assert_eq!(window.points.len(), 3);
        assert!((fit.rate - 0.501).abs() < 1e-6, "{fit:?}");
    }
}
