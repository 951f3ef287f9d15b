// SPDX-License-Identifier: MIT OR Apache-2.0
//! Draws the timeline as an SVG diagram: a lane for each thread, and the count below.

use core::ops::Range;

use svg::Document;
use svg::node::element::path::Data;
use svg::node::element::{
    Circle, Definitions, Description, Group, Line, Marker, Path, Rectangle, Text, Title,
};

use super::event::{Action, Copied, Event, ReadResult, TraceThread};

const LEFT: f64 = 96.0;
const RIGHT: f64 = 84.0;
const STEP: f64 = 50.0;
const LANES_TOP: f64 = 186.0;
const LANE: f64 = 76.0;
const LANES_BOTTOM: f64 = LANES_TOP + 3.0 * LANE + 28.0;
const BAR: f64 = 28.0;
const GRAPH_TOP: f64 = LANES_BOTTOM + 34.0;
const UNIT: f64 = 26.0;
const HEIGHT_BELOW_GRAPH: f64 = 48.0;

const FONT: &str = "'DejaVu Sans', Verdana, Arial, sans-serif";
const MONO: &str = "'DejaVu Sans Mono', Menlo, Consolas, monospace";
const INK: &str = "#1f2933";
const FAINT: &str = "#66727f";
const RULE: &str = "#d5dbe1";
const ODD: &str = "#fff1cc";
const WRITER: &str = "#f0b429";
const SUCCESS: &str = "#8fd3a5";
const RETRY: &str = "#f5a3a3";
const RETRY_INK: &str = "#b42318";

/// Draws the events of a run.
pub(crate) fn draw(events: &[Event]) -> String {
    let diagram = Diagram::new(events);
    let document = Document::new()
        .set("viewBox", (0.0, 0.0, diagram.width, diagram.height))
        .set("width", diagram.width)
        .set("height", diagram.height)
        .set("font-family", FONT)
        .set("font-size", 12)
        .set("fill", INK)
        .add(Title::new("A sequence count at work"))
        .add(Description::new().add(svg::node::Text::new(
            "Timeline of two writers and a reader, with the sequence count after each step.",
        )))
        .add(arrow_head())
        .add(rectangle(0.0, 0.0, diagram.width, diagram.height).set("fill", "#ffffff"))
        .add(diagram.heading())
        .add(diagram.odd_windows())
        .add(diagram.lanes())
        .add(diagram.calls())
        .add(diagram.writes())
        .add(diagram.reads())
        .add(diagram.retries())
        .add(diagram.dots())
        .add(diagram.graph());
    document.to_string() + "\n"
}

/// The events, and the size of the diagram.
struct Diagram<'a> {
    events: &'a [Event],
    highest: usize,
    width: f64,
    height: f64,
}

/// The indices of the first and last event of one write or read.
type Span = Range<usize>;

impl<'a> Diagram<'a> {
    fn new(events: &'a [Event]) -> Self {
        let highest = events.iter().map(|event| event.count_after).max().unwrap_or(0);
        let width = LEFT + STEP * events.len() as f64 + RIGHT;
        let height = GRAPH_TOP + UNIT * highest as f64 + HEIGHT_BELOW_GRAPH;
        Self { events, highest, width, height }
    }

    fn graph_y(&self, count: usize) -> f64 {
        GRAPH_TOP + UNIT * (self.highest - count) as f64
    }

    /// Returns the spans from each `first` to the next `last` of the same thread.
    fn spans(&self, first: fn(&Action) -> bool, last: fn(&Action) -> bool) -> Vec<Span> {
        let mut spans = Vec::new();
        for (start, event) in
            self.events.iter().enumerate().filter(|(_, event)| first(&event.action))
        {
            let rest = self.events.iter().enumerate().skip(start);
            let mut ends = rest.filter(|(_, later)| later.who == event.who && last(&later.action));
            if let Some((end, _)) = ends.next() {
                spans.push(start..end);
            }
        }
        spans
    }

    fn write_spans(&self) -> Vec<Span> {
        self.spans(|d| matches!(d, Action::WriteStarts), |d| matches!(d, Action::WriteEnds))
    }

    fn read_spans(&self) -> Vec<Span> {
        self.spans(
            |action| matches!(action, Action::ReadBegins { .. }),
            |action| matches!(action, Action::Validates { .. }),
        )
    }

    fn heading(&self) -> Group {
        let key = [(ODD, "the count is odd"), (SUCCESS, "success"), (RETRY, "retry")];
        let mut group = Group::new()
            .add(text(LEFT - 72.0, 36.0, "A sequence count at work").set("font-size", 20))
            .add(
                text(LEFT - 72.0, 58.0, "One call of one thread at each step of a real run.")
                    .set("fill", FAINT),
            );
        for (index, (colour, meaning)) in key.into_iter().enumerate() {
            let x = self.width - 390.0 + [0.0, 156.0, 256.0][index];
            group = group
                .add(rectangle(x, 24.0, 16.0, 16.0).set("fill", colour).set("stroke", RULE))
                .add(text(x + 23.0, 36.5, meaning));
        }
        group
    }

    /// Shades the times of writes, through all lanes and the graph.
    fn odd_windows(&self) -> Group {
        self.write_spans().into_iter().fold(Group::new(), |group, span| {
            let height = self.graph_y(0) - LANES_TOP;
            let width = x(span.end) - x(span.start);
            group.add(rectangle(x(span.start), LANES_TOP, width, height).set("fill", ODD))
        })
    }

    fn lanes(&self) -> Group {
        [TraceThread::WriterA, TraceThread::WriterB, TraceThread::Reader].into_iter().fold(
            Group::new(),
            |group, who| {
                let y = lane(who);
                let name = text(LEFT - 10.0, y + 4.0, who.to_string()).set("text-anchor", "end");
                group
                    .add(line((LEFT, y), (self.width - RIGHT, y)))
                    .add(name.set("font-weight", "bold"))
            },
        )
    }

    /// Draws the kernel's name of each call, and a line down to its thread.
    fn calls(&self) -> Group {
        self.events.iter().enumerate().fold(Group::new(), |group, (index, event)| {
            let (x, y) = (x(index), LANES_TOP - 10.0);
            let down = line((x, LANES_TOP - 6.0), (x, self.event_y(event)));
            let call = text(x, y, event.kernel_call)
                .set("transform", format!("rotate(-45 {x} {y})"))
                .set("font-family", MONO)
                .set("font-size", 11.5);
            group.add(down.set("stroke-dasharray", "2 3")).add(call)
        })
    }

    fn writes(&self) -> Group {
        self.write_spans().into_iter().fold(Group::new(), |group, span| {
            let mut stored = Copied::default();
            for event in &self.events[span.clone()] {
                match event.action {
                    Action::StoresSeconds(value) => stored.seconds = value,
                    Action::StoresNanoseconds(value) => stored.nanoseconds = value,
                    _ => {}
                }
            }
            let y = lane(self.events[span.start].who);
            group.add(bar(&span, y, WRITER)).add(on_odd(caption(
                &span,
                y - BAR / 2.0 - 7.0,
                format!("writes {stored}"),
            )))
        })
    }

    /// Draws each attempt of the reader: what it copied, and the result.
    fn reads(&self) -> Group {
        self.read_spans().into_iter().fold(Group::new(), |group, span| {
            let last = &self.events[span.end];
            let Action::Validates { result, copied, .. } = last.action else {
                return group;
            };
            let (fill, ink) = match result {
                ReadResult::Success => (SUCCESS, INK),
                ReadResult::RetryOdd | ReadResult::RetryMoved => (RETRY, RETRY_INK),
            };
            let whole = if copied.is_torn() { "torn" } else { "whole" };
            let copied = format!("copied {copied}: {whole}");
            let y = lane(TraceThread::Reader);
            group
                .add(bar(&span, y, fill))
                .add(caption(&span, y + BAR / 2.0 + 16.0, copied))
                .add(caption(&span, y + BAR / 2.0 + 31.0, last.note.clone()).set("fill", ink))
        })
    }

    /// Draws an arrow from each failed attempt to the next.
    fn retries(&self) -> Group {
        let spans = self.read_spans();
        spans.windows(2).fold(Group::new(), |group, pair| {
            let failed = &self.events[pair[0].end].action;
            if matches!(failed, Action::Validates { result: ReadResult::Success, .. }) {
                return group;
            }
            let (from, to) = (x(pair[0].end), x(pair[1].start));
            let bar = lane(TraceThread::Reader) - BAR / 2.0 - 1.0;
            let top = bar - 24.0;
            let curve = ((from, top), (to, top), (to, bar - 5.0));
            let way = Data::new().move_to((from, bar)).cubic_curve_to(curve);
            let arrow = Path::new()
                .set("d", way)
                .set("fill", "none")
                .set("stroke", RETRY_INK)
                .set("stroke-width", 1.6)
                .set("marker-end", "url(#head)");
            let word = text((from + to) / 2.0, top, "retry");
            group.add(arrow).add(word.set("text-anchor", "middle").set("fill", RETRY_INK))
        })
    }

    fn event_y(&self, event: &Event) -> f64 {
        match event.who {
            TraceThread::Main => self.graph_y(event.count_after),
            who => lane(who),
        }
    }

    fn dots(&self) -> Group {
        self.events.iter().enumerate().fold(Group::new(), |group, (index, event)| {
            let dot = Circle::new().set("cx", x(index)).set("cy", self.event_y(event));
            group.add(dot.set("r", 3.2))
        })
    }

    /// Draws the count after each step, above the number of the step.
    fn graph(&self) -> Group {
        let right = self.width - RIGHT;
        let bottom = self.graph_y(0);
        let mut group = Group::new();
        for count in 0..=self.highest {
            let y = self.graph_y(count);
            let number = text(LEFT - 10.0, y + 4.0, count.to_string()).set("text-anchor", "end");
            group = group.add(line((LEFT, y), (right, y))).add(number);
        }
        for (index, event) in self.events.iter().enumerate() {
            let number = text(x(index), bottom + 24.0, event.step.to_string());
            group = group.add(number.set("text-anchor", "middle").set("fill", FAINT));
        }
        let middle = self.graph_y(self.highest / 2) + 4.0;
        group
            .add(self.staircase())
            .add(text(LEFT - 72.0, middle, "count").set("font-weight", "bold"))
            .add(text(LEFT - 72.0, bottom + 24.0, "step").set("font-weight", "bold"))
    }

    fn staircase(&self) -> Path {
        let mut way = Data::new();
        for (index, event) in self.events.iter().enumerate() {
            let y = self.graph_y(event.count_after);
            way = match index {
                0 => way.move_to((x(index), y)),
                _ => way.horizontal_line_to(x(index)).vertical_line_to(y),
            };
        }
        let way = way.horizontal_line_to(self.width - RIGHT);
        Path::new().set("d", way).set("fill", "none").set("stroke", INK).set("stroke-width", 2.2)
    }
}

fn x(index: usize) -> f64 {
    LEFT + STEP * (index as f64 + 0.5)
}

fn lane(who: TraceThread) -> f64 {
    let row = match who {
        TraceThread::WriterA => 0.0,
        TraceThread::WriterB => 1.0,
        TraceThread::Main | TraceThread::Reader => 2.0,
    };
    LANES_TOP + LANE * (row + 0.6)
}

fn bar(span: &Span, y: f64, fill: &str) -> Rectangle {
    let (left, right) = (x(span.start) - 9.0, x(span.end) + 9.0);
    rectangle(left, y - BAR / 2.0, right - left, BAR).set("rx", 6).set("fill", fill)
}

fn caption(span: &Span, y: f64, words: String) -> Text {
    text((x(span.start) + x(span.end)) / 2.0, y, words).set("text-anchor", "middle")
}

/// Gives the text an outline, so that it is readable on the lines of a shaded time.
fn on_odd(words: Text) -> Text {
    words.set("stroke", ODD).set("stroke-width", 5).set("paint-order", "stroke")
}

fn text(x: f64, y: f64, words: impl Into<String>) -> Text {
    Text::new(words).set("x", x).set("y", y)
}

fn line(from: (f64, f64), to: (f64, f64)) -> Line {
    let line = Line::new().set("x1", from.0).set("y1", from.1).set("x2", to.0).set("y2", to.1);
    line.set("stroke", RULE)
}

fn rectangle(x: f64, y: f64, width: f64, height: f64) -> Rectangle {
    Rectangle::new().set("x", x).set("y", y).set("width", width).set("height", height)
}

fn arrow_head() -> Definitions {
    let tip = Data::new().move_to((0, 0)).line_to((8, 4)).line_to((0, 8)).close();
    let marker = Marker::new()
        .set("id", "head")
        .set("viewBox", "0 0 8 8")
        .set("refX", 4)
        .set("refY", 4)
        .set("markerWidth", 5)
        .set("markerHeight", 5)
        .set("orient", "auto");
    Definitions::new().add(marker.add(Path::new().set("d", tip).set("fill", RETRY_INK)))
}
