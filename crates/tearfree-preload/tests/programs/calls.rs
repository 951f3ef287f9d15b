// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls each replaced function from C, as programs do.

use core::time::Duration;
use std::process::{Child, Command};
use std::time::Instant;

use crate::fixture::{BILLION, Fixture, output_within, preload};

const PROGRAM: &str = include_str!("waits.c");
/// The limit of a program that waits for a minute of the clock's time.
const MINUTE: Duration = Duration::from_secs(60);

/// Compiles a C program and returns its path; `None` without a C compiler.
fn compiled(fixture: &Fixture, name: &str) -> Option<String> {
    let program = fixture.folder.path().join(name);
    let mut compiler = Command::new("cc");
    // Optimised and with checks, so that the checked `poll` is called, as in most distributions.
    compiler.args(["-std=gnu11", "-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-pthread"]);
    let source = format!("{}/tests/programs/{name}.c", env!("CARGO_MANIFEST_DIR"));
    compiler.arg(source).arg("-o").arg(&program);
    let Ok(output) = compiler.args(["-lrt"]).output() else {
        println!("skipped: no C compiler is installed");
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

/// Returns what a program printed, and its exit code, unless it runs for longer than `MINUTE`.
fn finish(child: Child, start: Instant) -> Result<(String, Option<i32>), &'static str> {
    let output = output_within(child, MINUTE.saturating_sub(start.elapsed()))
        .ok_or("it waited in the host's time, or without end")?;
    let text = [output.stdout, output.stderr].concat();
    Ok((String::from_utf8_lossy(&text).trim().to_owned(), output.status.code()))
}

#[test]
fn every_wait_takes_as_long_as_it_says_on_the_clock() {
    let fixture = Fixture::fast(200.0);
    let Some(program) = compiled(&fixture, "waits") else { return };
    let begin = Instant::now();
    let children: Vec<_> = waits().iter().map(|wait| fixture.start(&[&program, wait])).collect();
    let ends = children.into_iter().map(|child| finish(child, begin));
    let faults: Vec<_> = waits()
        .into_iter()
        .zip(ends)
        .inspect(|(wait, end)| {
            if matches!(end, Ok((_, Some(77)))) {
                println!("skipped: the system refuses {wait}");
            }
        })
        .filter(|(_, end)| !matches!(end, Ok((_, Some(0 | 77)))))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn requests_that_are_not_converted_stay_as_they_are() {
    let fixture = Fixture::fast(200.0);
    let Some(program) = compiled(&fixture, "times") else { return };
    for what in ["processor timers", "timer after fork", "odd requests"] {
        let end = finish(fixture.start(&[&program, what]), Instant::now());
        assert!(matches!(end, Ok((_, Some(0)))), "{what}: {end:?}");
    }
}

#[test]
fn every_function_returns_the_time_of_the_clock() {
    let fixture = Fixture::frozen();
    let Some(program) = compiled(&fixture, "times") else { return };
    let child = fixture.start(&[&program]);
    let expected = format!("{BILLION}.000000000");
    let Ok((printed, Some(0))) = finish(child, Instant::now()) else { panic!("times failed") };
    let (names, times): (Vec<_>, Vec<_>) =
        printed.lines().filter_map(|line| line.split_once(": ")).unzip();
    let real =
        names.iter().position(|name| *name == "monotonic").expect("the monotonic time is printed");
    assert!(real > 8, "{printed}");
    assert!(times[..real].iter().all(|time| *time == expected), "{printed}");
    assert!(times[real..].iter().all(|time| *time == times[real]), "{printed}");
    assert_ne!(times[real], expected, "{printed}");
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
