// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a table does, call by call.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use tearfree_page::{Error as PageError, Options, Reader, Text, WriterState, payload};
use tearfree_table::{Control, Error, Row, Table, TableWriter, remove};
use tempfile::TempDir;

payload! {
    #[derive(Debug, PartialEq)]
    struct Pose { angle: f64, is_moving: bool, rest: [u8; 7] }
}

fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a table");
    (folder, path)
}

fn create(path: &PathBuf, capacity: u32) -> TableWriter<u64, u64> {
    TableWriter::create(path, capacity, &Options::new()).unwrap()
}

/// Everything that a reader sees, by each way to see it.
fn all(table: &Table<u64, u64>) -> BTreeMap<u64, u64> {
    let rows: Vec<_> = table.iter().map(Result::unwrap).collect();
    let map: BTreeMap<u64, u64> = rows.iter().map(|entry| (entry.key, entry.value)).collect();
    assert_eq!(map.len(), rows.len(), "each key once");
    assert_eq!(map.len() as u64, table.len().unwrap());
    for entry in &rows {
        assert_eq!(table.row(&entry.key), Ok(Some(entry.row)));
        assert_eq!(table.get(entry.row), Ok(Some(entry.value)));
    }
    assert_eq!(table.snapshot_all().unwrap().1, rows);
    map
}

#[test]
fn rows_are_inserted_set_updated_and_removed() {
    let (_folder, path) = folder();
    let mut writer = create(&path, 3);
    let table = Table::<u64, u64>::open(&path).unwrap();
    assert_eq!((table.capacity(), table.is_empty(), table.row(&1)), (3, Ok(true), Ok(None)));
    let row = writer.insert(&1, &10).unwrap();
    assert_eq!((table.row(&1), table.get(row)), (Ok(Some(row)), Ok(Some(10))));
    writer.set(row, &11).unwrap();
    assert_eq!(writer.update(row, |value| *value += 1).unwrap(), ());
    assert_eq!((table.find(&1), writer.get(row).unwrap()), (Ok(Some(12)), Some(12)));
    assert!(matches!(writer.insert(&1, &5), Err(Error::KeyExists)));
    writer.insert(&2, &20).unwrap();
    writer.insert(&3, &30).unwrap();
    assert!(matches!(writer.insert(&4, &40), Err(Error::Full(3))));
    assert_eq!(all(&table), BTreeMap::from([(1, 12), (2, 20), (3, 30)]));
    writer.remove(row).unwrap();
    assert_eq!((table.get(row), table.row(&1), writer.len()), (Ok(None), Ok(None), 2));
    for error in [writer.remove(row), writer.set(row, &1), writer.update(row, |_| ())] {
        assert!(matches!(error, Err(Error::Removed)));
    }
    let reused = writer.insert(&4, &40).unwrap();
    assert_eq!(reused.index(), row.index());
    assert_eq!((table.get(row), table.get(reused)), (Ok(None), Ok(Some(40))));
    assert_eq!(all(&table), BTreeMap::from([(2, 20), (3, 30), (4, 40)]));
    assert_eq!(writer.iter().count(), 3);
}

#[test]
fn a_batch_is_seen_whole_or_not_at_all() {
    let (_folder, path) = folder();
    let mut writer = create(&path, 8);
    let [one, two]: [Row; 2] = [1, 2].map(|key| writer.insert(&key, &(key * 10)).unwrap());
    let table = Table::<u64, u64>::open(&path).unwrap();
    let before = all(&table);
    let tick = table.tick();
    let three = writer
        .batch(|batch| {
            batch.set(one, &11)?;
            batch.remove(two)?;
            let two_again = batch.insert(&2, &22)?;
            assert_eq!((batch.get(two)?, batch.get(two_again)?), (None, Some(22)));
            let three = batch.insert(&3, &30)?;
            batch.set(three, &31)?;
            assert_eq!(all(&table), before);
            Ok(three)
        })
        .unwrap();
    assert_eq!(table.tick(), tick + 1);
    let after = BTreeMap::from([(1, 11), (2, 22), (3, 31)]);
    assert_eq!(all(&table), after);
    assert_eq!(table.snapshot(&[three, two, one]).unwrap().values, [Some(31), None, Some(11)]);
    // One that fails, and one that panics, change nothing.
    let failed: Result<(), Error> = writer.batch(|batch| {
        batch.remove(one)?;
        batch.insert(&4, &40)?;
        batch.insert(&3, &0)?;
        Ok(())
    });
    assert!(matches!(failed, Err(Error::KeyExists)));
    assert_eq!((all(&table), table.tick(), writer.len()), (after.clone(), tick + 1, 3));
    let panicked = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
        let _ = writer.batch(|batch| -> Result<(), Error> {
            batch.set(one, &0)?;
            batch.insert(&5, &50)?;
            panic!("in the middle");
        });
    }));
    assert!(panicked.is_err());
    assert_eq!(all(&table), after);
    writer.batch(|_| Ok(())).unwrap();
    assert_eq!(table.tick(), tick + 1, "a batch of nothing is none");
    writer.insert(&6, &60).unwrap();
    assert_eq!(all(&table), BTreeMap::from([(1, 11), (2, 22), (3, 31), (6, 60)]));
}

#[test]
fn many_keys_come_and_go() {
    let (_folder, path) = folder();
    let mut writer = create(&path, 100);
    let table = Table::<u64, u64>::open(&path).unwrap();
    let mut expected = BTreeMap::new();
    let mut random = fastrand::Rng::with_seed(1);
    for step in 0..3000_u64 {
        let key = random.u64(0..150);
        match writer.row(&key) {
            Some(row) if random.bool() => {
                writer.remove(row).unwrap();
                expected.remove(&key);
            }
            Some(row) => {
                writer.set(row, &step).unwrap();
                expected.insert(key, step);
            }
            None if expected.len() < 100 => {
                writer.insert(&key, &step).unwrap();
                expected.insert(key, step);
            }
            None => assert!(matches!(writer.insert(&key, &step), Err(Error::Full(100)))),
        }
        if step % 500 == 499 {
            assert_eq!(all(&table), expected);
            drop(writer);
            writer = TableWriter::take_over(&path, &Options::new()).unwrap();
            assert_eq!(all(&table), expected);
        }
    }
}

#[test]
fn changes_are_visited_and_nothing_else() {
    let (_folder, path) = folder();
    let mut writer = create(&path, 10_000);
    let rows = writer
        .batch(|batch| {
            (0..10_000).map(|key| batch.insert(&key, &key)).collect::<Result<Vec<_>, _>>()
        })
        .unwrap();
    let table = Table::<u64, u64>::open(&path).unwrap();
    let changes = |since| {
        let mut seen = Vec::new();
        let visit = |change: tearfree_table::Change<u64, u64>| {
            seen.push((change.index, change.key, change.value.map(|(_, value)| value)));
        };
        (table.changed_since(since, visit).unwrap(), seen)
    };
    assert_eq!(changes(0).1.len(), 10_000);
    let tick = table.tick();
    assert_eq!(changes(tick), (tick, vec![]));
    for index in [0, 63, 64, 4095, 4096, 9999] {
        writer.set(rows[index], &7).unwrap();
    }
    writer.remove(rows[5000]).unwrap();
    let (tick, seen) = changes(tick);
    let expected = [0, 63, 64, 4095, 4096, 5000, 9999]
        .map(|index: u32| (index, u64::from(index), (index != 5000).then_some(7)));
    assert_eq!((tick, seen), (table.tick(), expected.to_vec()));
    writer.insert(&123_456, &1).unwrap();
    assert_eq!(changes(tick).1, [(5000, 123_456, Some(1))]);
}

#[test]
fn keys_and_values_can_be_texts_and_structs_and_invalid_ones_are_errors() {
    let (_folder, path) = folder();
    let key = |text| Text::<6>::new(text).unwrap();
    let mut writer = TableWriter::<Text<6>, Pose>::create(&path, 5, &Options::new()).unwrap();
    let row =
        writer.insert(&key("elbow"), &Pose { angle: 0.5, is_moving: true, rest: [0; 7] }).unwrap();
    let table = Table::<Text<6>, Pose>::open(&path).unwrap();
    assert_eq!(
        table.find(&key("elbow")),
        Ok(Some(Pose { angle: 0.5, is_moving: true, rest: [0; 7] }))
    );
    assert_eq!(table.row(&key("knee")), Ok(None));
    assert!(matches!(
        Table::<u64, Pose>::open(&path),
        Err(Error::Page(PageError::SchemaMismatch { .. }))
    ));
    // As a hostile writer would: the `bool` of the version becomes 9.
    let mut bytes = fs::read(rows_file(&path)).unwrap();
    let pose = bytes.windows(8).position(|bytes| bytes == 0.5_f64.to_ne_bytes()).unwrap();
    bytes[pose + 8] = 9;
    fs::write(rows_file(&path), bytes).unwrap();
    assert!(matches!(table.get(row), Err(tearfree_page::ReadError::Invalid(_))));
    assert!(matches!(writer.get(row), Err(Error::Page(PageError::InvalidValue(_)))));
}

fn rows_file(path: &PathBuf) -> PathBuf {
    let id = Reader::<Control>::open(path).unwrap().geometry().page_id;
    path.join(format!("rows-{id:016x}"))
}

#[test]
fn a_table_is_continued_or_refused_or_removed() {
    let (_folder, path) = folder();
    let mut writer = create(&path, 8);
    let row = writer.insert(&1, &10).unwrap();
    let error = TableWriter::<u64, u64>::create(&path, 8, &Options::new()).unwrap_err();
    assert!(matches!(error, Error::Page(PageError::Busy { .. })), "{error}");
    drop(writer);
    let table = Table::<u64, u64>::open(&path).unwrap();
    let error = TableWriter::<u64, u64>::create(&path, 9, &Options::new()).unwrap_err();
    assert!(matches!(error, Error::OtherCapacity { table: 8, wanted: 9, .. }), "{error}");
    assert!(TableWriter::<u64, u32>::create(&path, 8, &Options::new()).is_err());
    assert!(matches!(
        TableWriter::<u64, u64>::create(&path, 0, &Options::new()),
        Err(Error::InvalidCapacity(0))
    ));
    assert_eq!(all(&table), BTreeMap::from([(1, 10)]));
    // Other permissions: new files, with the same rows.
    let mut writer =
        TableWriter::<u64, u64>::create(&path, 8, &Options::new().mode(0o600)).unwrap();
    assert_eq!(table.writer_state(), WriterState::Superseded);
    writer.insert(&2, &20).unwrap();
    assert_eq!(all(&table), BTreeMap::from([(1, 10)]), "it keeps what it had");
    let table = Table::<u64, u64>::open(&path).unwrap();
    assert_eq!((all(&table), table.get(row)), (BTreeMap::from([(1, 10), (2, 20)]), Ok(Some(10))));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(rows_file(&path)).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(&path).unwrap().count(), 3, "the old rows are gone");
    drop(writer);
    remove(&path).unwrap();
    assert!(!path.exists());
    assert!(matches!(
        TableWriter::<u64, u64>::take_over(&path, &Options::new()),
        Err(Error::Page(PageError::Missing(_)))
    ));
}

#[test]
fn files_of_others_stay_when_a_table_is_removed() {
    let (_folder, path) = folder();
    drop(create(&path, 8));
    let others = path.join("rows-0123456789abcdef");
    fs::write(&others, "mine").unwrap();
    drop(create(&path, 8));
    remove(&path).unwrap();
    assert_eq!(fs::read_to_string(&others).unwrap(), "mine");
    assert_eq!(fs::read_dir(&path).unwrap().count(), 1);
}

#[test]
fn a_new_table_is_sparse_until_its_rows_are_used() {
    use std::os::unix::fs::MetadataExt;
    let (_folder, path) = folder();
    let mut writer =
        TableWriter::<u64, [u64; 32]>::create(&path, 100_000, &Options::new()).unwrap();
    let allocated = || fs::metadata(rows_file(&path)).unwrap().blocks() * 512;
    let len = fs::metadata(rows_file(&path)).unwrap().len();
    // 2 * (16 + 8 + 256) bytes for each row, rounded up to whole lines.
    assert!(len > 100_000 * 576 && len < 100_000 * (576 + 16), "{len}");
    assert!(allocated() < 4 << 20, "{}", allocated());
    writer.insert(&1, &[1; 32]).unwrap();
    assert!(allocated() < 6 << 20, "{}", allocated());
}
