// SPDX-License-Identifier: MIT OR Apache-2.0
//! What processes of several scenarios do.

use std::fs;
use std::path::Path;

use tearfree_page::{Error, Options, Reader, Reading, Waited, Writer};

use crate::scheduler::calls::{Detail, pause, watch};
use crate::scheduler::events::{Event, What, World};
use crate::scheduler::run::Outcome;

/// Options of a page whose writer wakes its readers.
pub(crate) fn waking() -> Options {
    Options::new().wakes(true)
}

/// Reports why a process did not become the writer. Panics for a reason that no race explains.
pub(crate) fn report_refusal(world: &World, error: &Error) {
    let what = match error {
        Error::Busy { .. } => What::Busy,
        Error::Missing(_) => What::Missing,
        Error::SchemaMismatch { .. } => What::OtherSchema,
        _ => panic!("{error}"),
    };
    world.report(what, 0);
}

/// Is the writer for a while: publishes two numbers, and reads them back from the page under its name.
pub(crate) fn write_for_a_while(world: &World, writer: Result<Writer<u64>, Error>) {
    let mut writer = match writer {
        Ok(writer) => writer,
        Err(error) => return report_refusal(world, &error),
    };
    world.report(What::Writes, writer.generation());
    for _ in 0..2 {
        let number = new_number(world, writer.generation() + 1);
        writer.set(number).expect("the page is ours");
        world.report(What::Published, number);
        pause();
        let reader = Reader::<u64>::open(&world.page).expect("the page of a writer is there");
        assert_eq!(reader.get(), Ok(number), "what the only writer published");
    }
    world.report(What::Ends, writer.generation());
    drop(writer);
}

/// Returns a number that no other process publishes.
fn new_number(world: &World, generation: u64) -> u64 {
    (world.role as u64 + 1) * 1000 + generation
}

/// Removes the page.
pub(crate) fn remove(world: &World) {
    match tearfree_page::remove(&world.page) {
        Ok(()) => world.report(What::Removed, 0),
        Err(error) => report_refusal(world, &error),
    }
}

/// Makes a page of the generation 0, which is the number 0, and whose writer has ended.
pub(crate) fn make_page(world: &World, options: &Options) {
    drop(Writer::<u64>::create(&world.page, 0, options).expect("a new page"));
}

/// Changes the count in the file of a page, and its value to the generation of that count.
pub(crate) fn set_count(world: &World, count: u64) {
    let path = world.page.join("page");
    let mut bytes = fs::read(&path).expect("a page");
    let generation = count / 2;
    let slot = 512 + if generation.is_multiple_of(2) { 0 } else { 128 };
    for (at, word) in [(128, count), (slot, generation)] {
        bytes[at..at + 8].copy_from_slice(&word.to_ne_bytes());
    }
    fs::write(&path, bytes).expect("a page");
}

/// What a waiting reader is to find.
pub(crate) struct Expected {
    /// Returns whether a value was published with a generation.
    pub(crate) is_published: fn(u64, u64) -> bool,
    pub(crate) is_last: fn(u64) -> bool,
}

/// Opens the page, and reads each value that a wait announces until the last, or until the page is
/// superseded.
pub(crate) fn read_until(world: &World, expected: &Expected, detail: Detail) {
    let reader = match Reader::<u64>::open(&world.page) {
        Ok(reader) => reader,
        Err(error) => return report_refusal(world, &error),
    };
    let checked = |reading: Reading<u64>| {
        let Reading { value, generation, .. } = reading;
        assert!((expected.is_published)(value, generation), "never published: {reading:?}");
        value
    };
    let first = reader.read().expect("whole");
    let (mut value, mut seen) = (checked(first), first.generation);
    world.report(What::Opened, value);
    while !(expected.is_last)(value) {
        watch(detail);
        let waited = reader.wait_changed(seen, None);
        watch(Detail::Calls);
        match waited {
            Waited::Changed => {
                let new = reader.read_if_changed(&mut seen).expect("whole");
                value = checked(new.expect("a wait announces another generation"));
                world.report(What::Read, value);
            }
            Waited::Superseded => {
                let last = checked(reader.read().expect("whole"));
                return world.report(What::Superseded, last);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Panics if two processes were the writer at once.
pub(crate) fn check_one_writer(outcome: &Outcome<'_>) {
    let mut writer = None;
    for event in &outcome.events {
        match event.what {
            What::Writes => {
                assert!(writer.is_none(), "{event:?}, beside the writer {writer:?}");
                writer = Some(event.role);
            }
            What::Published => assert_eq!(writer, Some(event.role), "{event:?}"),
            What::Ends => writer = None,
            What::Killed if writer == Some(event.role) => writer = None,
            _ => {}
        }
    }
}

/// Returns whether a process reported this.
pub(crate) fn has(outcome: &Outcome<'_>, role: usize, what: What) -> bool {
    outcome.events.iter().any(|event| event.role == role && event.what == what)
}

/// Returns what was published last.
pub(crate) fn last_published(events: &[Event]) -> Option<u64> {
    events.iter().rev().find(|event| event.what == What::Published).map(|event| event.number)
}

/// Returns the names of the files of a page, sorted.
pub(crate) fn files(page: &Path) -> Vec<String> {
    let entries = fs::read_dir(page).into_iter().flatten().flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
