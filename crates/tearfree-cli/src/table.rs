// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables, which stay readable on narrow terminals.

use core::iter;
use std::io::{self, IsTerminal};

use anstyle::Style;
use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Row, Table, TableStyle,
    Width,
};
use terminal_size::terminal_size;

use crate::locale::in_locale;
use crate::terminal::{FAINT, HEAD, styled};

/// The space between two columns, beside the one that the library has.
const GAP: u16 = 1;
/// The least space for a value where each has lines of its own, however narrow the terminal is.
const LEAST_ROOM: usize = 8;
/// The line below the head, until it is printed in what the locale has.
const RULE: char = '\u{1d}';
/// Begins the lines between two rows, which are not printed.
const BETWEEN: char = '\u{1e}';

/// Creates a table with a rule under its head and columns aligned by spaces.
pub(crate) fn new(head: &[&str], right_aligned: &[usize]) -> Table {
    const STYLE: TableStyle = TableStyle::new()
        .header_separator(LineStyle::none().fill(RULE).junction(RULE))
        .row_separator(LineStyle::none().fill(BETWEEN).junction(BETWEEN));
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled).set_header(head);
    for (index, column) in table.column_iter_mut().enumerate() {
        let gap = if index + 1 == head.len() { 0 } else { GAP };
        column.set_padding((0, gap));
        if right_aligned.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Formats the lines of a table: its head, the rule, and each row in its style. On a terminal that is narrower than the
/// table, words go to the next line of their cell; if that is not enough, each cell has lines of its own.
pub(crate) fn styled_lines(table: Table, rows: impl IntoIterator<Item = Style>) -> Vec<String> {
    let size = io::stdout().is_terminal().then(terminal_size).flatten();
    let mut table = table;
    for row in table.row_iter_mut() {
        *row = Row::from(cells(row).iter().map(|cell| in_locale(cell)).collect::<Vec<_>>());
    }
    lines_within(size.map_or(u16::MAX, |(columns, _)| columns.0), table, rows.into_iter())
}

/// As [`styled_lines`], in so many columns.
fn lines_within(width: u16, mut table: Table, styles: impl Iterator<Item = Style>) -> Vec<String> {
    let widest = table.lines().map(|line| line.trim_end().chars().count()).max();
    if widest > Some(width.into()) {
        let words = longest_words(&table);
        let least = words.iter().fold(0, |sum: u16, word| sum.saturating_add(word + GAP + 1));
        if least > width {
            return records(width.into(), &table, styles);
        }
        for (column, word) in table.column_iter_mut().zip(words) {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(word + GAP)));
        }
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    row_lines(&table, styles)
}

fn row_lines(table: &Table, rows: impl Iterator<Item = Style>) -> Vec<String> {
    let mut styles = [HEAD, FAINT].into_iter().chain(rows);
    let mut style = styles.next().unwrap_or_default();
    let mut lines = Vec::new();
    for line in table.lines() {
        let is_rule = line.starts_with(RULE);
        if is_rule || line.starts_with(BETWEEN) {
            style = styles.next().unwrap_or_default();
        }
        if !line.starts_with(BETWEEN) {
            let line = line.trim_end().replace(RULE, &in_locale("─"));
            lines.push(styled(style, &line));
        }
        if is_rule {
            style = styles.next().unwrap_or_default();
        }
    }
    lines
}

/// Formats each row as lines of a heading and a value, which goes on below itself, with an empty line between two rows.
fn records(width: usize, table: &Table, styles: impl Iterator<Item = Style>) -> Vec<String> {
    let heads = table.header().map(cells).unwrap_or_default();
    let indent = heads.iter().map(|head| head.chars().count()).max().unwrap_or(0);
    let room = width.saturating_sub(indent + "  ".len()).max(LEAST_ROOM);
    let record = |(row, style): (&Row, Style)| {
        let mut lines = Vec::new();
        for (head, value) in heads.iter().zip(cells(row)) {
            let first = iter::once(head.as_str()).chain(iter::repeat(""));
            for (head, part) in first.zip(parts(&value, room)) {
                lines.push(styled(style, format!("{head:indent$}  {part}").trim_end()));
            }
        }
        lines
    };
    table.row_iter().zip(styles).map(record).collect::<Vec<_>>().join(&String::new())
}

/// Splits a value into parts of at most so many characters, at a space where there is one.
fn parts(value: &str, room: usize) -> Vec<String> {
    let mut rest: Vec<char> = value.chars().collect();
    let mut parts = Vec::new();
    while rest.len() > room {
        let space = rest[..=room].iter().rposition(|letter| *letter == ' ').filter(|at| *at > 0);
        let tail = rest.split_off(space.unwrap_or(room));
        parts.push(rest.into_iter().collect());
        rest = tail.into_iter().skip(usize::from(space.is_some())).collect();
    }
    parts.push(rest.into_iter().collect());
    parts
}

fn cells(row: &Row) -> Vec<String> {
    row.cell_iter().map(Cell::content).collect()
}

/// Returns the length of the longest word in each column.
fn longest_words(table: &Table) -> Vec<u16> {
    let longest =
        |cell: &String| cell.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
    let mut words = Vec::new();
    for row in table.header().into_iter().chain(table.row_iter()) {
        let row: Vec<usize> = cells(row).iter().map(longest).collect();
        words.resize(words.len().max(row.len()), 0);
        words.iter_mut().zip(row).for_each(|(word, here)| *word = here.max(*word));
    }
    // Far below the largest number, for the gaps.
    words.into_iter().map(|word| u16::try_from(word).unwrap_or(u16::MAX / 2)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::{BAD, GOOD};

    fn lines(width: u16) -> Vec<String> {
        let mut table = new(&["name", "value"], &[]);
        table.add_row(["first", "a b c d e f g h"]).add_row(["second", "short"]);
        lines_within(width, table, [GOOD, BAD].into_iter())
    }

    fn plain(lines: &[String]) -> Vec<String> {
        lines.iter().map(|line| anstream::adapter::strip_str(line).to_string()).collect()
    }

    /// Returns the words of the lines that have a style.
    fn words(lines: &[String], style: Style) -> String {
        let first = style.render().to_string();
        let lines = lines.iter().filter(|line| line.starts_with(&first)).cloned();
        let text = plain(&lines.collect::<Vec<_>>()).join(" ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_table_that_fits_is_not_changed() {
        let rule = in_locale("─").repeat(23);
        let table = ["name    value", &rule, "first   a b c d e f g h", "second  short"];
        for width in [23, 80, u16::MAX] {
            assert_eq!(plain(&lines(width)), table, "{width} columns");
        }
    }

    #[test]
    fn cells_are_wrapped_between_words_and_keep_the_style_of_their_row() {
        for width in 15..23 {
            let narrow = lines(width);
            let text = plain(&narrow);
            assert!(text.len() > 4, "{text:#?}");
            assert!(text.iter().all(|line| line.chars().count() <= width.into()), "{text:#?}");
            assert_eq!(words(&narrow, GOOD), "first a b c d e f g h", "{width} columns");
            assert_eq!(words(&narrow, BAD), "second short", "{width} columns");
        }
    }

    #[test]
    fn where_words_would_be_broken_each_cell_has_a_line() {
        let table = [
            "name   first",
            "value  a b c d",
            "       e f g h",
            "",
            "name   second",
            "value  short",
        ];
        for width in 0..15 {
            assert_eq!(plain(&lines(width)), table, "{width} columns");
            assert_eq!(words(&lines(width), BAD), "name second value short");
        }
    }

    #[test]
    fn a_word_that_is_longer_than_the_terminal_goes_on_below_itself() {
        let word = "0123456789".repeat(10);
        let mut table = new(&["name", "value"], &[]);
        table.add_row(["first", &format!("a {word} b")]);
        for width in 15..99 {
            let lines = plain(&lines_within(width, table.clone(), [GOOD].into_iter()));
            assert!(lines.iter().all(|line| line.chars().count() <= width.into()), "{lines:#?}");
            let values = lines.iter().skip(1).map(|line| &line["value  ".len()..]);
            let shown: String = values.collect();
            assert_eq!(shown.replace(' ', ""), format!("a{word}b"), "{width} columns");
        }
    }
}
