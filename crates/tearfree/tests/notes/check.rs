// SPDX-License-Identifier: MIT OR Apache-2.0
//! Checks the notes of files, line by line.

use std::collections::BTreeMap;

use crate::known::{Documents, Known};
use crate::source::{Line, is_test_file, lines_of, words};
use crate::statement::{
    ORDERS, Order, TAGS, contract, leading_obligations, mentioned, note_from, ordering_note,
    orders_in, safety_note, unsafe_code, without_tag,
};
use crate::text::{Texts, repeats, says_nothing};

/// There orderings are data. They act where they are passed to an atomic's method.
const CHECKER: &str = "crates/tearfree-axm/src/";

#[derive(Default)]
pub(crate) struct Report {
    pub(crate) orderings: usize,
    pub(crate) unsafes: usize,
    pub(crate) faults: Vec<String>,
}

/// Where in a file a line stands, as far as it exempts the line.
#[derive(Default)]
struct Reading {
    in_use: bool,
    /// In the macro that makes functions from the table; each row has its own note.
    in_table_macro: bool,
}

impl Reading {
    fn enter(&mut self, code: &str) {
        self.in_table_macro |= code.starts_with("macro_rules! orderings");
        self.in_use |= words(code).any(|(before, word, _)| {
            word == "use" && (before.trim().is_empty() || before.trim().starts_with("pub"))
        });
    }

    fn leave(&mut self, code: &str) {
        self.in_table_macro &= !code.starts_with('}');
        self.in_use &= !code.contains(';');
    }

    fn is_exempt(&self) -> bool {
        self.in_use || self.in_table_macro
    }
}

/// Whether a line of the checker passes an ordering to an access or a fence.
fn is_access(code: &str) -> bool {
    const METHODS: [&str; 5] = [".load(", ".store(", ".swap(", ".compare_exchange", ".fetch_"];
    METHODS.iter().any(|method| code.contains(method)) || code.trim().starts_with("fence(")
}

/// Whether an import hides an ordering from this test, under a new or a short name.
fn hides_ordering(code: &str, known: &Known) -> bool {
    words(code).any(|(before, word, after)| {
        let is_renamed = ORDERS.contains(&word) && after.starts_with(" as ");
        is_renamed || before.contains("order::") && word != "PLAIN" && known.rows.contains_key(word)
    })
}

/// The names in backticks, without paths and arguments.
fn names_in(note: &str) -> impl Iterator<Item = &str> {
    note.split('`').skip(1).step_by(2).map(|name| {
        let name = name.split('(').next().unwrap_or_default();
        name.rsplit("::").next().unwrap_or_default()
    })
}

/// What is wrong with an ORDERING note for the orderings that it stands above.
fn fault_of_ordering(note: &str, orders: &[Order], known: &Known) -> Option<String> {
    let strong: Vec<_> = orders.iter().filter(|order| !order.is_relaxed()).collect();
    // Beside a stronger ordering, a relaxed one serves nothing by itself.
    let judged = if strong.is_empty() { orders.iter().collect() } else { strong.clone() };
    let cited: Vec<_> = leading_obligations(note).map(str::to_owned).collect();
    let serves = |order: &Order| known.obligations_of(order);
    for obligation in &cited {
        if !judged.iter().any(|order| serves(order).contains(obligation)) {
            let order = judged[0];
            return Some(format!("cites {obligation}, and {order} is for {:?}", serves(order)));
        }
    }
    for order in &judged {
        let is_row = matches!(order, Order::Named(_)) && !order.is_relaxed();
        if is_row && !cited.iter().any(|obligation| serves(order).contains(obligation)) {
            return Some(format!("does not begin with what {order} is for: {:?}", serves(order)));
        }
    }
    let says_relaxed = without_tag(note).starts_with("Relaxed");
    let names_partner = names_in(note).any(|name| known.functions.contains(name));
    match strong.first() {
        None if !says_relaxed => Some("does not begin with \"Relaxed\"".into()),
        Some(order) if says_relaxed => Some(format!("says \"Relaxed\" of {order}")),
        Some(_) if !names_partner => {
            Some("names no function that exists: name the partner in backticks".into())
        }
        _ => None,
    }
}

/// The faults of one note, whatever it stands above.
fn faults_of_note(note: &str, known: &Known) -> Vec<String> {
    let unknown = mentioned(note).filter(|obligation| !known.obligations.contains(*obligation));
    let mut faults: Vec<_> =
        unknown.map(|lost| format!("cites {lost}, which DESIGN.md does not have")).collect();
    if says_nothing(without_tag(note)) {
        faults.push(format!("says nothing about this line: \"{note}\""));
    }
    faults
}

struct Check<'a> {
    known: &'a Known,
    texts: Texts,
    report: Report,
}

impl Check<'_> {
    fn check_file(&mut self, file: &str, lines: &[Line]) {
        let mut state = Reading::default();
        let mut served: BTreeMap<usize, Vec<Order>> = BTreeMap::new();
        for (i, line) in lines.iter().enumerate() {
            let shown = format!("{file}:{}", i + 1);
            if TAGS.iter().any(|tag| line.note.starts_with(tag)) {
                let faults = faults_of_note(&note_from(lines, i), self.known);
                self.report.faults.extend(faults.iter().map(|what| format!("{shown}: {what}")));
            }
            state.enter(&line.code);
            if state.in_use && hides_ordering(&line.code, self.known) {
                let what = "imports an ordering so that its uses cannot be seen";
                self.report.faults.push(format!("{shown}: {what}"));
            }
            let is_data = file.starts_with(CHECKER) && !is_access(&line.code);
            let orders = if state.is_exempt() || is_data { vec![] } else { orders_in(&line.code) };
            if !orders.is_empty() {
                self.report.orderings += 1;
                match ordering_note(lines, i) {
                    Some(at) => {
                        let others = served.entry(at).or_default();
                        let is_strong = |orders: &[Order]| !orders.iter().all(Order::is_relaxed);
                        if is_strong(others) && is_strong(&orders) {
                            let what = "shares its ORDERING note with another one";
                            self.report.faults.push(format!("{shown}: {}: {what}", orders[0]));
                        }
                        others.extend(orders);
                    }
                    None => self.report.faults.push(format!(
                        "{shown}: {}: no ORDERING note in the paragraph above",
                        orders[0]
                    )),
                }
            }
            self.check_unsafe(lines, i, &shown);
            state.leave(&line.code);
        }
        for (at, orders) in served {
            self.check_ordering_note(file, lines, at, &orders);
        }
    }

    fn check_unsafe(&mut self, lines: &[Line], at: usize, shown: &str) {
        let Some(code) = unsafe_code(lines, at) else { return };
        self.report.unsafes += 1;
        match safety_note(lines, at) {
            Some(note) => {
                let note = note_from(lines, note);
                if repeats(without_tag(&note), &contract(lines, at)) {
                    let what = "the SAFETY note only repeats the contract of its function";
                    self.report.faults.push(format!("{shown}: {what}"));
                }
                self.texts.add("SAFETY", without_tag(&note), shown.into(), code);
            }
            None => {
                self.report
                    .faults
                    .push(format!("{shown}: `unsafe`: no SAFETY note directly above"));
            }
        }
    }

    fn check_ordering_note(&mut self, file: &str, lines: &[Line], at: usize, orders: &[Order]) {
        let (note, shown) = (note_from(lines, at), format!("{file}:{}", at + 1));
        if let Some(what) = fault_of_ordering(&note, orders, self.known) {
            self.report.faults.push(format!("{shown}: the ORDERING note {what}"));
        }
        let code = lines[at..].iter().map(|line| line.code.trim()).find(|code| !code.is_empty());
        let code = code.unwrap_or_default().to_owned();
        self.texts.add("ORDERING", without_tag(&note), shown, code);
    }
}

/// Checks files, each with its path from the root of the repository.
pub(crate) fn check(files: &[(String, String)], documents: &Documents<'_>) -> Report {
    let ours = files.iter().filter(|(name, _)| !is_test_file(name, files));
    let files: Vec<_> = ours.map(|(name, source)| (name, lines_of(source))).collect();
    let known = Known::new(&files, documents);
    let mut check = Check { known: &known, texts: Texts::default(), report: Report::default() };
    for (name, lines) in &files {
        check.check_file(name, lines);
    }
    let Check { texts, mut report, .. } = check;
    report.faults.extend(texts.faults());
    report.faults.extend(known.rows_without_evidence(documents.testing));
    report
}
