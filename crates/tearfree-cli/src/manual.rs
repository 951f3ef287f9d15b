// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree man`: the manual pages, made from the help of each subcommand.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory, ValueHint};
use clap_mangen::Man;
use roff::{Roff, bold, roman};

use crate::outcome::{Outcome, Problem};

/// The options of `man`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ManArgs {
    /// The directory for the pages, such as tearfree-page-get.1. It is created if it is missing.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    directory: PathBuf,
}

/// Writes the pages.
pub(crate) fn run(args: &ManArgs) -> Result<Outcome, Problem> {
    let mut command = crate::args::Args::command().disable_help_subcommand(true);
    command.build();
    let written = fs::create_dir_all(&args.directory);
    written.and_then(|()| write_pages(&command, None, &args.directory)).map_err(|error| {
        Problem::new(
            format_args!("cannot write manual pages to {}: {error}", args.directory.display()),
            "Give a directory in which you may create files.",
        )
    })?;
    Ok(Outcome::Success)
}

/// Writes the page of a command, and those of its subcommands.
fn write_pages(command: &Command, parent: Option<&str>, directory: &Path) -> io::Result<()> {
    let name = page_name(command);
    fs::write(directory.join(format!("{name}.1")), page(command, parent)?)?;
    command.get_subcommands().try_for_each(|sub| write_pages(sub, Some(&name), directory))
}

/// Returns the name of a page, such as `tearfree-page-get`.
fn page_name(command: &Command) -> String {
    command.get_display_name().unwrap_or(command.get_name()).to_owned()
}

/// Formats the page of a command. `parent` is the page of the command that it belongs to.
fn page(command: &Command, parent: Option<&str>) -> io::Result<String> {
    let help = command.get_after_help().map(ToString::to_string);
    let man = Man::new(command.clone().after_help(""));
    let mut page = Vec::new();
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let mut rest = Roff::new();
    for part in help.iter().flat_map(|help| help.split("\n\n")) {
        add_part(&mut rest, part);
    }
    rest.control("SH", ["SEE ALSO"]);
    let related = parent.map(ToOwned::to_owned).into_iter();
    let related: Vec<String> = related.chain(command.get_subcommands().map(page_name)).collect();
    for (index, name) in related.iter().enumerate() {
        let comma = if index + 1 < related.len() { "(1)," } else { "(1)" };
        rest.text([bold(name), roman(comma)]);
    }
    rest.to_writer(&mut page)?;
    Ok(title(command) + &tidy(&String::from_utf8_lossy(&page)))
}

/// Formats the title of a page. It has no date, so that the same sources give the same page.
fn title(command: &Command) -> String {
    let (name, version) = (page_name(command), env!("CARGO_PKG_VERSION"));
    format!("{APOSTROPHE}.TH {name} 1 \"\" \"tearfree {version}\" tearfree\n")
}

/// Defines the character for an apostrophe that is not a quotation mark.
const APOSTROPHE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// Leaves out what is in each section and is needed once, and makes one space of two line breaks.
fn tidy(sections: &str) -> String {
    sections.replace(APOSTROPHE, "").replace(".br\n\n.br\n", ".sp\n")
}

/// Adds a part of the end of a help text: a heading with a colon, and lines that stay as they are.
fn add_part(page: &mut Roff, part: &str) {
    let (heading, lines) = part.split_once('\n').unwrap_or((part, ""));
    page.control("SH", [heading.trim_end_matches(':').to_uppercase().as_str()]);
    page.control("nf", []);
    for line in lines.lines() {
        page.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    page.control("fi", []);
}
