// SPDX-License-Identifier: MIT OR Apache-2.0
//! Dot plots: a panel for each size, and in it a row for each contestant, sorted by cost.

use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::style::{FAINT, INK, Outcome, page, style_for, text};
use super::ticks::Ticks;

pub(super) struct Dots {
    pub(super) title: String,
    pub(super) subtitle: String,
    pub(super) x_name: &'static str,
    /// The heading and the rows of each panel.
    pub(super) panels: Vec<(String, Vec<(String, f64)>)>,
}

const ROW: u32 = 20;
/// The height of the heading and the axis of a panel.
const PANEL_EXTRA: u32 = 74;
const NAMES: i32 = 130;
const WIDTH: u32 = 960;
const PLOT_EXTRA: u32 = 90;

impl Dots {
    /// Writes the plot, or nothing without measurements.
    pub(super) fn write(&self, file: &Path) -> Outcome {
        let Some(most) = self.panels.iter().map(|(_, rows)| rows.len() as u32).max() else {
            return Ok(());
        };
        let panel = most * ROW + PANEL_EXTRA;
        let height = PLOT_EXTRA + panel * self.panels.len() as u32;
        let root = SVGBackend::new(file, (WIDTH, height)).into_drawing_area();
        let below = page(&root, &self.title, &self.subtitle)?;
        let areas = below.split_evenly((self.panels.len(), 1));
        for ((heading, rows), area) in self.panels.iter().zip(&areas) {
            self.panel(area, heading, rows)?;
        }
        Ok(root.present()?)
    }

    fn panel(
        &self,
        area: &DrawingArea<SVGBackend<'_>, Shift>,
        heading: &str,
        rows: &[(String, f64)],
    ) -> Outcome {
        let mut rows: Vec<&(String, f64)> = rows.iter().collect();
        rows.sort_by(|a, b| a.1.total_cmp(&b.1));
        let finite = || rows.iter().map(|row| row.1).filter(|cost| cost.is_finite());
        let (Some(first), Some(last)) = (finite().next(), finite().next_back()) else {
            return Ok(());
        };
        area.draw(&Text::new(heading.to_owned(), (12, 6), text(16, &INK)))?;
        let mut chart = ChartBuilder::on(area)
            .margin_top(26)
            .margin_right(60)
            .x_label_area_size(40)
            .y_label_area_size(NAMES)
            .build_cartesian_2d(Ticks::round((first, last)), rows.len() as f64 - 0.5..-0.5)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .light_line_style(WHITE)
            .bold_line_style(FAINT)
            .axis_style(INK)
            .y_labels(0)
            .x_desc(self.x_name)
            .x_label_formatter(&|ns| duration(*ns))
            .label_style(text(13, &INK))
            .axis_desc_style(text(13, &INK))
            .draw()?;
        for (row, (name, cost)) in rows.iter().enumerate() {
            draw_row(&mut chart, area, name, (*cost, row as f64), first)?;
        }
        Ok(())
    }
}

/// Draws a dot with its cost beside it, and the name of the contestant at the left.
fn draw_row<'a>(
    chart: &mut ChartContext<'_, SVGBackend<'a>, Cartesian2d<Ticks, RangedCoordf64>>,
    area: &DrawingArea<SVGBackend<'a>, Shift>,
    name: &str,
    (cost, row): (f64, f64),
    first: f64,
) -> Outcome {
    let style = style_for(name);
    // A contestant whose readers completed no read has no cost, but keeps its row.
    let point = (if cost.is_finite() { cost } else { first }, row);
    let mut label = "no read completed".to_owned();
    if cost.is_finite() {
        chart.draw_series([Circle::new(point, 3 + style.width, style.color.filled())])?;
        label = duration(cost);
    }
    let base = area.get_base_pixel();
    let (x, y) = chart.backend_coord(&point);
    let y = y - base.1 - 6;
    area.draw(&Text::new(label, (x - base.0 + 12, y), text(13, &INK)))?;
    let left = chart.plotting_area().get_x_axis_pixel_range().start - base.0 - NAMES + 12;
    area.draw(&Text::new(name.to_owned(), (left, y), text(14, &style.color)))?;
    Ok(())
}

/// Formats a duration, from a nanosecond to milliseconds.
fn duration(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "us"),
        ns => (ns / 1e6, "ms"),
    };
    // Rounded first, so that 9.96 is 10 and not 10.0.
    let digits =
        usize::from((value * 10.0).round() < 100.0 && (value * 10.0).round() % 10.0 != 0.0);
    format!("{value:.digits$} {unit}")
}
