// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs unmodified programs on test clocks. Programs that are not installed are left out, with a message.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod calls;
mod fixture;

use core::time::Duration;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use fixture::{BILLION, Fixture, NSEC, WATCHDOG, left_out, output_within, preload, until_asleep};
use tearfree_clock::{Keeper, Settings, TestClock, TestSettings, host_ns};

#[test]
fn a_frozen_clock_is_what_programs_see() {
    let fixture = Fixture::frozen();
    let expected = [
        (&["date", "+%s.%N"][..], "1000000000.000000000"),
        (
            &["python3", "-c", "import time; print(time.time_ns(), int(time.time()))"],
            "1000000000000000000 1000000000",
        ),
        (&["node", "-e", "console.log(Date.now())"], "1000000000000"),
        (&["perl", "-e", "print time"], "1000000000"),
        (&["bash", "-c", "printf '%(%s)T' -1"], "1000000000"),
    ];
    let seen: Vec<bool> = expected
        .iter()
        .map(|(program, text)| {
            let output = fixture.output(program);
            if let Some(output) = &output {
                assert_eq!(output, text, "{program:?}");
            }
            output.is_some()
        })
        .collect();
    assert!(seen.contains(&true), "none of the programs is installed");
}

#[test]
fn processes_agree_to_the_nanosecond() {
    let fixture = Fixture::frozen();
    let script = "date +%s%N; date +%s%N; sh -c 'date +%s%N'";
    let times = fixture.output(&["sh", "-c", script]).expect("sh is installed");
    assert_eq!(times, ["1000000000000000000"; 3].join("\n"));
}

#[test]
fn a_set_clock_moves_under_a_running_program() {
    let fixture = Fixture::frozen();
    let script = "while [ $(date +%s) = 1000000000 ]; do :; done; date +%s";
    let child = fixture.start(&["bash", "-c", script]);
    thread::sleep(Duration::from_millis(50));
    TestClock::change(fixture.page(), TestSettings::new().at_ns(2 * BILLION * NSEC))
        .expect("the page is free");
    let output = output_within(child, WATCHDOG).expect("the program ends");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "2000000000");
}

/// Returns how many seconds of the host's time a program takes; `None` if it is not installed.
fn host_seconds(fixture: &Fixture, program: &[&str]) -> Option<f64> {
    let start = Instant::now();
    fixture.output(program)?;
    Some(start.elapsed().as_secs_f64())
}

/// Each program waits for 60 seconds in a different way, and checks that by its own clocks.
#[test]
fn a_minute_passes_in_less_than_one_on_a_fast_clock() {
    let fixture = Fixture::fast(200.0);
    let python = |wait: &str| {
        format!(
            "import time, threading, select, queue\n\
             m, r = time.monotonic(), time.time()\n{wait}\n\
             assert 59.9 < time.monotonic() - m, time.monotonic() - m\n\
             assert 59.9 < time.time() - r, time.time() - r"
        )
    };
    let waits = [
        "time.sleep(60)",
        "threading.Event().wait(60)",
        "lock = threading.Lock(); lock.acquire(); lock.acquire(timeout=60)",
        "select.select([], [], [], 60)",
        "select.poll().poll(60000)",
        "select.epoll().poll(60)",
        "try: queue.Queue().get(timeout=60)\nexcept queue.Empty: pass",
    ];
    let mut tried = 0;
    let mut wait = |program: &[&str]| {
        let seconds = host_seconds(&fixture, program);
        tried += u32::from(seconds.is_some());
        assert!(seconds.is_none_or(|seconds| seconds < 60.0), "{program:?}: {seconds:?}");
    };
    waits.iter().for_each(|text| wait(&["python3", "-c", &python(text)]));
    let shell =
        |wait: &str| format!("start=$(date +%s); {wait} && [ $(($(date +%s) - start)) -ge 59 ]");
    wait(&["sh", "-c", &shell("sleep 60")]);
    // `timeout` exits with 124 when the time is up.
    wait(&["sh", "-c", &shell("{ timeout 60 sleep 600; [ $? = 124 ]; }")]);
    wait(&["bash", "-c", &shell("{ read -t 60 < <(sleep 600); [ $? -gt 128 ]; }")]);
    wait(&[
        "perl",
        "-e",
        "$start = time; select(undef, undef, undef, 60); exit(time - $start < 59)",
    ]);
    let node = "const t = Date.now(); setTimeout(() => { if (Date.now() - t < 59990) throw Date.now() - t }, 60000)";
    wait(&["node", "-e", node]);
    assert!(tried > 2, "fewer than three of the programs are installed");
}

/// Java parks until absolute times; on a moved clock it would hang if they were not converted.
#[test]
fn java_does_not_hang_on_a_moved_clock() {
    let fixture = Fixture::fast(100.0);
    let source = fixture.folder.path().join("Wait.java");
    let text = "import java.util.concurrent.*;
import java.util.concurrent.locks.*;
class Wait {
    public static void main(String[] none) throws Exception {
        long start = System.currentTimeMillis();
        if (start / 1000000 != 1000000) throw new Error(\"not the clock\");
        LockSupport.parkUntil(System.currentTimeMillis() + 20000);
        LockSupport.parkNanos(20_000_000_000L);
        Object lock = new Object();
        synchronized (lock) { lock.wait(20000); }
        Thread.sleep(20000);
        new ArrayBlockingQueue<String>(1).poll(20, TimeUnit.SECONDS);
        // The first three may return early, as their documentation says.
        if (System.currentTimeMillis() - start < 39900) throw new Error(\"it did not wait\");
        System.out.print(\"through\");
    }
}
";
    std::fs::write(&source, text).expect("the folder is writable");
    let modules = Command::new("java").arg("--list-modules").output();
    if !modules.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("jdk.compiler"))
    {
        return left_out("no Java with a compiler is installed");
    }
    let program = ["java", source.to_str().expect("text")];
    let start = Instant::now();
    if let Some(output) = fixture.output(&program) {
        assert_eq!(output, "through");
        assert!(start.elapsed() < Duration::from_secs(100), "it waited in the host's time");
    }
}

/// On a frozen clock a wait takes its own length of the host's time.
#[test]
fn every_wait_ends_on_a_frozen_clock() {
    let fixture = Fixture::frozen();
    let waits = "import threading, time, select
threading.Event().wait(0.1); time.sleep(0.1); select.select([], [], [], 0.1)
select.poll().poll(100)";
    for (program, least) in [
        (&["python3", "-c", waits][..], 0.4),
        (&["sleep", "0.1"], 0.1),
        (&["perl", "-e", "select(undef, undef, undef, 0.1)"], 0.1),
    ] {
        let seconds = host_seconds(&fixture, program);
        assert!(seconds.is_none_or(|seconds| seconds >= least), "{program:?} did not wait");
    }
}

/// The clock of a timekeeper runs as fast as the host's; its slope is not a speed.
#[test]
fn programs_see_the_clock_of_a_timekeeper() {
    let fixture = Fixture::empty();
    let mut keeper = Keeper::open(fixture.page(), Settings::default()).expect("the page is new");
    keeper.tick().expect("the page is this keeper's");
    let left = "import select, signal, time; m = time.monotonic(); time.sleep(0.3)
select.select([], [], [], 0.2); signal.setitimer(signal.ITIMER_REAL, 60)
left = signal.setitimer(signal.ITIMER_REAL, 0)[0]; assert 30 < left <= 60, left
assert time.monotonic() - m > 0.49; print(time.monotonic_ns())";
    let (start, host) = (Instant::now(), host_ns());
    let Some(output) = fixture.output(&["python3", "-c", left]) else { return };
    assert!(start.elapsed() > Duration::from_millis(490), "it did not wait");
    let shown: u64 = output.parse().expect("a number");
    assert!(shown > host && shown < host_ns() + 1_000_000, "{shown} {host}");
}

/// `poll` without a timeout waits until an event.
#[test]
fn a_wait_without_a_timeout_stays_one() {
    let fixture = Fixture::fast(200.0);
    let wait = "import os, select, threading, time
r, w = os.pipe(); threading.Timer(60, os.write, (w, b'x')).start()
p = select.poll(); p.register(r, select.POLLIN); m = time.monotonic()
assert p.poll() == [(r, select.POLLIN)]
assert time.monotonic() - m > 55, time.monotonic() - m";
    fixture.output(&["python3", "-c", wait]);
}

#[test]
fn a_sleeper_notices_that_the_clock_was_set() {
    let fixture = Fixture::fast(0.001);
    let child = fixture.start(&["sleep", "1000"]);
    until_asleep(&child, "sleep");
    TestClock::change(fixture.page(), TestSettings::new().speed(tearfree_clock::MAX_SPEED))
        .expect("the page is free");
    // The sleep now takes a second; without a look at the clock it would take eleven days.
    assert!(output_within(child, WATCHDOG).expect("the sleeper wakes up").status.success());
}

#[test]
fn a_missing_page_is_reported_and_the_program_runs() {
    let mut command = Command::new("date");
    command.env("LD_PRELOAD", preload()).env("TEARFREE_CLOCK", Path::new("./nothing-here"));
    let output = command.output().expect("date is installed");
    assert!(output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("there is no page") && errors.contains("host's time"), "{errors}");
    let output =
        Command::new("date").env("LD_PRELOAD", preload()).env_remove("TEARFREE_CLOCK").output();
    let output = output.expect("date is installed");
    assert!(output.status.success());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("TEARFREE_CLOCK is not set"), "{errors}");
}
