// SPDX-License-Identifier: MIT OR Apache-2.0
//! Line plots on logarithmic axes. Each line has its name at the right end.

use core::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::style::{FAINT, INK, Outcome, page, style_for, text};
use super::ticks::Ticks;

pub(super) struct Lines {
    pub(super) title: String,
    pub(super) subtitle: String,
    pub(super) x: Axis,
    pub(super) y_name: &'static str,
    pub(super) lines: Vec<Line>,
}

pub(super) struct Axis {
    pub(super) name: &'static str,
    pub(super) ticks: Vec<f64>,
    pub(super) label: fn(f64) -> String,
}

pub(super) struct Line {
    pub(super) name: String,
    pub(super) points: Vec<(f64, f64)>,
}

const SIZE: (u32, u32) = (960, 620);
/// The width of the names at the right.
const NAMES: u32 = 130;
/// The distance of two names.
const NAME_HEIGHT: i32 = 16;

impl Line {
    pub(super) fn new(name: &str, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.to_owned(), points }
    }
}

impl Lines {
    /// Writes the plot, or nothing without measurements.
    pub(super) fn write(&self, file: &Path) -> Outcome {
        let (Some(x), Some(y)) = (self.range(|point| point.0), self.range(|point| point.1)) else {
            return Ok(());
        };
        let root = SVGBackend::new(file, SIZE).into_drawing_area();
        let below = page(&root, &self.title, &self.subtitle)?;
        let (area, names) = below.split_horizontally(below.dim_in_pixel().0 - NAMES);
        let mut chart = ChartBuilder::on(&area)
            .x_label_area_size(48)
            .y_label_area_size(64)
            .build_cartesian_2d(Ticks::with_labels(&self.x.ticks, x), Ticks::round(y))?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(FAINT)
            .axis_style(INK)
            .x_desc(self.x.name)
            .y_desc(self.y_name)
            .x_labels(self.x.ticks.len())
            .x_label_formatter(&|x| (self.x.label)(*x))
            .y_label_formatter(&|y| plain(*y))
            .label_style(text(13, &INK))
            .axis_desc_style(text(14, &INK))
            .draw()?;
        let ends = self.draw_lines(&mut chart)?;
        name_the_ends(&names, ends)?;
        Ok(root.present()?)
    }

    /// Draws all lines. Returns the height at which each ends.
    fn draw_lines<'a>(
        &'a self,
        chart: &mut ChartContext<'_, SVGBackend<'_>, Cartesian2d<Ticks, Ticks>>,
    ) -> Result<Vec<(i32, &'a str)>, Box<dyn Error>> {
        let mut ends = Vec::new();
        for line in self.in_drawing_order() {
            let line_style = style_for(&line.name);
            let style = line_style.color.stroke_width(line_style.width);
            chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
            let dot =
                |&at: &(f64, f64)| Circle::new(at, line_style.width, line_style.color.filled());
            chart.draw_series(line.points.iter().map(dot))?;
            if let Some(last) = line.points.last() {
                ends.push((chart.backend_coord(last).1, line.name.as_str()));
            }
        }
        Ok(ends)
    }

    /// Sorts the lines by width: those of tearfree are drawn last, on top.
    fn in_drawing_order(&self) -> Vec<&Line> {
        let mut lines: Vec<&Line> = self.lines.iter().collect();
        lines.sort_by_key(|line| style_for(&line.name).width);
        lines
    }

    fn range(&self, part: fn(&(f64, f64)) -> f64) -> Option<(f64, f64)> {
        let values = || self.lines.iter().flat_map(|line| &line.points).map(part);
        let low = values().min_by(f64::total_cmp)?;
        Some((low, values().max_by(f64::total_cmp)?))
    }
}

/// Writes each name as near to the end of its line as the others allow.
fn name_the_ends(area: &DrawingArea<SVGBackend<'_>, Shift>, mut ends: Vec<(i32, &str)>) -> Outcome {
    ends.sort_unstable();
    let top = area.get_base_pixel().1;
    let heights = spread_out(ends.iter().map(|(y, _)| y - top).collect());
    for (height, (_, name)) in heights.iter().zip(&ends) {
        let style = text(14, &style_for(name).color);
        area.draw(&Text::new((*name).to_owned(), (10, height - NAME_HEIGHT / 2), style))?;
    }
    Ok(())
}

/// Moves sorted heights apart, as little as possible, until a name fits at each.
fn spread_out(wanted: Vec<i32>) -> Vec<i32> {
    /// Names that touch each other, and so move together.
    struct Group {
        /// The height of the first name that minimizes the sum of all moves.
        first: i32,
        wanted: Vec<i32>,
    }
    impl Group {
        fn new(wanted: Vec<i32>) -> Self {
            let firsts = wanted.iter().enumerate().map(|(i, y)| y - i as i32 * NAME_HEIGHT);
            // Names must not leave the plot at the top.
            let first = (firsts.sum::<i32>() / wanted.len() as i32).max(NAME_HEIGHT / 2);
            Self { first, wanted }
        }
        fn end(&self) -> i32 {
            self.first + self.wanted.len() as i32 * NAME_HEIGHT
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for y in wanted {
        let mut group = Group::new(vec![y]);
        while let Some(above) = groups.pop_if(|above| above.end() > group.first) {
            group = Group::new([above.wanted, group.wanted].concat());
        }
        groups.push(group);
    }
    let heights = |group: &Group| {
        let first = group.first;
        (0..group.wanted.len() as i32).map(move |i| first + i * NAME_HEIGHT)
    };
    groups.iter().flat_map(heights).collect()
}

/// Formats a number without superfluous zeros: 0.5, 20, 3000.
fn plain(value: f64) -> String {
    if value < 1.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

#[cfg(test)]
mod tests {
    use super::{NAME_HEIGHT, spread_out};

    #[test]
    fn names_that_have_room_stay_and_others_move_apart() {
        assert_eq!(spread_out(vec![10, 100]), [10, 100]);
        assert_eq!(
            spread_out(vec![-5, 9]),
            [NAME_HEIGHT / 2, NAME_HEIGHT * 3 / 2],
            "inside of the plot"
        );
        let spread = spread_out(vec![50, 51, 52, 300]);
        assert_eq!(spread[3], 300);
        assert_eq!(spread[1] - spread[0], NAME_HEIGHT);
        assert_eq!(spread[2] - spread[1], NAME_HEIGHT);
        assert!((50..=52).contains(&spread[1]), "the middle one hardly moves: {spread:?}");
    }
}
