// SPDX-License-Identifier: MIT OR Apache-2.0
//! The texts about the command: the help of each subcommand, the manual pages, what shells complete, and tables on narrow
//! terminals.

#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_tearfree");

/// Runs a program with no terminal and no wishes of the user about one.
fn run(program: &str, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Output {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).env_remove("COLUMNS");
    command.output().unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// Returns the output of a successful run.
fn text(program: &str, args: &[&str]) -> String {
    let output = run(program, args);
    assert!(output.status.success() && output.stderr.is_empty(), "{program} {args:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// Returns each command with its help, from `tearfree` on.
fn helps() -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut open = vec![Vec::<String>::new()];
    while let Some(path) = open.pop() {
        let args: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let help = text(PROGRAM, &args);
        let (_, commands) = help.split_once("\nCommands:\n").unwrap_or_default();
        let names = commands.lines().take_while(|line| !line.is_empty());
        // A name begins in the third column; behind it the text is further right.
        let names = names.filter_map(|line| line.strip_prefix("  ")?.split_once(' '));
        let names = names.map(|(name, _)| name).filter(|name| !name.is_empty() && *name != "help");
        open.extend(names.map(|name| [&path[..], &[name.to_owned()]].concat()));
        found.push((path, help));
    }
    assert!(found.len() > 20, "{} commands", found.len());
    found
}

/// Says that something is not tested here; under CI everything is tested.
fn left_out(what: &str) {
    let is_ci = env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false");
    assert!(!is_ci, "under CI this has to be tested: {what}");
    let _ = writeln!(io::stderr(), "left out: {what}");
}

/// Whether a program is installed. If not, says what is left out.
fn has(program: &str) -> bool {
    let found = run("sh", ["-c", &format!("command -v {program}")]).status.success();
    if !found {
        left_out(&format!("{program} is not installed"));
    }
    found
}

#[test]
fn the_help_of_each_command_fits_into_eighty_columns() {
    for (path, help) in helps() {
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{path:?}: {line}");
        }
    }
}

/// Writes the pages into a directory.
fn write_pages() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let pages = folder.path().join("share/man1");
    assert_eq!(text(PROGRAM, &["man", pages.to_str().expect("text")]), "");
    (folder, pages)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it is there");
    entries.map(|entry| entry.expect("it can be read").path()).collect()
}

#[test]
fn each_command_has_a_manual_page_that_refers_to_others() {
    let (_folder, pages) = write_pages();
    let name = |path: &[String]| [&["tearfree".to_owned()], path].concat().join("-");
    let expected: BTreeSet<String> = helps().iter().map(|(path, _)| name(path) + ".1").collect();
    let found = files(&pages)
        .into_iter()
        .map(|path| path.file_name().expect("a name").to_str().expect("text").to_owned());
    let found: BTreeSet<String> = found.collect();
    assert_eq!(found, expected);
    for page in &found {
        let text = fs::read_to_string(pages.join(page)).expect("text");
        for heading in
            ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "\"EXIT CODES\"", "\"SEE ALSO\""]
        {
            let exits = heading == "\"EXIT CODES\"" && !helps_exits(page);
            assert!(
                exits || text.contains(&format!(".SH {heading}\n")),
                "{page}: {heading}\n{text}"
            );
        }
        let (_, related) = text.split_once(".SH \"SEE ALSO\"").expect("checked above");
        let related: Vec<&str> = related.split("\\fB").skip(1).collect();
        assert!(!related.is_empty(), "{page}");
        for name in related {
            let name = name.split("\\fR").next().unwrap_or_default().replace("\\-", "-");
            assert!(found.contains(&format!("{name}.1")), "{page} refers to {name}");
        }
    }
}

/// Groups of commands have no examples of their own.
fn helps_exits(page: &str) -> bool {
    !["tearfree-page.1", "tearfree-clock.1"].contains(&page)
}

#[test]
fn the_manual_pages_are_correct_roff() {
    let (_folder, pages) = write_pages();
    let pages = files(&pages);
    for (program, options) in
        [("mandoc", &["-T", "lint", "-W", "warning"][..]), ("groff", &["-man", "-ww", "-z"])]
    {
        if has(program) {
            let options = options.iter().map(OsStr::new);
            let output = run(program, options.chain(pages.iter().map(|page| page.as_os_str())));
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            // Pages have no date, so that the same sources give the same pages.
            let mut faults = said.lines().filter(|line| !line.contains("missing date"));
            assert_eq!(faults.next(), None, "{program}: {said}");
        }
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error() {
    let output = run(PROGRAM, ["man", "/dev/null/man1"]);
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("/dev/null/man1") && said.contains("Give a directory"), "{said}");
}

#[test]
fn bash_completes_subcommands_options_and_files() {
    if !has("bash") {
        return;
    }
    let script = "source <(\"$1\" completions bash); shift
        read -ra how <<<\"$(complete -p tearfree)\"
        for ((word = 0; word < ${#how[@]}; word++)); do
            [[ ${how[word]} != -F ]] || function=${how[word + 1]}
        done
        COMP_WORDS=(tearfree \"$@\") COMP_CWORD=$# COMPREPLY=()
        $function tearfree \"${@: -1}\" \"${@: -2:1}\"
        echo \"${COMPREPLY[@]}\"";
    let complete = |words: &[&str]| {
        let args = [&["--norc", "-c", script, "bash", PROGRAM], words].concat();
        text("bash", &args).trim().to_owned()
    };
    assert_eq!(complete(&["page", "cr"]), "create");
    assert_eq!(complete(&["clock", "exec", "--fr"]), "--freeze");
    assert_eq!(complete(&["page", "tail", "--since", ""]), "first now");
    assert_eq!(
        complete(&["completions", ""])
            .split(' ')
            .filter(|word| !word.starts_with('-'))
            .collect::<Vec<_>>(),
        ["bash", "zsh", "fish"]
    );
}

#[test]
fn fish_and_zsh_accept_their_completions() {
    let folder = TempDir::new().expect("a folder");
    for shell in ["fish", "zsh"] {
        let file = folder.path().join(shell);
        fs::write(&file, text(PROGRAM, &["completions", shell])).expect("the folder is ours");
        let file = file.to_str().expect("text");
        if has(shell) {
            assert_eq!(text(shell, &["-n", file]), "", "{shell}");
        }
        if shell == "fish" && has(shell) {
            let line = format!("source {file}; complete --do-complete 'tearfree page cr'");
            let found = text("fish", &["--no-config", "-c", &line]);
            assert!(found.starts_with("create\t"), "{found}");
        }
    }
}

/// Runs the command on a terminal with so many columns, and returns what it shows.
fn on_terminal(columns: u32, args: &[&str]) -> Option<String> {
    let quoted: Vec<String> = args.iter().map(|arg| format!("'{arg}'")).collect();
    let line = format!("stty rows 24 columns {columns}; exec '{PROGRAM}' {}", quoted.join(" "));
    let output = has("script").then(|| run("script", ["-qefc", &line, "/dev/null"]))?;
    assert!(output.status.success(), "{columns} columns, {args:?}: {output:?}");
    Some(String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn tables_fit_a_terminal_of_forty_columns() {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("rates");
    let page = page.to_str().expect("text");
    text(PROGRAM, &["page", "create", page, "price_of_one:f64=99.5", "history:f64[9]"]);
    for args in [&["trace"][..], &["page", "get", page], &["page", "ls"]] {
        let Some(shown) = on_terminal(40, args) else { return };
        let plain = anstream::adapter::strip_str(&shown).to_string();
        let is_in_table = |line: &&str| line.contains("  ") || line.contains('─');
        let lines: Vec<&str> = plain.lines().filter(is_in_table).collect();
        assert!(lines.iter().all(|line| line.trim_end().chars().count() <= 40), "{lines:#?}");
        for columns in [20, 5, 1] {
            on_terminal(columns, args);
        }
    }
}
