// SPDX-License-Identifier: MIT OR Apache-2.0
//! Steps a writer through one operation, and checks what its death would leave.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};

use tearfree_page::{Options, Reader};
use tearfree_table::{Control, Error, Table, TableWriter};
use tempfile::TempDir;

use crate::left_out::{is_emulated, leave_out};
use crate::tracing::{Stop, Tracee, Until, may_be_traced, stop, trace_me};

type State = BTreeMap<u64, u64>;

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_writer_dies_anywhere_in_an_insertion", || operation("insert")),
    ("a_writer_dies_anywhere_in_an_insertion_to_a_used_place", || operation("reuse")),
    ("a_writer_dies_anywhere_in_a_change", || operation("set")),
    ("a_writer_dies_anywhere_in_a_removal", || operation("remove")),
    ("a_writer_dies_anywhere_in_a_batch", || operation("batch")),
    ("a_writer_dies_anywhere_in_a_batch_that_fails", || operation("fail")),
    ("a_writer_dies_anywhere_in_taking_back_a_batch_of_a_dead_one", || operation("take-over")),
];

const CAPACITY: u32 = 8;
/// More steps than any operation takes.
const MOST_STEPS: usize = 5_000_000;

fn options() -> Options {
    Options::new().timed(false)
}

/// The rows before the operation, and whether a place is free for reuse.
fn base() -> State {
    BTreeMap::from([(1, 10), (3, 30), (4, 40)])
}

/// Creates the table with these rows, and an unused place among them.
fn create(path: &Path, with_free_place: bool) {
    let mut writer = TableWriter::<u64, u64>::create(path, CAPACITY, &options()).unwrap();
    for key in [1, 2, 3, 4] {
        if key != 2 || with_free_place {
            writer.insert(&key, &(key * 10)).unwrap();
        }
    }
    if let Some(row) = writer.row(&2) {
        writer.remove(row).unwrap();
    }
}

/// The changes of a batch that uses every kind, and a place twice.
fn batch(writer: &mut TableWriter<u64, u64>, fails: bool) -> Result<(), Error> {
    writer.batch(|batch| {
        let [one, three] = [1, 3].map(|key| batch.row(&key).expect("it is there"));
        batch.set(one, &11)?;
        batch.remove(three)?;
        batch.insert(&5, &50)?;
        batch.insert(&3, &33)?;
        batch.remove(one)?;
        batch.insert(&6, &60)?;
        if fails { Err(Error::KeyExists) } else { Ok(()) }
    })
}

/// The process that is stepped.
pub(crate) fn run(operation: &str, path: &Path) -> ExitCode {
    // SAFETY: the call takes numbers only.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    if operation == "traceable" {
        return if may_be_traced() { ExitCode::SUCCESS } else { ExitCode::from(3) };
    }
    if operation == "take-over" {
        trace_me();
        let _writer = TableWriter::<u64, u64>::take_over(path, &options()).unwrap();
        stop();
        return ExitCode::SUCCESS;
    }
    let mut writer = TableWriter::<u64, u64>::take_over(path, &options()).unwrap();
    let row = |writer: &TableWriter<u64, u64>| writer.row(&3).expect("it is there");
    trace_me();
    let result = match operation {
        "insert" | "reuse" => writer.insert(&9, &90).map(|_| ()),
        "set" => writer.set(row(&writer), &31),
        "remove" => writer.remove(row(&writer)),
        other => batch(&mut writer, other == "fail"),
    };
    stop();
    assert_eq!(result.is_err(), operation == "fail");
    ExitCode::SUCCESS
}

/// Returns the rows after the operation.
fn after(operation: &str) -> State {
    let mut state = base();
    match operation {
        "insert" | "reuse" => drop(state.insert(9, 90)),
        "set" => drop(state.insert(3, 31)),
        "remove" => drop(state.remove(&3)),
        "batch" => state = BTreeMap::from([(3, 33), (4, 40), (5, 50), (6, 60)]),
        _ => {}
    }
    state
}

fn start(operation: &str, path: &Path) -> Child {
    let this = std::env::current_exe().expect("this program has a path");
    Command::new(this).args(["--role", operation]).arg(path).spawn().expect("it starts")
}

/// A writer that is stepped, and the files of its table.
struct Stepped {
    child: Child,
    files: [File; 2],
}

impl Stepped {
    fn new(operation: &str, path: &Path) -> Self {
        let child = start(operation, path);
        let tracee = Tracee::new(child.id());
        assert_eq!(tracee.wait(), Stop::Signal(libc::SIGSTOP), "it waits to be traced");
        let rows = rows_file(path);
        if operation == "take-over" {
            // Call by call to where it has the page, for the tests of pages step that, and maps the rows.
            let rows = rows.to_str().expect("a path of text");
            while tracee.mapping_of(rows).is_none() {
                assert!(tracee.resume(Until::Call, 0), "it ended by itself");
                assert_eq!(tracee.wait(), Stop::Signal(libc::SIGTRAP));
            }
        }
        Stepped { child, files: [path.join("page"), rows].map(|file| File::open(file).unwrap()) }
    }

    fn contents(&self) -> [Vec<u8>; 2] {
        self.files.each_ref().map(|file| {
            let mut bytes = vec![0; usize::try_from(file.metadata().unwrap().len()).unwrap()];
            file.read_exact_at(&mut bytes, 0).unwrap();
            bytes
        })
    }

    /// Steps it to the end of its operation, or until `changed` says so: called whenever its files have changed.
    fn step(&self, mut changed: impl FnMut(&[Vec<u8>; 2]) -> bool) {
        let tracee = Tracee::new(self.child.id());
        let mut last = self.contents();
        let mut now = last.clone();
        for _ in 0..MOST_STEPS {
            assert!(tracee.resume(Until::Instruction, 0), "it ended by itself");
            match tracee.wait() {
                Stop::Signal(libc::SIGTRAP) => {}
                Stop::Signal(libc::SIGSTOP) => return,
                other => panic!("{other:?}"),
            }
            for (file, bytes) in self.files.iter().zip(&mut now) {
                file.read_exact_at(bytes, 0).unwrap();
            }
            if now != last {
                last.clone_from(&now);
                if !changed(&last) {
                    return;
                }
            }
        }
        panic!("it does not end");
    }
}

impl Drop for Stepped {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rows_file(path: &Path) -> PathBuf {
    let id = Reader::<Control>::open(path).unwrap().geometry().page_id;
    path.join(format!("rows-{id:016x}"))
}

/// Returns what a reader sees.
fn read(table: &Table<u64, u64>) -> State {
    let (_, entries) = table.snapshot_all().expect("the writer is stopped or dead");
    let state: State = entries.iter().map(|entry| (entry.key, entry.value)).collect();
    assert_eq!(state.len(), entries.len(), "each key once");
    for key in 0..12 {
        assert_eq!(table.find(&key).unwrap(), state.get(&key).copied(), "key {key}");
    }
    let mut changed = State::new();
    let all = table.changed_since(0, |change| {
        changed.extend(change.value.map(|(_, value)| (change.key, value)));
    });
    assert!(all.is_ok());
    assert_eq!(changed, state);
    state
}

/// Checks a table whose writer died, with a reader and then the next writer, and returns the rows.
fn check(path: &Path) -> State {
    let state = read(&Table::open(path).unwrap());
    let mut writer = TableWriter::<u64, u64>::take_over(path, &options()).unwrap();
    let rows = writer.iter().map(|entry| entry.map(|entry| (entry.key, entry.value)));
    assert_eq!(rows.collect::<Result<State, _>>().unwrap(), state);
    assert_eq!(writer.len(), state.len() as u64);
    let table = Table::open(path).unwrap();
    assert_eq!(read(&table), state);
    // Every place and every entry of the index can be used again.
    let mut expected = state.clone();
    for key in 100.. {
        match writer.insert(&key, &key) {
            Ok(_) => drop(expected.insert(key, key)),
            Err(error) => {
                assert!(matches!(error, Error::Full(CAPACITY)), "{error}");
                break;
            }
        }
    }
    assert_eq!(expected.len(), CAPACITY as usize);
    assert_eq!(read(&table), expected);
    for key in expected.keys() {
        writer.remove(writer.row(key).unwrap()).unwrap();
    }
    assert_eq!(read(&table), State::new());
    // The index, behind a header and the two schemas, has 16 entries: none names a row any more.
    let bytes = fs::read(rows_file(path)).unwrap();
    let mut entries =
        bytes[192..256].chunks(4).map(|entry| u32::from_ne_bytes(entry.try_into().unwrap()));
    assert!(entries.all(|entry| entry == 0 || entry == u32::MAX), "an entry is left");
    state
}

/// Makes a table of the contents that a writer's death would leave. The writer is alive, so its page is changed to
/// say that it was another process, under the lock of the copy; as it is, the next writer must take it for alive.
fn copy(contents: &[Vec<u8>; 2], rows_name: &Path, folder: &Path, is_alive: bool) -> PathBuf {
    let path = folder.join(if is_alive { "alive" } else { "dead" });
    let _ = fs::remove_dir_all(&path);
    fs::create_dir(&path).unwrap();
    fs::write(path.join("lock"), "tearfree page lock\n").unwrap();
    let mut page = contents[0].clone();
    if !is_alive {
        let inode = fs::metadata(path.join("lock")).unwrap().ino();
        page[88..96].copy_from_slice(&inode.to_ne_bytes());
        for start_time in [280, 344] {
            page[start_time..start_time + 8].copy_from_slice(&1_u64.to_ne_bytes());
        }
    }
    fs::write(path.join("page"), page).unwrap();
    fs::write(path.join(rows_name), &contents[1]).unwrap();
    path
}

fn may_trace() -> bool {
    if is_emulated() {
        leave_out("an emulator does not trace");
        return false;
    }
    match start("traceable", "-".as_ref()).wait().unwrap().code() {
        Some(0) => return true,
        Some(3) => leave_out("processes cannot be traced here"),
        other => panic!("it ended otherwise: {other:?}"),
    }
    false
}

/// Creates the table for an operation.
fn prepare(operation: &str, path: &Path) {
    create(path, matches!(operation, "reuse" | "batch"));
    if operation == "take-over" {
        // A batch is begun, and its writer killed.
        let mut left = 25;
        Stepped::new("batch", path).step(|_| {
            left -= 1;
            left > 0
        });
        assert_eq!(read(&Table::open(path).unwrap()), base());
    }
}

fn operation(operation: &str) {
    if !may_trace() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("table");
    prepare(operation, &path);
    let rows_name = PathBuf::from(rows_file(&path).file_name().unwrap());
    let (before, after) = (base(), after(operation));
    let table = Table::open(&path).unwrap();
    let (mut states, mut early, mut late) = (0, 0, 0);
    Stepped::new(operation, &path).step(|contents| {
        states += 1;
        let seen = read(&table);
        assert!(seen == before || seen == after, "after {states} stores: {seen:?}");
        early += usize::from(seen == before);
        late += usize::from(seen == after);
        for is_alive in [false, true] {
            let copy = copy(contents, &rows_name, folder.path(), is_alive);
            assert_eq!(check(&copy), seen, "after {states} stores");
        }
        true
    });
    eprintln!("{operation}: {states} states, {early} before its end");
    assert!(early > 1 && late > 0, "{early} states before the commit, {late} after it");
    // Really killed.
    for stores in [states / 2, states] {
        let path = folder.path().join(format!("killed after {stores}"));
        prepare(operation, &path);
        let mut left = stores;
        let stepped = Stepped::new(operation, &path);
        stepped.step(|_| {
            left -= 1;
            left > 0
        });
        drop(stepped);
        let seen = check(&path);
        assert!(seen == before || seen == after, "{seen:?}");
    }
}
