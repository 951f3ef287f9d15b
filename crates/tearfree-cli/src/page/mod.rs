// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree page`: values shared between processes, from a shell.

mod args;
mod create;
mod follow;
mod header;
mod input;
mod kinds;
mod line;
mod list;
mod publish;
mod report;
mod tail;
mod targets;
mod values;
mod watch;

use core::time::Duration;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Instant;

pub(crate) use args::PageCommand;
use args::{GetArgs, RmArgs, SetArgs};
use report::PageReport;
use targets::Target;
use tearfree_page::{ByteReader, ByteWriter, Error, Freshness, Options, Unsettled, remove};

use crate::outcome::{MISSING, Outcome, Problem};
use crate::stop::Stop;
use crate::terminal;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let problem = Problem::from_library(error.what(), error.advice());
        match error {
            Error::Missing(_) => problem.with_exit_code(MISSING),
            _ => problem,
        }
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
        PageCommand::Create(args) => create::run(args),
        PageCommand::Get(args) => get(args),
        PageCommand::Set(args) => set(args),
        PageCommand::Publish(args) => publish::run(args),
        PageCommand::Tail(args) => tail::run(args, &Stop::new()?),
        PageCommand::Header(args) => header::run(args),
        PageCommand::Watch(args) => watch::run(args, &Stop::new()?),
        PageCommand::Ls(args) => list::run(args),
        PageCommand::Rm(args) => rm(args),
    }
}

fn set(args: &SetArgs) -> Result<Outcome, Problem> {
    let given = args.values.iter().map(|argument| line::parse_argument(argument));
    let given = given.collect::<Result<Vec<_>, _>>()?;
    // Checks the values before anything is changed.
    let reader = ByteReader::open(&args.page.page)?;
    let schema = &reader.geometry().schema;
    targets::assign(&given, schema, &mut vec![0; schema.size()])?;
    let promised = reader.writer().map(|writer| writer.lifetime()).unwrap_or_default();
    let options = Options::new().lifetime(args.lifetime.unwrap_or(promised));
    let mut writer = in_turn(args.wait, || ByteWriter::take_over(&args.page.page, &options))?;
    let mut payload = writer.get();
    targets::assign(&given, &writer.geometry().schema, &mut payload)?;
    writer.set(&payload)?;
    drop((writer, payload));
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

fn get(args: &GetArgs) -> Result<Outcome, Problem> {
    let reader = ByteReader::open_owned_by(&args.page.page, args.owner.get())?;
    let schema = &reader.geometry().schema;
    let chosen = args.fields.iter().map(|name| Target::find(schema, name));
    let chosen = chosen.collect::<Result<Vec<_>, _>>()?;
    let reading = reader.read()?;
    let outcome = match reading.freshness() {
        Freshness::Fresh(_) | Freshness::Unpromised => Outcome::Success,
        Freshness::Stale(_) | Freshness::Unknown => Outcome::NotFresh,
    };
    if !args.json && !chosen.is_empty() {
        terminal::print_by(|out| {
            chosen.iter().try_for_each(|target| {
                target.write_text(&reading.value, out)?;
                Ok(out.write_all(b"\n")?)
            })
        })?;
        return Ok(outcome);
    }
    let mut report = PageReport::new(&args.page.page, &reader, reading);
    if !chosen.is_empty() {
        report.fields.targets = chosen;
    }
    report.print(args.json)?;
    Ok(outcome)
}

fn rm(args: &RmArgs) -> Result<Outcome, Problem> {
    remove(&args.page.page)?;
    Ok(Outcome::Success)
}

/// Prints a page of this user.
fn show(page: &Path, json: bool) -> Result<Outcome, Problem> {
    let reader = ByteReader::open(page)?;
    PageReport::new(page, &reader, reader.read()?).print(json)
}
