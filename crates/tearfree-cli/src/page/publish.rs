// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree page publish`: publishes each line of standard input.

use std::path::Path;

use tearfree_page::{ByteReader, ByteWriter, Options, Owner, Schema};

use super::args::PublishArgs;
use super::create::{NewFields, PageOptions, create};
use super::follow::is_still;
use super::in_turn;
use super::input::InputLines;
use super::line::{self, Assignments, LineFormat};
use super::targets::assign;
use crate::outcome::{Outcome, Problem};
use crate::stop::Stop;
use crate::terminal;

/// How many lines' errors are printed. The rest is only counted.
const MOST_ERRORS: u64 = 20;

pub(super) fn run(args: &PublishArgs) -> Result<Outcome, Problem> {
    let format = if args.json_input { LineFormat::Json } else { LineFormat::Detect };
    let mut publisher = Publisher::new(&args.page.page, open(args)?);
    // Only now: a signal ends the wait for another writer at once.
    let stop = Stop::new()?;
    let mut input = InputLines::new(&stop)?;
    let mut refused = 0;
    let mut last = 0;
    while let Some((number, line)) = input.next()? {
        last = number;
        let problem = match line::parse(line, format).and_then(|line| publisher.store(&line)) {
            Ok(false) => continue,
            Ok(true) => {
                publisher.publish()?;
                continue;
            }
            Err(problem) => problem.within(format_args!("line {number}")),
        };
        if args.strict {
            return Err(problem);
        }
        refused += 1;
        if refused <= MOST_ERRORS {
            terminal::print_error(&problem);
        }
    }
    publisher.check_name()?;
    if refused > 0 {
        return Err(Problem::new(
            format_args!("{refused} of {last} lines were invalid and not published"),
            "Mend them, or end at the first one with --strict.",
        ));
    }
    Ok(Outcome::from_service(stop.signal()))
}

/// Becomes the writer.
fn open(args: &PublishArgs) -> Result<ByteWriter, Problem> {
    let page = &args.page.page;
    if args.create.is_empty() {
        let promised = ByteReader::open(page)?.writer().map(|writer| writer.lifetime());
        let options = Options::new().lifetime(args.lifetime.or(promised).unwrap_or_default());
        return Ok(in_turn(args.wait, || ByteWriter::take_over(page, &options))?);
    }
    let options = PageOptions {
        lifetime: args.lifetime,
        wakes: args.wakes.then_some(true),
        private: args.private,
        replace: args.replace,
        wait: args.wait,
    };
    create(page, NewFields::parse(&args.create)?, &options)
}

/// The writer, and the value that it publishes next.
struct Publisher<'a> {
    page: &'a Path,
    writer: ByteWriter,
    schema: Schema,
    value: Vec<u8>,
}

impl<'a> Publisher<'a> {
    fn new(page: &'a Path, writer: ByteWriter) -> Self {
        let (schema, value) = (writer.geometry().schema.clone(), writer.get());
        Publisher { page, writer, schema, value }
    }

    /// Stores the values of a line. Returns whether there are any. Nothing of an invalid line is kept.
    fn store(&mut self, line: &Assignments<'_>) -> Result<bool, Problem> {
        let stored = assign(line, &self.schema, &mut self.value);
        if stored.is_err() {
            self.value = self.writer.get();
        }
        stored.map(|()| !line.is_empty())
    }

    fn publish(&mut self) -> Result<(), Problem> {
        Ok(self.writer.set(&self.value)?)
    }

    /// Checks that readers still find the page. The writer notices by itself that its files were removed, but not for the
    /// last second.
    fn check_name(&self) -> Result<(), Problem> {
        match is_still(self.page, Owner::default(), self.writer.geometry().page_id) {
            true => Ok(()),
            false => Err(Problem::new(
                format_args!("the page {} was removed or replaced", self.page.display()),
                "Values of the last second may be lost. Run the command again, with --create to make a new page.",
            )),
        }
    }
}
