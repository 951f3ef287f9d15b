// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables, which stay readable on narrow terminals.

use std::io::{self, IsTerminal};

use anstyle::Style;
use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Row, Table, TableStyle,
    Width,
};
use terminal_size::terminal_size;

use crate::terminal::{FAINT, HEAD, styled};

/// The space between two columns, beside the one that the library has.
const GAP: u16 = 1;
/// Begins the lines between two rows, which are not printed.
const BETWEEN: char = '\u{1e}';

/// Creates a table with a rule under its head and columns aligned by spaces.
pub(crate) fn new(head: &[&str], right_aligned: &[usize]) -> Table {
    const STYLE: TableStyle = TableStyle::new()
        .header_separator(LineStyle::none().fill('─').junction('─'))
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
/// table, words go to the next line of their cell; if that is not enough, each cell has a line of its own.
pub(crate) fn styled_lines(table: Table, rows: impl IntoIterator<Item = Style>) -> Vec<String> {
    let size = io::stdout().is_terminal().then(terminal_size).flatten();
    lines_within(size.map_or(u16::MAX, |(columns, _)| columns.0), table, rows.into_iter())
}

/// As [`styled_lines`], in so many columns.
fn lines_within(width: u16, mut table: Table, styles: impl Iterator<Item = Style>) -> Vec<String> {
    let widest = table.lines().map(|line| line.trim_end().chars().count()).max();
    if widest > Some(width.into()) {
        let words = longest_words(&table);
        let least = words.iter().fold(0, |sum: u16, word| sum.saturating_add(word + GAP + 1));
        if least > width {
            return records(&table, styles);
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
        let is_rule = line.starts_with('─');
        if is_rule || line.starts_with(BETWEEN) {
            style = styles.next().unwrap_or_default();
        }
        if !line.starts_with(BETWEEN) {
            lines.push(styled(style, line.trim_end()));
        }
        if is_rule {
            style = styles.next().unwrap_or_default();
        }
    }
    lines
}

/// Formats each row as lines of a heading and a value, with an empty line between two rows.
fn records(table: &Table, styles: impl Iterator<Item = Style>) -> Vec<String> {
    let heads = table.header().map(cells).unwrap_or_default();
    let width = heads.iter().map(|head| head.chars().count()).max().unwrap_or(0);
    let record = |(row, style): (&Row, Style)| {
        let lines = heads
            .iter()
            .zip(cells(row))
            .map(move |(head, value)| styled(style, format!("{head:width$}  {value}").trim_end()));
        lines.collect::<Vec<String>>()
    };
    table.row_iter().zip(styles).map(record).collect::<Vec<_>>().join(&String::new())
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
        let rule = "─".repeat(23);
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
        let table = ["name   first", "value  a b c d e f g h", "", "name   second", "value  short"];
        for width in 0..15 {
            assert_eq!(plain(&lines(width)), table, "{width} columns");
            assert_eq!(words(&lines(width), BAD), "name second value short");
        }
    }
}
