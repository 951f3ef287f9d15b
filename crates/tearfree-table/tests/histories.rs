// SPDX-License-Identifier: MIT OR Apache-2.0
//! Readers beside a writer: each snapshot is the state of an oracle after the batch of its tick.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::thread;

use tearfree_page::Options;
use tearfree_table::{Error, Table, TableWriter};
use tempfile::TempDir;

type State = BTreeMap<u32, [u64; 3]>;

const KEYS: u32 = 12;
const BATCHES: u64 = 1500;

/// Makes one batch of a few changes, on the table and on the oracle's copy of it; some batches fail.
fn change(
    writer: &mut TableWriter<u32, [u64; 3]>,
    random: &mut fastrand::Rng,
    state: &State,
) -> Option<State> {
    let mut next = state.clone();
    let fails = random.u8(0..8) == 0;
    let result = writer.batch(|batch| {
        for _ in 0..random.usize(1..6) {
            let (key, number) = (random.u32(0..KEYS), random.u64(..));
            let value = [number, !number, number.rotate_left(32)];
            match batch.row(&key) {
                None => batch.insert(&key, &value).map(|_| ())?,
                Some(row) if random.u8(0..3) == 0 => {
                    batch.remove(row)?;
                    next.remove(&key);
                    continue;
                }
                Some(row) => batch.set(row, &value)?,
            }
            next.insert(key, value);
        }
        if fails { Err(Error::KeyExists) } else { Ok(()) }
    });
    assert_eq!(result.is_err(), fails, "{result:?}");
    (!fails).then_some(next)
}

#[test]
fn each_snapshot_is_the_state_after_one_batch() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("table");
    let options = Options::new().timed(false);
    let mut writer = TableWriter::create(&path, KEYS, &options).unwrap();
    let (done, seen) = (AtomicBool::new(false), [0; 2].map(AtomicU64::new));
    thread::scope(|threads| {
        let readers = [0, 1].map(|reader| {
            let (path, done, seen) = (&path, &done, &seen[reader]);
            threads.spawn(move || {
                let table = Table::<u32, [u64; 3]>::open(path).unwrap();
                let mut snapshots: Vec<(u64, State)> = Vec::new();
                let (mut copy, mut since) = (BTreeMap::new(), 0);
                while !done.load(Ordering::Acquire) {
                    // A writer that makes batches without a pause can lap each of a thousand attempts, if rarely.
                    let Ok((tick, entries)) = table.snapshot_all() else { continue };
                    assert!(snapshots.last().is_none_or(|(last, _)| tick >= *last));
                    snapshots.push((tick, entries.iter().map(|e| (e.key, e.value)).collect()));
                    seen.fetch_add(1, Ordering::Relaxed);
                    for entry in &entries {
                        let Ok(value) = table.get(entry.row) else { continue };
                        assert!(value.is_none_or(|value| value[0] == !value[1]), "torn: {value:?}");
                        let row = table.row(&entry.key).unwrap();
                        assert!(
                            row.is_none_or(
                                |row| row >= entry.row || row.index() != entry.row.index()
                            )
                        );
                    }
                    let changed = table.changed_since(since, |change| {
                        copy.insert(
                            change.index,
                            (change.key, change.value.map(|(_, value)| value)),
                        );
                    });
                    since = changed.unwrap_or(since);
                }
                table
                    .changed_since(since, |change| {
                        copy.insert(
                            change.index,
                            (change.key, change.value.map(|(_, value)| value)),
                        );
                    })
                    .unwrap();
                let followed: State =
                    copy.into_values().filter_map(|(key, value)| Some((key, value?))).collect();
                (snapshots, followed)
            })
        });
        let mut random = fastrand::Rng::with_seed(21);
        let mut history = BTreeMap::from([(writer.tick(), State::new())]);
        let mut state = State::new();
        // Until each reader has seen some; bounded.
        let mut batches = 0;
        while batches < BATCHES
            || batches < 300 * BATCHES && seen.iter().any(|seen| seen.load(Ordering::Relaxed) < 20)
        {
            batches += 1;
            if let Some(next) = change(&mut writer, &mut random, &state) {
                state = next;
                history.insert(writer.tick(), state.clone());
            }
            if batches % 16 == 0 {
                thread::yield_now();
            }
        }
        done.store(true, Ordering::Release);
        let mut different = 0;
        for reader in readers {
            let (snapshots, followed) = reader.join().unwrap();
            for (tick, snapshot) in &snapshots {
                assert_eq!(Some(snapshot), history.get(tick), "at tick {tick}");
            }
            different += snapshots.windows(2).filter(|two| two[0].0 != two[1].0).count();
            assert_eq!(followed, state, "what a follower of the changes has at the end");
        }
        assert!(different > 2, "the readers saw the table stand still");
    });
}
