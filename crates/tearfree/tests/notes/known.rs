// SPDX-License-Identifier: MIT OR Apache-2.0
//! What notes may refer to: obligations, functions, and the rows of the table in `order.rs`.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Line, is_word, words};
use crate::statement::{ORDERS, Order, leading_obligations, note_from, ordering_note};

pub(crate) struct Documents<'a> {
    /// States the obligations.
    pub(crate) design: &'a str,
    /// Has a line of a table for each, which names the orderings whose weakening is noticed.
    pub(crate) testing: &'a str,
}

/// A row of the table in `order.rs`.
pub(crate) struct Row {
    pub(crate) strength: String,
    pub(crate) obligations: BTreeSet<String>,
}

#[derive(Default)]
pub(crate) struct Known {
    pub(crate) obligations: BTreeSet<String>,
    pub(crate) functions: BTreeSet<String>,
    pub(crate) rows: BTreeMap<String, Row>,
}

/// The name and the strength of a row: `begin = Acquire;`, or the constant `PLAIN`.
pub(crate) fn table_row(code: &str) -> Option<(&str, &str)> {
    let (name, order) = code.trim().strip_suffix(';')?.split_once(" = ")?;
    if name.ends_with("const PLAIN: Ordering") {
        return Some(("PLAIN", order.strip_prefix("Ordering::")?));
    }
    (ORDERS.contains(&order) && name.chars().all(is_word)).then_some((name, order))
}

/// The obligations that DESIGN.md states: `**P1**`.
fn stated(design: &str) -> impl Iterator<Item = String> {
    design.split("**P").skip(1).filter_map(|rest| {
        let number = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        let is_marked = rest[number.len()..].trim_start_matches(['.', ':']).starts_with("**");
        (is_marked && !number.is_empty()).then(|| format!("P{number}"))
    })
}

/// The obligations in whose line of TESTING.md a name stands in backticks.
fn with_evidence(testing: &str, name: &str) -> BTreeSet<String> {
    let lines = testing.lines().filter(|line| line.contains(&format!("`{name}`")));
    let cells = lines.filter_map(|line| line.strip_prefix("| P")?.split(" |").next());
    cells.map(|number| format!("P{number}")).collect()
}

impl Known {
    pub(crate) fn new(files: &[(&String, Vec<Line>)], documents: &Documents<'_>) -> Known {
        let mut known = Known::default();
        known.obligations.extend(stated(documents.design));
        for (name, lines) in files {
            known.enter_functions(name, lines);
            if name.ends_with("order.rs") {
                known.enter_rows(lines);
            }
        }
        known
    }

    fn enter_functions(&mut self, file: &str, lines: &[Line]) {
        let is_c = !file.ends_with(".rs");
        for line in lines {
            let is_macro = line.code.starts_with("#define ");
            let defined = words(&line.code).filter(|(before, _, after)| match is_c {
                // C: at the left margin, or a macro.
                true if is_macro => *before == "#define ",
                true => after.starts_with('(') && !line.code.starts_with(['\t', ' ']),
                false => before.ends_with("fn "),
            });
            self.functions.extend(defined.map(|(_, name, _)| name.to_owned()));
        }
    }

    fn enter_rows(&mut self, lines: &[Line]) {
        for (i, line) in lines.iter().enumerate() {
            let Some((name, strength)) = table_row(&line.code) else { continue };
            let note = ordering_note(lines, i).map(|at| note_from(lines, at)).unwrap_or_default();
            let obligations = leading_obligations(&note).map(str::to_owned).collect();
            let row = Row { strength: strength.into(), obligations };
            self.functions.insert(name.to_owned());
            self.rows.insert(name.to_owned(), row);
        }
    }

    /// A fault for each row whose obligations are not those for which TESTING.md has evidence.
    pub(crate) fn rows_without_evidence(&self, testing: &str) -> impl Iterator<Item = String> {
        let named = self.rows.iter().filter(|(name, _)| *name != "PLAIN");
        named.filter_map(move |(name, row)| {
            let (cited, shown) = (&row.obligations, with_evidence(testing, name));
            (*cited != shown).then(|| {
                format!("order.rs: `{name}` cites {cited:?}, TESTING.md names it at {shown:?}")
            })
        })
    }

    /// The obligations that an ordering may serve.
    pub(crate) fn obligations_of(&self, order: &Order) -> BTreeSet<&String> {
        let rows = self.rows.iter().filter(|(name, row)| match order {
            Order::Named(named) => *name == named,
            Order::Direct(strength) => row.strength == *strength,
            Order::Fence => row.strength != "Relaxed",
        });
        rows.flat_map(|(_, row)| &row.obligations).collect()
    }
}
