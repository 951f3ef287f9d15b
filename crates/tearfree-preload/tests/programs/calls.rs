// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls each replaced function from C, as programs do.

use core::time::Duration;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::time::Instant;

use tearfree_clock::{Clock, MAX_SPEED, TestClock, TestSettings};

use crate::fixture::{BILLION, Fixture, NSEC, left_out, output_within, preload, until_asleep};

const PROGRAM: &str = include_str!("waits.c");
/// The limit of a program that waits for a minute of the clock's time. It must not wait for one of the host's.
const LIMIT: Duration = Duration::from_secs(50);
/// The speed of a clock on which hardly any time passes during a test.
const SLOW: f64 = 0.001;

/// Compiles a C program and returns its path; `None` without a C compiler.
fn compiled(fixture: &Fixture, name: &str) -> Option<String> {
    let program = fixture.folder.path().join(name);
    let mut compiler = Command::new("cc");
    // Optimised and with checks, so that the checked `poll` is called, as in most distributions.
    compiler.args(["-std=gnu11", "-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-pthread"]);
    let source = format!("{}/tests/programs/{name}.c", env!("CARGO_MANIFEST_DIR"));
    compiler.arg(source).arg("-o").arg(&program);
    let Ok(output) = compiler.args(["-lrt"]).output() else {
        left_out("no C compiler is installed");
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(program.to_str().expect("text").to_owned())
}

/// Returns the names of all waits in the program.
fn waits() -> Vec<&'static str> {
    let calls = PROGRAM.split("WAIT(\"").skip(1);
    let waits: Vec<_> = calls.filter_map(|rest| rest.split('"').next()).collect();
    assert!(waits.len() > 40, "{waits:?}");
    waits
}

/// Returns what a program printed, and its exit code, unless it runs for longer than `LIMIT`.
fn finish(child: Child, start: Instant) -> End {
    let output = output_within(child, LIMIT.saturating_sub(start.elapsed()))
        .ok_or("it waited in the host's time, or without end")?;
    let text = [output.stdout, output.stderr].concat();
    Ok((String::from_utf8_lossy(&text).trim().to_owned(), output.status.code()))
}

#[test]
fn every_wait_takes_as_long_as_it_says_on_the_clock() {
    let fixture = Fixture::fast(200.0);
    let Some(program) = compiled(&fixture, "waits") else { return };
    // Not all at once: the number of pipes may be limited.
    let faults: Vec<_> =
        waits().chunks(16).flat_map(|waits| faults(&fixture, &program, waits)).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

type End = Result<(String, Option<i32>), &'static str>;

/// Starts a program with each of the waits, and returns those that did not end as they should.
fn faults(fixture: &Fixture, program: &str, waits: &[&'static str]) -> Vec<(&'static str, End)> {
    let begin = Instant::now();
    let children: Vec<_> = waits.iter().map(|wait| fixture.start(&[program, wait])).collect();
    let ends = waits.iter().copied().zip(children.into_iter().map(|child| finish(child, begin)));
    ends.inspect(|(wait, end)| {
        if matches!(end, Ok((_, Some(77)))) {
            left_out(&format!("this system lacks {wait}"));
        }
    })
    .filter(|(_, end)| !matches!(end, Ok((_, Some(0 | 77)))))
    .collect()
}

#[test]
fn requests_that_are_not_converted_stay_as_they_are() {
    succeed(
        &Fixture::fast(200.0),
        "times",
        &["processor timers", "timer after fork", "odd requests", "interrupted usleep"],
    );
}

#[test]
fn short_and_long_timeouts_do_not_end_early() {
    succeed(&Fixture::fast(MAX_SPEED), "times", &["short waits"]);
    succeed(&Fixture::fast(SLOW), "times", &["long wait"]);
}

#[test]
fn timers_fire_by_the_clock() {
    let fires = [
        "timer fires",
        "absolute timer fires",
        "monotonic timer fires",
        "timer of a file fires",
        "absolute timer of a file fires",
        "monotonic timer of a file fires",
        "interval timer fires",
        "alarm fires",
    ];
    succeed(&Fixture::fast(200.0), "timers", &fires);
}

#[test]
fn what_is_left_of_a_timer_is_in_the_time_of_the_clock() {
    let timers = ["timer", "timer of a file", "interval timer"];
    succeed(&Fixture::fast(200.0), "timers", &timers);
    let slow = Fixture::fast(SLOW);
    succeed(&slow, "timers", &timers);
    succeed(&slow, "timers", &["alarm"]);
}

/// Runs the cases of a program, which all have to succeed.
fn succeed(fixture: &Fixture, program: &str, cases: &[&str]) {
    let Some(program) = compiled(fixture, program) else { return };
    for case in cases {
        let end = finish(fixture.start(&[&program, case]), Instant::now());
        assert!(matches!(end, Ok((_, Some(0)))), "{case}: {end:?}");
    }
}

#[test]
fn a_sleep_until_a_time_of_day_ends_when_the_clock_is_set_to_it() {
    let fixture = Fixture::fast(SLOW);
    let Some(program) = compiled(&fixture, "times") else { return };
    let mut child = fixture.start(&[&program, "tomorrow"]);
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    output.read_line(&mut String::new()).expect("text");
    until_asleep(&child, "times");
    let offset_ns = 25 * 3600 * NSEC.cast_signed();
    TestClock::change(fixture.page(), TestSettings::new().offset_ns(offset_ns))
        .expect("the page is free");
    let end = finish(child, Instant::now());
    assert!(matches!(end, Ok((_, Some(0)))), "{end:?}");
}

#[test]
fn every_function_returns_the_time_of_the_clock() {
    let fixture = Fixture::frozen_at(BILLION * NSEC + 123_456_789);
    let Some(program) = compiled(&fixture, "times") else { return };
    let end = finish(fixture.start(&[&program]), Instant::now());
    let Ok((printed, Some(0))) = end else { panic!("times failed: {end:?}") };
    let clock = Clock::open_page(fixture.page()).expect("the clock can be opened");
    let mono = format!("{}.{:09}", clock.now() / NSEC, clock.now() % NSEC);
    let (mut real, mut since_boot) = (0, 0);
    for (name, time) in printed.lines().filter_map(|line| line.split_once(": ")) {
        let is_whole = ["time", "time by pointer", "system call time"].contains(&name);
        let expected = if name.starts_with("mono") || name.starts_with("since") {
            since_boot += 1;
            mono.clone()
        } else {
            real += 1;
            let digits = match name {
                _ if is_whole => "000000000",
                _ if name.contains("gettimeofday") => "123456000",
                _ => "123456789",
            };
            format!("{BILLION}.{digits}")
        };
        assert_eq!(time, expected, "{name}");
    }
    assert!(real > 9 && since_boot == 5, "{printed}");
}

/// A signal handler must not wait for the loader.
#[test]
fn all_functions_are_looked_up_before_the_program_begins() {
    let fixture = Fixture::frozen();
    // `env` calls none of these functions.
    let mut program = fixture.command(&["env", "true"]);
    let output = program.env("LD_DEBUG", "bindings").output().expect("env is installed");
    let log = String::from_utf8_lossy(&output.stderr);
    let object = preload().display().to_string();
    for name in ["semtimedop", "mtx_timedlock", "timer_settime", "__poll_chk"] {
        let is_found = log.lines().any(|line| {
            line.contains(&format!("binding file {object} ")) && line.contains(&format!("`{name}'"))
        });
        assert!(is_found, "{name} was not looked up at the start: {log}");
    }
}
