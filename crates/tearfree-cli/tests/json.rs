// SPDX-License-Identifier: MIT OR Apache-2.0
//! The JSON of each command, compared with the tables of JSON.md, and read by node and jq.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const TABLES: &str = include_str!("../JSON.md");
const PROGRAM: &str = env!("CARGO_BIN_EXE_tearfree");

/// The type of each field, by its path.
type Table = BTreeMap<String, String>;

/// Returns the table of each command.
fn tables() -> BTreeMap<String, Table> {
    let mut tables = BTreeMap::new();
    for section in TABLES.split("\n## ").skip(1) {
        let (heading, text) = section.split_once('\n').expect("text below it");
        let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
        let rows = rows.map(|(path, rest)| {
            (path.to_owned(), rest.split(" |").next().unwrap_or_default().to_owned())
        });
        let table: Table = rows.collect();
        assert!(!table.is_empty(), "no table below {heading}");
        for command in heading.split(", ") {
            tables.insert(command.trim_matches('`').to_owned(), table.clone());
        }
    }
    // As its text says.
    let page: Vec<_> = tables["page get"].clone().into_iter().collect();
    let list = tables.get_mut("page ls").expect("a table");
    list.extend(
        page.into_iter().map(|(path, kind)| (format!("pages[].{path}"), kind + " or absent")),
    );
    tables
}

fn is_digits(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit())
}

/// Whether a value is of one of these types.
fn is_of(value: &Value, kinds: &str) -> bool {
    const LIMIT: i64 = 1 << 53;
    kinds.split(" or ").any(|kind| match kind {
        "string" => value.is_string(),
        "digits" => value.as_str().is_some_and(is_digits),
        "integer" => value.as_i64().is_some_and(|number| number.abs() < LIMIT),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "object" => value.is_object(),
        "array of objects" => {
            value.as_array().is_some_and(|array| array.iter().all(Value::is_object))
        }
        "array of strings" => {
            value.as_array().is_some_and(|array| array.iter().all(Value::is_string))
        }
        "object of values" => value.is_object(),
        "absent" => false,
        _ => panic!("JSON.md has a type that this test does not know: {kind}"),
    })
}

/// Compares an object with the rows whose paths begin with this prefix.
fn compare(object: &Value, table: &Table, prefix: &str, faults: &mut Vec<String>) {
    let object = object.as_object().expect("checked by its own row");
    let expected = table.iter().filter_map(|(path, kind)| {
        let name = path.strip_prefix(prefix)?;
        (!name.contains(['.', '['])).then_some((name, path, kind))
    });
    let mut known = BTreeSet::new();
    for (name, path, kind) in expected {
        known.insert(name);
        match object.get(name) {
            None if kind.ends_with(" or absent") => {}
            None => faults.push(format!("{path} is missing")),
            Some(value) if !is_of(value, kind) => {
                faults.push(format!("{path}: {value} is not {kind}"))
            }
            Some(Value::Object(_))
                if kind != "object of values" && !kind.starts_with("object of values ") =>
            {
                compare(&object[name], table, &format!("{path}."), faults);
            }
            Some(Value::Array(array)) if kind.starts_with("array of objects") => {
                for element in array {
                    compare(element, table, &format!("{path}[]."), faults);
                }
            }
            Some(_) => {}
        }
    }
    let unknown = object.keys().filter(|key| !known.contains(key.as_str()));
    faults.extend(unknown.map(|key| format!("{prefix}{key} is in no table")));
}

fn tearfree(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.arg("60").arg(PROGRAM).args(args).current_dir(folder).stdin(Stdio::null());
    command.output().expect("it starts")
}

/// Says that something is not tested here; under CI everything is tested.
fn left_out(what: &str) {
    let is_ci = std::env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false");
    assert!(!is_ci, "under CI this has to be tested: {what}");
    let _ = writeln!(io::stderr(), "left out: {what}");
}

/// Makes a page of extremes and a test clock.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let most = format!("u:u64={}", u64::MAX);
    for args in [
        &["page", "create", "./p", &most, "f:f64=-1.7976931348623157e308", "n:f64=NaN", "z:f64=-0"]
            [..],
        &["clock", "exec", "--page", "./clk", "--freeze", "--", "true"],
    ] {
        let made = tearfree(folder.path(), args);
        assert!(made.status.success(), "{args:?}: {made:?}");
    }
    folder
}

/// Each command that takes `--json`, with the heading of its table.
const COMMANDS: [(&str, &[&str]); 15] = [
    ("demo", &["demo", "--seconds", "0.1", "--json"]),
    ("trace", &["trace", "--json"]),
    ("page create", &["page", "create", "./new", "a:u64", "--json"]),
    ("page get", &["page", "get", "./p", "--json"]),
    ("page set", &["page", "set", "./p", "f=1", "--lifetime", "60", "--json"]),
    ("page watch", &["page", "watch", "./p", "--count", "1", "--json"]),
    ("page tail", &["page", "tail", "./p", "--count", "1", "--json"]),
    ("page ls", &["page", "ls", "--json"]),
    ("clock now", &["clock", "now", "--page", "./clk", "--json"]),
    ("clock watch", &["clock", "watch", "--page", "./clk", "--count", "1", "--json"]),
    ("clock set", &["clock", "set", "./clk", "--offset", "1s", "--json"]),
    // Ended by `timeout`.
    ("clock serve", &["clock", "serve", "--page", "./kept", "--json"]),
    ("vdso", &["vdso", "--json"]),
    ("vdso", &["vdso", "--verify", "9", "--json"]),
    ("vdso --watch", &["vdso", "--watch", "--count", "2", "--json"]),
];

fn lines_of(folder: &Path, args: &[&str]) -> Vec<Value> {
    let output = match args[1] {
        "serve" => {
            let mut command = Command::new("timeout");
            command.args(["-s", "TERM", "3", PROGRAM]).args(args).current_dir(folder);
            command.output().expect("it starts")
        }
        _ => tearfree(folder, args),
    };
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    if args[0] == "vdso" && text.is_empty() {
        left_out(&format!("{args:?}: {}", String::from_utf8_lossy(&output.stderr)));
        return Vec::new();
    }
    assert!(!text.is_empty(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    text.lines().map(|line| serde_json::from_str(line).expect("an object on a line")).collect()
}

#[test]
fn each_object_has_the_fields_of_its_table() {
    let folder = folder();
    // Something to list.
    let name = format!("json-{}", std::process::id());
    assert!(tearfree(folder.path(), &["page", "create", &name, "a:u64=1"]).status.success());
    let tables = tables();
    let mut faults = Vec::new();
    for (heading, args) in COMMANDS {
        let table = &tables[heading];
        for object in lines_of(folder.path(), args) {
            let mut here = Vec::new();
            compare(&object, table, "", &mut here);
            faults.extend(here.into_iter().map(|fault| format!("{args:?}: {fault}")));
        }
    }
    assert!(tearfree(folder.path(), &["page", "rm", &name]).status.success());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let tested: BTreeSet<&str> = COMMANDS.iter().map(|(heading, _)| *heading).collect();
    let written: BTreeSet<&str> = tables.keys().map(String::as_str).collect();
    assert_eq!(tested, written, "each table is tested");
}

#[test]
fn each_command_with_json_has_a_table() {
    let folder = folder();
    let tables = tables();
    let mut open = vec![Vec::<String>::new()];
    let mut found = 0;
    while let Some(path) = open.pop() {
        let args: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let help = String::from_utf8(tearfree(folder.path(), &args).stdout).expect("text");
        if let Some((_, list)) = help.split_once("\nCommands:\n") {
            let lines = list.lines().take_while(|line| !line.is_empty());
            let names = lines.filter_map(|line| line.strip_prefix("  ")?.split_once(' '));
            let names = names.map(|(name, _)| name).filter(|name| !["", "help"].contains(name));
            open.extend(names.map(|name| [&path[..], &[name.to_owned()]].concat()));
        } else if help
            .lines()
            .any(|line| line.trim_start().starts_with("--json ") || line.trim() == "--json")
        {
            found += 1;
            assert!(tables.contains_key(&path.join(" ")), "{path:?} is not in JSON.md");
        }
    }
    assert!(found > 10, "{found} commands");
}

/// Runs a program with this input, or says that it is not installed.
fn piped(program: &str, args: &[&str], input: &[u8]) -> Option<String> {
    let mut command = Command::new(program);
    let started = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = started else {
        left_out(&format!("{program} is not installed"));
        return None;
    };
    child.stdin.take().expect("a pipe").write_all(input).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{program} {args:?}: {output:?}");
    Some(String::from_utf8(output.stdout).expect("text"))
}

#[test]
fn jq_and_node_read_every_digit() {
    let folder = folder();
    let page = tearfree(folder.path(), &["page", "get", "./p", "--json"]).stdout;
    let clock = tearfree(folder.path(), &["clock", "now", "--page", "./clk", "--json"]).stdout;
    let now: Value = serde_json::from_slice(&clock).expect("an object");
    let now = now["realtime_ns"].as_str().expect("digits");
    let most = u64::MAX.to_string();
    if let Some(text) = piped("jq", &["-r", ".fields.u, .fields.n, (.fields.f | isnormal)"], &page)
    {
        assert_eq!(text, format!("{most}\nNaN\ntrue\n"));
        assert_eq!(piped("jq", &["-r", ".realtime_ns"], &clock), Some(format!("{now}\n")));
    }
    let script = "const read = JSON.parse(require('fs').readFileSync(0));
        const fields = read.fields ?? {u: read.realtime_ns};
        console.log(BigInt(fields.u).toString(), fields.f === -Number.MAX_VALUE, Object.is(fields.z, -0));";
    if let Some(text) = piped("node", &["-e", script], &page) {
        assert_eq!(text, format!("{most} true true\n"));
        assert_eq!(piped("node", &["-e", script], &clock), Some(format!("{now} false false\n")));
    }
}
