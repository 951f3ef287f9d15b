// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lines over a logarithmic x axis, each with its name at its right end.

use core::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::ticks::Ticks;
use super::{FAINT, INK, Outcome, look_of, paper, text};

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
/// Room for the names at the right.
const NAMES: u32 = 130;
/// Names closer than this cannot be read.
const NAME_HEIGHT: i32 = 16;

impl Line {
    pub(super) fn new(name: &str, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.to_owned(), points }
    }
}

impl Lines {
    /// Nothing is written where nothing was measured.
    pub(super) fn write(&self, file: &Path) -> Outcome {
        let (Some(x), Some(y)) = (self.range(|point| point.0), self.range(|point| point.1)) else {
            return Ok(());
        };
        let root = SVGBackend::new(file, SIZE).into_drawing_area();
        let below = paper(&root, &self.title, &self.subtitle)?;
        let (area, names) = below.split_horizontally(below.dim_in_pixel().0 - NAMES);
        let mut chart = ChartBuilder::on(&area)
            .x_label_area_size(48)
            .y_label_area_size(64)
            .build_cartesian_2d(Ticks::at(&self.x.ticks, x), Ticks::round(y))?;
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

    /// Draws all lines; gives the height at which each ends.
    fn draw_lines<'a>(
        &'a self,
        chart: &mut ChartContext<'_, SVGBackend<'_>, Cartesian2d<Ticks, Ticks>>,
    ) -> Result<Vec<(i32, &'a str)>, Box<dyn Error>> {
        let mut ends = Vec::new();
        for line in self.in_drawing_order() {
            let look = look_of(&line.name);
            let style = look.color.stroke_width(look.width);
            chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
            let dot = |&at: &(f64, f64)| Circle::new(at, look.width, look.color.filled());
            chart.draw_series(line.points.iter().map(dot))?;
            if let Some(last) = line.points.last() {
                ends.push((chart.backend_coord(last).1, line.name.as_str()));
            }
        }
        Ok(ends)
    }

    /// Ours last, so that it lies on top.
    fn in_drawing_order(&self) -> Vec<&Line> {
        let mut lines: Vec<&Line> = self.lines.iter().collect();
        lines.sort_by_key(|line| look_of(&line.name).width);
        lines
    }

    fn range(&self, part: fn(&(f64, f64)) -> f64) -> Option<(f64, f64)> {
        let values = || self.lines.iter().flat_map(|line| &line.points).map(part);
        let low = values().min_by(f64::total_cmp)?;
        Some((low, values().max_by(f64::total_cmp)?))
    }
}

/// Writes each name as near to its line's end as the others allow.
fn name_the_ends(area: &DrawingArea<SVGBackend<'_>, Shift>, mut ends: Vec<(i32, &str)>) -> Outcome {
    ends.sort_unstable();
    let top = area.get_base_pixel().1;
    let places = spread_out(ends.iter().map(|(y, _)| y - top).collect());
    for (place, (_, name)) in places.iter().zip(&ends) {
        let style = text(14, &look_of(name).color);
        area.draw(&Text::new((*name).to_owned(), (10, place - NAME_HEIGHT / 2), style))?;
    }
    Ok(())
}

/// Moves sorted heights apart, as little as possible, until a name fits to each.
fn spread_out(wanted: Vec<i32>) -> Vec<i32> {
    /// Names that touch each other and so move together.
    struct Group {
        /// Where the first name would be if only the sum of all ways counted.
        first: i32,
        wanted: Vec<i32>,
    }
    impl Group {
        fn of(wanted: Vec<i32>) -> Self {
            let firsts = wanted.iter().enumerate().map(|(i, y)| y - i as i32 * NAME_HEIGHT);
            // Above the edge of the paper they would lie upon each other again.
            let first = (firsts.sum::<i32>() / wanted.len() as i32).max(NAME_HEIGHT / 2);
            Self { first, wanted }
        }
        fn end(&self) -> i32 {
            self.first + self.wanted.len() as i32 * NAME_HEIGHT
        }
    }
    let mut groups: Vec<Group> = Vec::new();
    for y in wanted {
        let mut group = Group::of(vec![y]);
        while let Some(above) = groups.pop_if(|above| above.end() > group.first) {
            group = Group::of([above.wanted, group.wanted].concat());
        }
        groups.push(group);
    }
    let places = |group: &Group| {
        let first = group.first;
        (0..group.wanted.len() as i32).map(move |i| first + i * NAME_HEIGHT)
    };
    groups.iter().flat_map(places).collect()
}

/// 0.5, 20, 3000: without the zeros that nobody needs.
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
            "not off the paper"
        );
        let spread = spread_out(vec![50, 51, 52, 300]);
        assert_eq!(spread[3], 300);
        assert_eq!(spread[1] - spread[0], NAME_HEIGHT);
        assert_eq!(spread[2] - spread[1], NAME_HEIGHT);
        assert!((50..=52).contains(&spread[1]), "the middle one hardly moves: {spread:?}");
    }
}
