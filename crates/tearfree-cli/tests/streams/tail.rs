// SPDX-License-Identifier: MIT OR Apache-2.0
//! `page tail`: which changes are printed, and how it ends.

use core::time::Duration;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};
use tearfree_page::{ByteWriter, Options, Schema};

use crate::support::{Pages, Running, integer, until};

#[test]
fn each_change_is_a_line_that_set_takes() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["price:f64=99.5", "last:i32[2]=1,-2"]);
    let mut tail = Running::new(&mut pages.command("tail", "rates", &["--count", "3"]));
    let first = tail.next().expect("the value that is there");
    assert_eq!(first, "price=99.5 last=1,-2");
    pages.succeed("set", "rates", &["price=0.1", "last[0]=7"]);
    assert_eq!(tail.next().as_deref(), Some("price=0.1 last=7,-2"));
    let words: Vec<&str> = first.split(' ').collect();
    pages.succeed("set", "rates", &words);
    let output = tail.end();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "price=99.5 last=1,-2\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn chosen_fields_are_printed_since_the_next_change() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["price:f64=1", "h:u8[16]"]);
    let args = ["h[2]", "price", "--since", "now", "--json"];
    let mut tail = Running::new(&mut pages.command("tail", "rates", &args));
    // It may begin behind the first of these.
    let (sender, line) = channel();
    let mut generation = 0_u64;
    let line = thread::scope(|threads| {
        threads.spawn(|| sender.send(tail.next()));
        loop {
            generation += 1;
            pages.succeed("set", "rates", &[&format!("h[2]={}", generation % 256)]);
            if let Ok(line) = line.recv_timeout(Duration::from_millis(50)) {
                break line;
            }
        }
    });
    let line: Value = serde_json::from_str(&line.expect("a line")).expect("JSON");
    let seen = integer(&line["generation"]);
    assert!(seen > 0, "the value that was there is not printed");
    assert_eq!(line["fields"], json!({"h[2]": seen % 256, "price": 1}));
    tail.signal("-TERM");
    assert_eq!(tail.end().status.code(), Some(143));
    let message = pages.fail("tail", "rates", &["nope"]);
    assert!(message.contains("no field 'nope'"), "{message}");
}

#[test]
fn it_follows_a_page_that_is_replaced_or_removed_and_prints_its_last_value() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["a:u64=1"]);
    let mut tail = Running::new(&mut pages.command("tail", "rates", &[]));
    assert_eq!(tail.next().as_deref(), Some("a=1"));
    let (old, new): (Schema, Schema) =
        ("a:u64".parse().expect("valid"), "b:u64".parse().expect("valid"));
    let options = Options::new().replace(true);
    let page = pages.path("rates");
    // Published and replaced at once.
    drop(ByteWriter::create(&page, &old, &2_u64.to_ne_bytes(), &options).expect("free"));
    drop(ByteWriter::create(&page, &new, &3_u64.to_ne_bytes(), &options).expect("free"));
    assert_eq!(tail.next().as_deref(), Some("a=2"));
    assert_eq!(tail.next().as_deref(), Some("b=3"));
    pages.succeed("rm", "rates", &[]);
    pages.succeed("create", "rates", &["c:u64=4"]);
    assert_eq!(tail.next().as_deref(), Some("c=4"));
    // By hand, so that no page says so.
    fs::remove_dir_all(&page).expect("it is there");
    pages.succeed("create", "rates", &["d:u64=5"]);
    assert_eq!(tail.next().as_deref(), Some("d=5"));
    pages.succeed("set", "rates", &["d=6"]);
    assert_eq!(tail.next().as_deref(), Some("d=6"));
    tail.signal("-INT");
    let output = tail.end();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(130), 0));
}

#[test]
fn it_reports_that_the_page_was_removed_or_ends_then() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["a:u64=1"]);
    let writer = ByteWriter::take_over(pages.path("rates"), &Options::new()).expect("free");
    let mut patient = Running::new(&mut pages.command("tail", "rates", &["--count", "2"]));
    let mut ending = Running::new(&mut pages.command("tail", "rates", &["--until-ended"]));
    for tail in [&mut patient, &mut ending] {
        assert_eq!(tail.next().as_deref(), Some("a=1"));
    }
    drop(writer);
    let output = ending.end();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0), "its writer has ended");
    pages.succeed("rm", "rates", &[]);
    // Until it has seen that there is none.
    let mut buffer = [0; 20];
    let mut errors = patient.child.stderr.take().expect("it is piped");
    std::io::Read::read_exact(&mut errors, &mut buffer).expect("a message");
    let mut message = String::from_utf8_lossy(&buffer).into_owned();
    pages.succeed("create", "rates", &["a:u64=2"]);
    assert_eq!(patient.next().as_deref(), Some("a=2"));
    std::io::Read::read_to_string(&mut errors, &mut message).expect("text");
    assert!(message.contains("was removed; waiting until it is created again"), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert_eq!(patient.end().status.code(), Some(0));
}

#[test]
fn it_ends_with_the_program_that_reads_it() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["a:u64=1"]);
    for subcommand in ["tail", "watch"] {
        let mut tail = Running::new(&mut pages.command(subcommand, "rates", &[]));
        assert!(tail.next().is_some());
        tail.close_output();
        // The page does not change any more.
        let output = tail.end();
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{subcommand}");
    }
}

#[test]
fn a_page_is_copied_through_a_pipe() {
    let pages = Pages::new();
    let fields = ["wide:u128", "price:f64=nan", "h:i8[8]", "names:text[8][2]", "--create"];
    let [wide, price, h, names, create] = fields;
    pages.succeed("create", "a", &fields[..4]);
    for format in [&[][..], &["--json"]] {
        let args = [&["--until-ended"], format].concat();
        let mut tail = Running::new(&mut pages.command("tail", "a", &args));
        let lines: String = core::iter::from_fn(|| tail.next().map(|line| line + "\n")).collect();
        assert_eq!(tail.end().status.code(), Some(0));
        let (code, errors) = pages.publish("b", &[create, wide, price, h, names], lines.as_bytes());
        assert_eq!((code, errors.as_str()), (Some(0), ""));
        assert_eq!(pages.json("a")["fields"], pages.json("b")["fields"]);
        let wide = format!("wide={}", u128::MAX);
        let others = ["price=inf", "h=1,-2,3,-128,127,0,0,0", r#"names=a\, "b,c\\d\n e"#];
        pages.succeed("set", "a", &[&[wide.as_str()], &others[..]].concat());
        assert_eq!(pages.json("a")["fields"]["names"], json!(["a, \"b", "c\\d\n e"]));
    }
    let mut tail = pages.command("tail", "a", &["--until-ended"]).spawn().expect("it starts");
    let output = tail.stdout.take().expect("it is piped");
    let mut publish = pages.command("publish", "b", &[]);
    assert!(publish.stdin(output).status().expect("it starts").success());
    assert!(tail.wait().expect("it ends").success());
    assert_eq!(pages.json("a")["fields"], pages.json("b")["fields"]);
}

/// A writer that never pauses: the last value is printed, and no more lines than the time that it took allows.
#[test]
fn the_last_of_a_million_updates_is_printed_and_few_of_the_others() {
    const UPDATES: u64 = 1_000_000;
    let pages = Pages::new();
    pages.succeed("create", "busy", &["a:u64", "b:u64"]);
    let page = pages.path("busy");
    let mut writer = ByteWriter::take_over(&page, &Options::new()).expect("free");
    let begun = Instant::now();
    let commands = [
        ("tail", &["--until-ended"][..]),
        ("tail", &["--json"]),
        ("watch", &[]),
        ("watch", &["--json"]),
    ];
    let mut followers = commands.map(|(subcommand, args)| {
        let mut follower = Running::new(&mut pages.command(subcommand, "busy", args));
        assert!(follower.next().is_some(), "it has begun");
        follower
    });
    for number in 1..=UPDATES {
        let both = [number, UPDATES - number].map(u64::to_ne_bytes).concat();
        writer.set(&both).expect("it is the writer");
    }
    drop(writer);
    for (follower, (subcommand, args)) in followers.iter_mut().zip(commands) {
        let mut lines = 0_u128;
        loop {
            let line = follower.next().expect("the last value is printed");
            lines += 1;
            let numbers: Vec<u64> = line
                .split(|c: char| !c.is_ascii_digit())
                .filter_map(|word| word.parse().ok())
                .collect();
            if numbers.windows(2).any(|pair| pair == [UPDATES, 0]) {
                break;
            }
        }
        // It sleeps for a millisecond at least behind each line.
        let most = begun.elapsed().as_millis() + 2;
        assert!(lines <= most, "{subcommand} {args:?}: {lines} lines in {most} ms");
    }
    let [first, others @ ..] = followers;
    let output = first.end();
    assert_eq!(
        (output.status.code(), output.stdout.len()),
        (Some(0), 0),
        "nothing behind the last value"
    );
    for follower in others {
        follower.signal("-TERM");
        let output = follower.end();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(143), 0));
    }
}

/// On a terminal, too: `script` gives `watch` one.
#[test]
fn a_terminal_shows_few_of_many_updates_and_the_last_one() {
    const UPDATES: u64 = 300_000;
    let pages = Pages::new();
    pages.succeed("create", "busy", &["a:u64"]);
    let page = pages.path("busy");
    let mut writer = ByteWriter::take_over(&page, &Options::new()).expect("free");
    let begun = Instant::now();
    let watch = format!("{} page watch {}", env!("CARGO_BIN_EXE_tearfree"), page.display());
    let log = pages.path("typescript");
    let mut script = Command::new("script");
    script.args(["-q", "-f", "-c", &watch]).arg(&log).stdin(Stdio::null());
    let Ok(mut terminal) = script.stdout(Stdio::null()).stderr(Stdio::null()).spawn() else {
        return eprintln!("left out: there is no `script` here");
    };
    let shown = || String::from_utf8_lossy(&fs::read(&log).unwrap_or_default()).into_owned();
    until("the table is there", || shown().contains("generation 0"));
    for number in 1..=UPDATES {
        writer.set(&number.to_ne_bytes()).expect("it is the writer");
    }
    until("the last value is shown", || shown().contains(&format!("generation {UPDATES}")));
    let tables = shown().matches("generation").count() as u128;
    let most = begun.elapsed().as_millis() / 50 + 3;
    assert!(tables <= most, "{tables} tables, more than {most}");
    terminal.kill().expect("it runs");
    terminal.wait().expect("it ends");
}
