// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files of rows with any bytes: each call ends, with a value or an error, and never with a panic.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::fs;
use std::path::Path;

use tearfree_page::{Options, Reader, Text};
use tearfree_table::{Control, Table, TableWriter};
use tempfile::TempDir;

type Key = Text<5>;
type Value = [bool; 3];

/// Makes all calls of a reader, and returns how many of them succeeded.
fn call_all(table: &Table<Key, Value>) -> usize {
    let rows: Vec<_> = table.iter().take(1000).flatten().map(|entry| entry.row).collect();
    let keys = ["a", "b", "zz"].map(|key| Key::new(key).unwrap());
    let mut successes = keys.iter().filter(|key| table.row(key).is_ok()).count();
    successes += keys.iter().filter(|key| table.find(key).is_ok()).count();
    successes += rows.iter().filter(|&&row| table.get(row).is_ok()).count();
    successes += usize::from(table.snapshot(&rows).is_ok());
    successes += usize::from(table.snapshot_all().is_ok());
    for since in [0, 2, u64::MAX] {
        successes += usize::from(table.changed_since(since, |_| ()).is_ok());
    }
    successes
}

fn table(path: &Path) -> (TableWriter<Key, Value>, std::path::PathBuf, Vec<u8>) {
    let mut writer = TableWriter::create(path, 70, &Options::new()).unwrap();
    let rows =
        ["a", "b", "c"].map(|key| writer.insert(&Key::new(key).unwrap(), &[true; 3]).unwrap());
    writer.set(rows[0], &[false; 3]).unwrap();
    writer.remove(rows[1]).unwrap();
    let id = Reader::<Control>::open(path).unwrap().geometry().page_id;
    let file = path.join(format!("rows-{id:016x}"));
    let bytes = fs::read(&file).unwrap();
    (writer, file, bytes)
}

/// Changes a few words: mostly in the header and the index, to numbers that are likely to matter.
fn damage(bytes: &mut [u8], random: &mut fastrand::Rng) {
    for _ in 0..random.usize(1..12) {
        let at = match random.u8(0..4) {
            0 => random.usize(0..40),
            1 => random.usize(0..300),
            _ => random.usize(0..bytes.len() / 4),
        };
        let word = match random.u8(0..6) {
            0 => 0,
            1 => u32::MAX,
            2 => random.u32(0..80),
            3 => 1 << random.u32(0..32),
            4 => random.u32(..),
            _ => {
                u32::from_ne_bytes(bytes[at * 4..][..4].try_into().unwrap()) ^ 1 << random.u32(0..8)
            }
        };
        bytes[at * 4..][..4].copy_from_slice(&word.to_ne_bytes());
    }
}

#[test]
fn any_bytes_are_refused_or_read_in_bounded_time() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("table");
    let (writer, file, good) = table(&path);
    let opened_before = Table::<Key, Value>::open(&path).unwrap();
    let mut random = fastrand::Rng::with_seed(3);
    let (mut refused, mut successes) = (0, 0);
    for case in 0..400 {
        let mut bytes = good.clone();
        if case == 0 {
            bytes[192..].fill(0xFF);
        } else {
            damage(&mut bytes, &mut random);
        }
        // In place: the file keeps its length, and the mapping that is there sees the bytes, too.
        fs::write(&file, &bytes).unwrap();
        successes += call_all(&opened_before);
        match Table::<Key, Value>::open(&path) {
            Ok(table) => successes += call_all(&table),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
        }
    }
    assert!(refused > 40 && successes > 1000, "{refused} refused, {successes} calls succeeded");
    drop(writer);
    fs::write(&file, &good).unwrap();
    assert_eq!(opened_before.find(&Key::new("c").unwrap()), Ok(Some([true; 3])));
}

#[test]
fn a_writer_takes_over_any_bytes_or_refuses_them() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("table");
    let (writer, file, good) = table(&path);
    drop(writer);
    let mut random = fastrand::Rng::with_seed(4);
    let (mut refused, mut taken) = (0, 0);
    for _ in 0..120 {
        let mut bytes = good.clone();
        damage(&mut bytes, &mut random);
        fs::write(&file, &bytes).unwrap();
        match TableWriter::<Key, Value>::take_over(&path, &Options::new()) {
            Ok(mut writer) => {
                taken += 1;
                for number in 0..70 {
                    let key = Key::new(&format!("{number}")).unwrap();
                    if writer.insert(&key, &[true; 3]).is_ok() {
                        assert_eq!(writer.get(writer.row(&key).unwrap()).unwrap(), Some([true; 3]));
                    }
                }
                call_all(&Table::open(&path).unwrap());
            }
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 10 && taken > 10, "{refused} refused, {taken} taken over");
}

/// A file that was cut off is refused, whatever the header says.
#[test]
fn a_short_file_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("table");
    let (writer, file, good) = table(&path);
    for len in [0, 1, 100, 128, 130, 200, good.len() - 1] {
        fs::write(&file, &good[..len]).unwrap();
        assert!(Table::<Key, Value>::open(&path).is_err(), "{len} bytes");
    }
    drop(writer);
}
