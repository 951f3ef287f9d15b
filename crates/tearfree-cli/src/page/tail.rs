// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree page tail`: a line for each change, which `publish` and `set` take.

use core::time::Duration;

use serde::Serialize;
use tearfree_page::Schema;

use super::args::{Since, TailArgs};
use super::follow::{FollowOptions, follow};
use super::line::write_words;
use super::targets::{FieldObject, Target};
use crate::outcome::{Outcome, Problem};
use crate::stop::Stop;
use crate::terminal;

/// The least time between two lines.
const PACE: Duration = Duration::from_millis(1);

/// A line in JSON. The names of the fields are those of the JSON object.
#[derive(Serialize)]
struct TailLine {
    #[serde(serialize_with = "terminal::as_string")]
    generation: u64,
    fields: FieldObject,
}

pub(super) fn run(args: &TailArgs, stop: &Stop) -> Result<Outcome, Problem> {
    let options = FollowOptions {
        page: &args.page.page,
        owner: args.owner.get(),
        count: args.count,
        pace: PACE,
        redraw: None,
        skip_first: args.since == Since::Now,
        until_ended: args.until_ended,
    };
    follow(&options, stop, |reader, seen| {
        let (targets, reading) = (chosen(args, &reader.geometry().schema)?, seen.reading);
        if !args.json {
            return terminal::print_by(|out| write_words(&reading.value, &targets, out));
        }
        let fields = FieldObject { payload: reading.value, targets };
        terminal::print_json(&TailLine { generation: reading.generation, fields })
    })
}

/// A page that replaced another one may have other fields.
fn chosen(args: &TailArgs, schema: &Schema) -> Result<Vec<Target>, Problem> {
    if args.fields.is_empty() {
        return Ok(schema.fields().iter().map(Target::whole).collect());
    }
    args.fields.iter().map(|name| Target::find(schema, name)).collect()
}
