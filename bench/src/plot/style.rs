// SPDX-License-Identifier: MIT OR Apache-2.0
//! Colours, fonts and titles of all plots.

use core::error::Error;

use plotters::prelude::*;

/// What drawing returns.
pub(super) type Outcome = Result<(), Box<dyn Error>>;

/// The colour of a contestant and the width of its lines.
pub(super) struct Style {
    pub(super) color: RGBColor,
    pub(super) width: u32,
}

pub(super) const INK: RGBColor = RGBColor(40, 40, 40);
pub(super) const FAINT: RGBColor = RGBColor(225, 225, 225);

/// Returns the style of a contestant: thick red lines for tearfree, black for memcpy.
pub(super) fn style_for(contestant: &str) -> Style {
    let (color, width) = match contestant {
        "tearfree" => (RGBColor(214, 39, 40), 4),
        "tearfree fair" => (RGBColor(120, 40, 20), 3),
        "tearfree by value" => (RGBColor(250, 170, 150), 2),
        "tearfree split" => (RGBColor(240, 120, 100), 3),
        "tearfree latch" => (RGBColor(150, 30, 80), 3),
        "memcpy" => (RGBColor(0, 0, 0), 2),
        "seqlock 0.2" => (RGBColor(31, 119, 180), 2),
        "AtomicCell" => (RGBColor(23, 170, 190), 2),
        "pl RwLock" => (RGBColor(44, 140, 44), 2),
        "std RwLock" => (RGBColor(120, 180, 60), 2),
        "std Mutex" => (RGBColor(170, 150, 20), 2),
        "arc-swap" => (RGBColor(148, 103, 189), 2),
        "left-right" => (RGBColor(140, 86, 75), 2),
        "iceoryx2" => (RGBColor(227, 119, 194), 2),
        "seql 0.1" => (RGBColor(0, 90, 140), 2),
        "portable-atomic" => (RGBColor(80, 210, 210), 2),
        "tokio watch" => (RGBColor(100, 60, 160), 2),
        "nexus-slot" => (RGBColor(190, 100, 0), 2),
        "triple_buffer" => (RGBColor(0, 150, 110), 2),
        "C++ rigtorp" => (RGBColor(255, 127, 14), 2),
        _ => (RGBColor(127, 127, 127), 2),
    };
    Style { color, width }
}

pub(super) fn text(pixels: i32, color: &RGBColor) -> TextStyle<'static> {
    ("sans-serif", pixels).into_font().color(color)
}

/// Draws a white background, a title and a subtitle. Returns the area below.
pub(super) fn page<'a>(
    root: &DrawingArea<SVGBackend<'a>, plotters::coord::Shift>,
    title: &str,
    subtitle: &str,
) -> Result<DrawingArea<SVGBackend<'a>, plotters::coord::Shift>, Box<dyn Error>> {
    root.fill(&WHITE)?;
    root.draw(&Text::new(title.to_owned(), (24, 18), text(20, &INK)))?;
    let pale = RGBColor(110, 110, 110);
    root.draw(&Text::new(subtitle.to_owned(), (24, 46), text(13, &pale)))?;
    Ok(root.margin(74, 12, 12, 12))
}
