// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each function that is taken over, called from C as programs call it.

use core::time::Duration;
use std::process::{Child, Command};
use std::time::Instant;

use crate::stage::{BILLION, Stage, ended, preload};

const PROGRAM: &str = include_str!("waits.c");
/// What takes a minute of the clock's takes less of the host's.
const MINUTE: Duration = Duration::from_secs(60);

/// A program in C; `None` if nobody can compile it here.
fn compiled(stage: &Stage, name: &str) -> Option<String> {
    let program = stage.folder.path().join(name);
    let mut compiler = Command::new("cc");
    // Optimised and with checks, so that the checked `poll` is called, as in most distributions.
    compiler.args(["-std=gnu11", "-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-pthread"]);
    let source = format!("{}/tests/programs/{name}.c", env!("CARGO_MANIFEST_DIR"));
    compiler.arg(source).arg("-o").arg(&program);
    let Ok(output) = compiler.args(["-lrt"]).output() else {
        println!("left out: there is no C compiler here");
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(program.to_str().expect("text").to_owned())
}

/// The names of all waits, as the program has them.
fn waits() -> Vec<&'static str> {
    let calls = PROGRAM.split("WAIT(\"").skip(1);
    let waits: Vec<_> = calls.filter_map(|rest| rest.split('"').next()).collect();
    assert!(waits.len() > 40, "{waits:?}");
    waits
}

/// What it printed, and its exit code, unless it goes on for longer than a minute of the host's.
fn end(child: Child, start: Instant) -> Result<(String, Option<i32>), &'static str> {
    let output = ended(child, MINUTE.saturating_sub(start.elapsed()))
        .ok_or("it waited in the host's time, or for ever")?;
    let text = [output.stdout, output.stderr].concat();
    Ok((String::from_utf8_lossy(&text).trim().to_owned(), output.status.code()))
}

#[test]
fn every_wait_takes_as_long_as_it_says_on_the_clock() {
    let stage = Stage::fast(200.0);
    let Some(program) = compiled(&stage, "waits") else { return };
    let begin = Instant::now();
    let children: Vec<_> = waits().iter().map(|wait| stage.start(&[&program, wait])).collect();
    let ends = children.into_iter().map(|child| end(child, begin));
    let faults: Vec<_> = waits()
        .into_iter()
        .zip(ends)
        .inspect(|(wait, end)| {
            if matches!(end, Ok((_, Some(77)))) {
                println!("left out: the system refuses {wait}");
            }
        })
        .filter(|(_, end)| !matches!(end, Ok((_, Some(0 | 77)))))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn what_is_none_of_our_business_is_left_alone() {
    let stage = Stage::fast(200.0);
    let Some(program) = compiled(&stage, "tells") else { return };
    for what in ["processor timers", "timer after fork", "odd requests"] {
        let end = end(stage.start(&[&program, what]), Instant::now());
        assert!(matches!(end, Ok((_, Some(0)))), "{what}: {end:?}");
    }
}

#[test]
fn every_function_tells_the_time_of_the_clock() {
    let stage = Stage::frozen();
    let Some(program) = compiled(&stage, "tells") else { return };
    let child = stage.start(&[&program]);
    let expected = format!("{BILLION}.000000000");
    let Ok((told, Some(0))) = end(child, Instant::now()) else { panic!("it failed") };
    let (names, times): (Vec<_>, Vec<_>) =
        told.lines().filter_map(|line| line.split_once(": ")).unzip();
    let real = names.iter().position(|name| *name == "monotonic").expect("all are told");
    assert!(real > 8, "{told}");
    assert!(times[..real].iter().all(|time| *time == expected), "{told}");
    assert!(times[real..].iter().all(|time| *time == times[real]), "{told}");
    assert_ne!(times[real], expected, "{told}");
}

/// A signal handler must not wait for the loader.
#[test]
fn all_functions_are_looked_up_before_the_program_begins() {
    let stage = Stage::frozen();
    // It calls none of these.
    let mut program = stage.command(&["env", "true"]);
    let output = program.env("LD_DEBUG", "bindings").output().expect("there is an env");
    let log = String::from_utf8_lossy(&output.stderr);
    let object = preload().display().to_string();
    for name in ["semtimedop", "mtx_timedlock", "timer_settime", "__poll_chk"] {
        let is_found = log.lines().any(|line| {
            line.contains(&format!("binding file {object} ")) && line.contains(&format!("`{name}'"))
        });
        assert!(is_found, "{name} is looked up by its first caller: {log}");
    }
}
