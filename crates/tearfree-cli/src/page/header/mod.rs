// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree page header`: the declaration of a page's value in C, Rust and Python.

/// Writes a line into the text; that cannot fail.
macro_rules! line {
    ($text:expr, $($line:tt)*) => { _ = writeln!($text, $($line)*) };
}

mod kinds;
mod languages;
mod names;
mod rust;

use std::path::Path;

use kinds::Kind;
use languages::{c, python};
use names::Names;
use rust::rust;
use tearfree_page::{ByteReader, Field, Schema};

use super::args::HeaderArgs;
use crate::outcome::{Outcome, Problem};
use crate::terminal;

pub(super) fn run(args: &HeaderArgs) -> Result<Outcome, Problem> {
    let page = &args.page.page;
    let reader = ByteReader::open_owned_by(page, args.owner.get())?;
    let schema = &reader.geometry().schema;
    let text = if args.rust {
        rust(&Declaration::new(page, schema, &names::RUST)?)?
    } else if args.python {
        python(&Declaration::new(page, schema, &names::PYTHON)?)
    } else {
        c(&Declaration::new(page, schema, &names::C)?)
    };
    terminal::print(&text)?;
    Ok(Outcome::Success)
}

/// A struct to be declared.
struct Declaration<'a> {
    schema: &'a Schema,
    /// The name of the page, as an identifier: `my_rates`.
    name: String,
    members: Vec<Member<'a>>,
}

/// A field of it.
struct Member<'a> {
    field: &'a Field,
    /// The name of the field, as an identifier.
    name: String,
    kind: Kind,
}

impl<'a> Declaration<'a> {
    fn new(page: &Path, schema: &'a Schema, language: &Names) -> Result<Self, Problem> {
        let mut names = Vec::new();
        let members = schema.fields().iter().map(|field| {
            let name = language.member(field.name(), &names);
            names.push(name.clone());
            Ok(Member { field, name, kind: Kind::find(field)? })
        });
        let members = members.collect::<Result<_, Problem>>()?;
        let name = page.file_name().unwrap_or_default().to_string_lossy();
        Ok(Declaration { schema, name: language.name(&name), members })
    }

    /// Returns the name in the form `MyRates`.
    fn type_name(&self, language: &Names) -> String {
        language.name(&camel_case(&self.name))
    }
}

/// Makes `MyRates` of `my_rates`.
fn camel_case(name: &str) -> String {
    let upper = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    };
    name.split('_').map(upper).collect()
}
