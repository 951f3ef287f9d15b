// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the environment decides: colours, characters, terminals, and pipes that nobody reads.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use core::time::Duration;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Instant;

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_tearfree");
/// How long a test waits for a command to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory with the pages `./p`, with the extremes of many kinds, and `./clk`, a test clock.
struct Pages(TempDir);

impl Pages {
    fn new() -> Self {
        let pages = Pages(TempDir::new().expect("a folder"));
        let text = format!("words:text[400]={}{}", "x".repeat(100), " long".repeat(40));
        let fields = [
            "wide:i128=-170141183460469231731687303715884105728",
            "wider:u128[2]=340282366920938463463374607431768211455,1",
            "least:f64=-1.7976931348623157e308",
            "tiny:f64=-2.2250738585072014e-308",
            "none:f64=NaN",
            "many:f64[9]=-1.7976931348623157e308,1e300,-inf,1e-300,NaN,0,1,2,3",
            "single:f32=-3.4028235e38",
            "accent:text[8]=caf\u{e9}",
            "state:u8{idle=0,busy=1}=busy",
            "key:uuid<64>",
            &text,
            "pad:u8[3]",
        ];
        pages.text(&[&["page", "create", "./p"][..], &fields].concat(), &[]);
        pages.text(&["page", "create", "./few", "a:u64"], &[]);
        pages.text(&["clock", "exec", "--page", "./clk", "--freeze", "--", "true"], &[]);
        pages
    }

    /// A program without a terminal, and without wishes of the user.
    fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.stdin(Stdio::null()).current_dir(self.0.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("SHELL", "/bin/sh");
        command
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.program(PROGRAM);
        command.args(args);
        command
    }

    fn text(&self, args: &[&str], env: &[(&str, &str)]) -> String {
        let output = self.command(args).envs(env.iter().copied()).output().expect("it starts");
        assert!(matches!(output.status.code(), Some(0 | 3)), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs a command on a terminal of so many columns; returns what it wrote there, or None without `script`.
    fn on_terminal(&self, columns: u32, args: &[&str], env: &[(&str, &str)]) -> Option<String> {
        let line = format!("stty rows 100 columns {columns}; exec '{PROGRAM}' {}", args.join(" "));
        let mut script = self.program("script");
        script.args(["-qefc", &line, "/dev/null"]).envs(env.iter().copied());
        let output = match script.output() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                left_out("script is not installed");
                return None;
            }
            output => output.expect("it starts"),
        };
        assert!(output.status.success(), "{args:?}: {output:?}");
        Some(String::from_utf8(output.stdout).expect("text"))
    }
}

/// Says that something is not tested here; under CI everything is tested.
fn left_out(what: &str) {
    let is_ci = std::env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false");
    assert!(!is_ci, "under CI this has to be tested: {what}");
    let _ = writeln!(io::stderr(), "left out: {what}");
}

/// Whether text has an escape sequence that ends with this letter; `m` is that of colours.
fn has_escape(text: &str, end: char) -> bool {
    let mut sequences = text.split("\u{1b}[").skip(1);
    sequences.any(|rest| {
        rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with(end)
    })
}

#[test]
fn colours_are_for_terminals_and_as_the_user_wishes() {
    let pages = Pages::new();
    for (env, expected) in [
        (&[][..], false),
        (&[("TERM", "xterm")], false),
        (&[("CLICOLOR_FORCE", "1")], true),
        (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false),
    ] {
        for args in [&["trace"][..], &["page", "get", "./p"], &["--help"]] {
            assert_eq!(has_escape(&pages.text(args, env), 'm'), expected, "{args:?} {env:?}");
        }
        for args in [
            &["trace", "--json"][..],
            &["page", "get", "./p", "least"],
            &["page", "get", "./p", "--json"],
        ] {
            assert!(!pages.text(args, env).contains('\u{1b}'), "data, {args:?} {env:?}");
        }
    }
    for (env, expected) in [
        (&[("TERM", "xterm")][..], true),
        (&[("TERM", "xterm"), ("NO_COLOR", "")], true),
        (&[("TERM", "xterm"), ("NO_COLOR", "1")], false),
        (&[("TERM", "xterm"), ("CLICOLOR", "0")], false),
        (&[("TERM", "dumb")], false),
        (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], true),
    ] {
        for args in [&["trace"][..], &["page", "get", "./p"]] {
            let Some(shown) = pages.on_terminal(80, args, env) else { return };
            assert_eq!(has_escape(&shown, 'm'), expected, "{args:?} {env:?}: {shown:?}");
        }
    }
}

#[test]
fn lines_are_drawn_over_only_where_the_cursor_moves() {
    let pages = Pages::new();
    let watch = ["page", "watch", "./p", "--count", "1"];
    for (env, over, colours) in [
        (&[("TERM", "xterm")][..], true, true),
        (&[("TERM", "xterm"), ("NO_COLOR", "1")], true, false),
        (&[("TERM", "dumb")], false, false),
    ] {
        let Some(shown) = pages.on_terminal(80, &watch, env) else { return };
        assert_eq!(has_escape(&shown, 'K'), over, "{env:?}: {shown:?}");
        assert_eq!(has_escape(&shown, 'm'), colours, "{env:?}: {shown:?}");
        assert!(over || shown.starts_with("0 unpromised wide="), "a line: {shown:?}");
        let Some(shown) = pages.on_terminal(80, &["demo", "--seconds", "0.3"], env) else { return };
        assert_eq!(
            has_escape(&shown, 'K') || shown.contains('\u{8}'),
            over,
            "the progress, {env:?}: {shown:?}"
        );
    }
}

#[test]
fn tables_have_the_characters_of_the_locale() {
    let pages = Pages::new();
    let commands = [
        &["trace"][..],
        &["demo", "--seconds", "0.1"],
        &["page", "get", "./p"],
        &["page", "watch", "./p", "--count", "1"],
        &["page", "create", "./p", "least:f64", "tiny:f64", "--replace"],
        &["page", "ls"],
        &["clock", "now", "--page", "./clk"],
        &["clock", "watch", "--page", "./clk", "--count", "1"],
        &["clock", "exec", "--help"],
    ];
    for locale in [
        &[][..],
        &[("LANG", "C")],
        &[("LC_ALL", "C"), ("LANG", "C.UTF-8")],
        &[("LC_CTYPE", "POSIX")],
    ] {
        let pages = Pages::new();
        for args in commands {
            let text = pages.text(args, locale);
            assert!(text.is_ascii(), "{args:?} {locale:?}: {text}");
        }
    }
    let table = pages.text(&["page", "get", "./p"], &[("LANG", "C")]);
    assert!(
        table.contains("caf\\u{e9}") && table.contains("---") && table.contains("... 1 more"),
        "{table}"
    );
    let table = pages.text(&["page", "get", "./p"], &[("LANG", "en_US.UTF-8")]);
    assert!(
        table.contains("caf\u{e9}") && table.contains("───") && table.contains("… 1 more"),
        "{table}"
    );
    // Data is not the locale's.
    assert_eq!(pages.text(&["page", "get", "./p", "accent"], &[("LANG", "C")]), "caf\u{e9}\n");
    assert!(pages.text(&["page", "get", "./p", "--json"], &[("LANG", "C")]).contains("caf\u{e9}"));
}

#[test]
fn the_extremes_of_each_kind_fit_into_tables() {
    let pages = Pages::new();
    let name = format!("widest-{}", std::process::id());
    let create =
        ["page", "create", &name, "wide:i128", "least:f64=-1.7976931348623157e308", "many:f64[9]"];
    pages.text(&create, &[]);
    let env = [("TERM", "xterm"), ("LANG", "C.UTF-8"), ("NO_COLOR", "1")];
    for args in [
        &["page", "get", "./p"][..],
        &["page", "watch", "./p", "--count", "1"],
        &["page", "ls"],
        &["page", "create", "./p", "least:f64=-1.7976931348623157e308", "--replace"],
    ] {
        for columns in [40, 80, 132] {
            let Some(shown) = pages.on_terminal(columns, args, &env) else { continue };
            let plain = anstream::adapter::strip_str(&shown).to_string();
            // The lines of the table: those outside are sentences.
            let lines = plain.lines().map(|line| line.trim_end_matches('\r'));
            let lines = lines.filter(|line| {
                let is_sentence = line.starts_with("no promise") || line.starts_with("writer: ");
                !is_sentence && !line.contains("generation 0")
            });
            let longest = lines.max_by_key(|line| line.chars().count()).unwrap_or_default();
            assert!(
                longest.chars().count() <= columns as usize,
                "{columns} columns, {args:?}: {longest}"
            );
        }
    }
    pages.text(&["page", "rm", &name], &[]);
    // In columns of a file, too, no value is longer than about 64 characters.
    let table = pages.text(
        &["page", "create", "./q", "b:i128[9]", "a:f64=-1.7976931348623157e308", "c:f64"],
        &[],
    );
    assert!(table.lines().all(|line| line.chars().count() < 100), "{table}");
    assert!(table.contains("a      f64      -1.7976931348623157e308\n"), "{table}");
}

/// Every command that prints, with arguments; what `--help` lists and is not here prints nothing, or is a service.
const PRINTING: [&[&str]; 36] = [
    &["--help"],
    &["--version"],
    &["demo", "--seconds", "0.1"],
    &["demo", "--seconds", "0.1", "--json"],
    &["demo", "--tutorial"],
    &["trace"],
    &["trace", "--json"],
    &["page", "--help"],
    &["page", "create", "./new", "a:u64"],
    &["page", "create", "./new", "a:u64", "--json"],
    &["page", "get", "./p"],
    &["page", "get", "./p", "least"],
    &["page", "get", "./p", "--json"],
    &["page", "set", "./p", "least=1", "--json"],
    &["page", "tail", "./p"],
    &["page", "tail", "./p", "--json"],
    &["page", "header", "./few"],
    &["page", "header", "./few", "--rust"],
    &["page", "header", "./few", "--python"],
    &["page", "watch", "./p"],
    &["page", "watch", "./p", "--json"],
    &["page", "ls"],
    &["page", "ls", "--json"],
    &["clock", "serve", "--page", "./kept", "--json"],
    &["clock", "now", "--page", "./clk"],
    &["clock", "now", "--page", "./clk", "--json"],
    &["clock", "watch", "--page", "./clk"],
    &["clock", "watch", "--page", "./clk", "--json"],
    &["clock", "set", "./clk", "--offset", "1s", "--json"],
    &["clock", "exec", "--page", "./clk", "--", "sh", "-c", "exit 0"],
    &["vdso"],
    &["vdso", "--json"],
    &["vdso", "--watch"],
    &["vdso", "--verify", "9"],
    &["completions", "bash"],
    &["completions", "zsh"],
];
/// Commands that print nothing.
const SILENT: [&str; 3] = ["page publish", "page rm", "man"];

/// Returns the names of the commands below this one, with their groups.
fn commands(pages: &Pages, above: &[&str]) -> Vec<String> {
    let help = pages.text(&[above, &["--help"]].concat(), &[]);
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return vec![above.join(" ")] };
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split_once(' '));
    let names = names.map(|(name, _)| name).filter(|name| !name.is_empty() && *name != "help");
    names.flat_map(|name| commands(pages, &[above, &[name]].concat())).collect()
}

#[test]
fn no_command_is_missing_here() {
    let all = commands(&Pages::new(), &[]);
    assert!(all.len() > 15, "{all:?}");
    for command in all {
        let is_tested = PRINTING.iter().any(|args| args.join(" ").starts_with(&command));
        assert!(is_tested || SILENT.contains(&&*command), "a test of `{command}` is missing");
    }
}

#[test]
fn a_closed_pipe_ends_every_command_in_good_order() {
    let pages = Pages::new();
    let has_kernel_page = pages.command(&["vdso"]).output().expect("it starts").status.success();
    for args in PRINTING {
        if args[0] == "vdso" && !has_kernel_page {
            left_out("this kernel's time page is refused");
            continue;
        }
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let mut command = pages.command(args);
        let mut child = command.stdout(writer).stderr(Stdio::piped()).spawn().expect("it starts");
        let status = end_of(&mut child, args);
        let mut said = String::new();
        child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
        assert_eq!(status.code(), Some(0), "{args:?}: {said}");
        assert!(said.is_empty() || said.starts_with("keeping the clock"), "{args:?}: {said}");
    }
}

/// Waits for the end of a command; kills it after a minute, and fails.
fn end_of(child: &mut Child, args: &[&str]) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it is ours") {
            return status;
        }
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{args:?} did not end");
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Where text is wanted, bytes that are none get a message; where a path or a program is, they are one.
#[test]
fn arguments_that_are_not_text_get_a_message() {
    let pages = Pages::new();
    let bytes = OsStr::from_bytes(b"./caf\xE9");
    for (args, code) in [
        (&["frob"][..], 2),
        (&["demo", "--seconds"], 2),
        (&["page", "create", "./new"], 2),
        (&["page", "get", "./p"], 2),
        (&["page", "set", "./p"], 2),
        (&["page", "tail", "./p"], 2),
        (&["page", "publish", "./p", "--lifetime"], 2),
        (&["page", "get", "./p", "--owner"], 2),
        (&["clock", "set", "./clk", "--at"], 2),
        (&["clock", "set", "./clk", "--offset"], 2),
        (&["completions"], 2),
        (&["page", "get"], 4),
        (&["page", "header"], 4),
        (&["page", "watch"], 4),
        (&["page", "rm"], 4),
        (&["clock", "now", "--page"], 4),
        (&["clock", "exec", "--"], 127),
        (&["clock", "exec", "--", "true"], 0),
        (&["trace", "--svg"], 0),
        (&["man"], 1),
    ] {
        let mut command = pages.command(args);
        let output = match args[0] {
            "frob" => pages.command(&[]).arg(OsString::from(bytes)).output(),
            _ => command.arg(bytes).output(),
        };
        let output = output.expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{args:?}: {said}");
        assert!(said.is_empty() == (code == 0) || args[0] == "trace", "{args:?}: {said}");
    }
    let written = |path: &Path| pages.0.path().join(path).exists();
    assert!(written(Path::new(bytes)), "the diagram or the pages");
}
