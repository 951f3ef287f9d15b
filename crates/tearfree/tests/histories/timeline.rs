// SPDX-License-Identifier: MIT OR Apache-2.0
//! Prints a history that fits no order: one line for each time, one column for each thread.

use core::fmt::Write;

use crate::record::{Call, History};
use crate::search::Stuck;
use crate::specification::{State, Step};

/// The width of a column.
const WIDTH: usize = 30;
/// How many events are shown before the end of the call that does not fit, and after it.
const BEFORE: u64 = 40;
const AFTER: u64 = 4;

/// Renders the calls around the time at which every order fails, and what is wrong there.
pub(crate) fn render(history: &History, stuck: &Stuck) -> String {
    let mut text = String::new();
    explain(&mut text, stuck).expect("a string takes everything");
    draw(&mut text, history, stuck).expect("a string takes everything");
    text
}

fn explain(text: &mut String, stuck: &Stuck) -> core::fmt::Result {
    let State { value, version, holder } = stuck.state;
    write!(text, "after {} steps in the best order the value is {value}", stuck.steps)?;
    if let Some(version) = version {
        write!(text, " ({version})")?;
    }
    match holder {
        Some(thread) => writeln!(text, ", and thread {thread} holds the lock;")?,
        None => writeln!(text, ", and the lock is free;")?,
    }
    for (thread, next) in stuck.next.iter().enumerate() {
        match next {
            None => writeln!(text, "  thread {thread} has ended")?,
            Some((begun, _, Some(wrong))) => {
                writeln!(text, "  thread {thread} cannot go on from its call at {begun}: {wrong}")?;
            }
            Some((begun, _, None)) => {
                writeln!(text, "  thread {thread} begins its call at {begun} too late to help")?;
            }
        }
    }
    Ok(())
}

fn draw(text: &mut String, history: &History, stuck: &Stuck) -> core::fmt::Result {
    // The first of these calls that ended is the one that any order had to make by then.
    let stuck = stuck.next.iter().flatten().filter(|(_, _, wrong)| wrong.is_some());
    let ended = stuck.map(|&(_, ended, _)| ended).min().unwrap_or(0);
    let (from, to) = (ended.saturating_sub(BEFORE), ended.saturating_add(AFTER));

    write!(text, "\n{:>7}", "time")?;
    for thread in 0..history.threads.len() {
        write!(text, "  {:WIDTH$}", format!("thread {thread}"))?;
    }
    text.push('\n');
    for time in from..=to {
        let is_first = time == from;
        let row: Vec<_> = history.threads.iter().map(|calls| cell(calls, time, is_first)).collect();
        writeln!(text, "{time:>7}  {}", row.join("  ").trim_end())?;
    }
    Ok(())
}

/// What a thread does at a time: it begins a call, is inside of one, ends one, or nothing. The first
/// row says which call goes on.
fn cell(calls: &[Call], time: u64, is_first: bool) -> String {
    let inside = calls.iter().find(|call| (call.begun..=call.ended).contains(&time));
    let shown = match inside {
        None => String::new(),
        Some(call) if time == call.begun => format!("\u{250c} {}", asked(call)),
        Some(call) if time == call.ended => format!("\u{2514} {}", answered(call)),
        Some(call) if is_first => format!("\u{2502} {}", asked(call)),
        Some(_) => "\u{2502}".to_string(),
    };
    format!("{shown:WIDTH$}")
}

/// The call and what it was given.
fn asked(call: &Call) -> String {
    let mut shown = call.name.to_string();
    for step in &call.steps {
        match step {
            Step::Publish(value) => shown.push_str(&format!("({value})")),
            Step::NotAt(version) => shown.push_str(&format!("({version})")),
            _ => (),
        }
    }
    shown
}

/// The result of the call.
fn answered(call: &Call) -> String {
    let shown = call.steps.iter().filter_map(|step| match step {
        Step::See(value) => Some(format!("saw {value}")),
        Step::SeeVersioned(value, version) => Some(format!("saw {value}, {version}")),
        Step::At(version) => Some(version.to_string()),
        Step::NotAt(_) => Some("changed".to_string()),
        Step::Busy => Some("the lock is held".to_string()),
        Step::Disturbed => Some("disturbed".to_string()),
        Step::Torn => Some("TORN".to_string()),
        Step::Take | Step::Release | Step::Publish(_) | Step::MayHold => None,
    });
    shown.collect::<Vec<_>>().join(", ")
}
