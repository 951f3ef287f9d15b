// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree page create`, and the page of `publish --create`.

use core::time::Duration;
use std::path::Path;

use tearfree_page::{ByteReader, ByteWriter, Error, Options, Schema};

use super::args::CreateArgs;
use super::targets::assign;
use super::{in_turn, show, values};
use crate::outcome::{Outcome, Problem};

/// Fields as `name:kind=VALUE`.
pub(super) struct NewFields<'a> {
    schema: Schema,
    /// The names and values of the fields that were given a value.
    given: Vec<(String, &'a str)>,
    /// The value of a new page: zero where none was given.
    value: Vec<u8>,
}

/// How the page is to be.
pub(super) struct PageOptions {
    /// None: the promise of before.
    pub(super) lifetime: Option<Duration>,
    /// None: as before.
    pub(super) wakes: Option<bool>,
    pub(super) private: bool,
    pub(super) replace: bool,
    /// How long to wait while the page has another writer.
    pub(super) wait: Duration,
}

pub(super) fn run(args: &CreateArgs) -> Result<Outcome, Problem> {
    let options = PageOptions {
        lifetime: Some(args.lifetime.unwrap_or_default()),
        wakes: Some(args.wakes),
        private: args.private,
        replace: args.replace,
        wait: Duration::ZERO,
    };
    drop(create(&args.page.page, NewFields::parse(&args.fields)?, &options)?);
    show(&args.page.page, args.json)
}

impl<'a> NewFields<'a> {
    pub(super) fn parse(fields: &'a [String]) -> Result<Self, Problem> {
        let fields: Vec<(&str, Option<&str>)> =
            fields.iter().map(|field| values::split_value(field)).collect();
        let text: Vec<&str> = fields.iter().map(|(field, _)| *field).collect();
        let schema: Schema = text.join(" ").parse().map_err(Error::from)?;
        let names = schema.fields().iter().map(|field| field.name().to_owned());
        let given =
            names.zip(fields).filter_map(|(name, (_, value))| Some((name, value?))).collect();
        let mut fields = NewFields { value: vec![0; schema.size()], schema, given };
        assign(&fields.given, &fields.schema, &mut fields.value)?;
        Ok(fields)
    }
}

/// Becomes the writer of a page, which is created if it is missing. A page with these fields keeps what is not given.
pub(super) fn create(
    page: &Path,
    mut fields: NewFields<'_>,
    options: &PageOptions,
) -> Result<ByteWriter, Problem> {
    let existing = ByteReader::open(page).ok();
    let existing = existing.filter(|existing| existing.geometry().schema == fields.schema);
    let promised = existing.as_ref().and_then(ByteReader::writer);
    let promised = promised.map(|writer| writer.lifetime()).unwrap_or_default();
    let woke = existing.as_ref().is_some_and(|existing| existing.geometry().wakes);
    let wakes = options.wakes.unwrap_or(woke);
    let library_options = Options::new()
        .lifetime(options.lifetime.unwrap_or(promised))
        .wakes(wakes)
        .replace(options.replace);
    let library_options =
        if options.private { library_options.mode(0o600) } else { library_options };
    if existing.is_some() {
        let took = in_turn(options.wait, || ByteWriter::take_over(page, &library_options));
        match took {
            Ok(mut writer) if writer.geometry().schema == fields.schema => {
                fields.value = writer.get();
                assign(&fields.given, &fields.schema, &mut fields.value)?;
                if wakes == woke && !options.private {
                    // An old value is not published again, which would make it look new.
                    if !fields.given.is_empty() {
                        writer.set(&fields.value)?;
                    }
                    return Ok(writer);
                }
                // The library replaces a page for these options. It takes the lock itself.
            }
            Err(error @ Error::Busy { .. }) => return Err(error.into()),
            // Replaced or removed in the meantime.
            Ok(_) | Err(_) => {}
        }
    }
    let create = || ByteWriter::create(page, &fields.schema, &fields.value, &library_options);
    Ok(in_turn(options.wait, create)?)
}
