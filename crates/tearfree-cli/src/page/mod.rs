// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree page`: values shared between processes, from a shell.

mod args;
mod kinds;
mod list;
mod report;
mod values;
mod watch;

use core::time::Duration;
use std::path::Path;
use std::thread;
use std::time::Instant;

pub(crate) use args::PageCommand;
use args::{CreateArgs, GetArgs, RmArgs, SetArgs};
use report::PageReport;
use tearfree_page::{ByteReader, ByteWriter, Error, Options, Schema, Unsettled, remove};

use crate::outcome::{Outcome, Problem};
use crate::stop::Stop;
use crate::terminal;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Problem::from_library(error.what(), error.advice())
    }
}

impl From<Unsettled> for Problem {
    fn from(error: Unsettled) -> Self {
        Error::from(error).into()
    }
}

/// Runs one of the subcommands.
pub(crate) fn run(command: &PageCommand) -> Result<Outcome, Problem> {
    match command {
        PageCommand::Create(args) => create(args),
        PageCommand::Get(args) => get(args),
        PageCommand::Set(args) => set(args),
        PageCommand::Watch(args) => watch::run(args, &Stop::new()?),
        PageCommand::Ls(args) => list::run(args),
        PageCommand::Rm(args) => rm(args),
    }
}

fn create(args: &CreateArgs) -> Result<Outcome, Problem> {
    let fields: Vec<(&str, Option<&str>)> =
        args.fields.iter().map(|f| values::split_value(f)).collect();
    let text: Vec<&str> = fields.iter().map(|(field, _)| *field).collect();
    let schema: Schema = text.join(" ").parse().map_err(Error::from)?;
    let mut payload = vec![0; schema.size()];
    for (field, (_, value)) in schema.fields().iter().zip(&fields) {
        value.map_or(Ok(()), |value| values::store(&mut payload, field, value))?;
    }
    let options = Options::new()
        .lifetime(args.lifetime.unwrap_or_default())
        .wakes(args.wakes)
        .replace(args.replace);
    let options = if args.private { options.mode(0o600) } else { options };
    drop(ByteWriter::create(&args.page.page, &schema, &payload, &options)?);
    show(&args.page.page, args.json)
}

fn set(args: &SetArgs) -> Result<Outcome, Problem> {
    // Checks the values before anything is changed.
    let reader = ByteReader::open(&args.page.page)?;
    assign(&args.values, &reader.geometry().schema, &mut reader.read()?.value)?;
    let promised = reader.writer().map(|writer| writer.lifetime()).unwrap_or_default();
    let options = Options::new().lifetime(args.lifetime.unwrap_or(promised));
    let mut writer = in_turn(args.wait, || ByteWriter::take_over(&args.page.page, &options))?;
    let mut payload = writer.get();
    assign(&args.values, &writer.geometry().schema, &mut payload)?;
    writer.set(&payload)?;
    drop(writer);
    if args.json { show(&args.page.page, true) } else { Ok(Outcome::Success) }
}

/// Tries again while the page has another writer, for `patience`.
fn in_turn<W>(
    patience: Duration,
    mut take_over: impl FnMut() -> Result<W, Error>,
) -> Result<W, Error> {
    // None: without an end.
    let deadline = Instant::now().checked_add(patience);
    loop {
        match take_over() {
            Err(Error::Busy { .. }) if deadline.is_none_or(|end| Instant::now() < end) => {
                thread::sleep(Duration::from_millis(1));
            }
            result => return result,
        }
    }
}

/// Stores each `name=value` in a payload.
fn assign(assignments: &[String], schema: &Schema, payload: &mut [u8]) -> Result<(), Problem> {
    for assignment in assignments {
        let (name, Some(text)) = values::split_value(assignment) else {
            return Err(Problem::new(
                format_args!("'{assignment}' has no value"),
                "Write name=value, as in price=99.5.",
            ));
        };
        values::store(payload, values::find_field(schema, name)?, text)?;
    }
    Ok(())
}

fn get(args: &GetArgs) -> Result<Outcome, Problem> {
    let reader = ByteReader::open_owned_by(&args.page.page, args.owner.get())?;
    let reading = reader.read()?;
    let schema = &reader.geometry().schema;
    let chosen = args.fields.iter().map(|name| values::find_field(schema, name));
    let chosen = chosen.collect::<Result<Vec<_>, _>>()?;
    let mut report = PageReport::new(&args.page.page, &reader, &reading);
    if args.json {
        if !chosen.is_empty() {
            report.fields = values::to_object(&reading.value, chosen);
        }
        terminal::print(&terminal::json_line(&report)?)?;
    } else if chosen.is_empty() {
        terminal::print(&report.text())?;
    } else {
        let line = |field| Ok(values::format(&reading.value, field)? + "\n");
        let lines: Result<String, Problem> = chosen.into_iter().map(line).collect();
        terminal::print(&lines?)?;
    }
    Ok(Outcome::Success)
}

fn rm(args: &RmArgs) -> Result<Outcome, Problem> {
    remove(&args.page.page)?;
    Ok(Outcome::Success)
}

/// Prints a page of this user.
fn show(page: &Path, json: bool) -> Result<Outcome, Problem> {
    let reader = ByteReader::open(page)?;
    let report = PageReport::new(page, &reader, &reader.read()?);
    terminal::print(&if json { terminal::json_line(&report)? } else { report.text() })?;
    Ok(Outcome::Success)
}
