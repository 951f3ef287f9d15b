// SPDX-License-Identifier: MIT OR Apache-2.0
//! Readers that wait for a publication: they sleep, and are woken.

use core::time::Duration;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use tearfree_page::{Options, Reader, Waited, Writer, remove};

use crate::support::{Quote, WATCHDOG, ends, new_path, quote, set_word_in_file, wait_until_asleep};

/// The offset of the count in the file.
const COUNT: u64 = 128;

/// What the kernel has counted for this thread.
#[derive(Clone, Copy)]
struct Usage {
    /// How often it slept. `None` where the kernel does not say.
    sleeps: Option<u64>,
    processor: Duration,
}

impl Usage {
    fn now() -> Self {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap();
        let sleeps = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        let processor = clock_gettime(ClockId::ThreadCPUTime);
        let processor = processor.try_into().expect("a length of time");
        Usage { sleeps: sleeps.map(|sleeps| sleeps.trim().parse().unwrap()), processor }
    }
}

/// Waits in vain for `timeout`; returns how often this thread slept, and how long it was busy.
fn wait_for_nothing(
    reader: &Reader<Quote>,
    seen: u64,
    timeout: Duration,
) -> (Option<u64>, Duration) {
    let (before, start) = (Usage::now(), Instant::now());
    assert_eq!(reader.wait_changed(seen, Some(timeout)), Waited::TimedOut);
    assert!(start.elapsed() >= timeout, "{:?}", start.elapsed());
    let after = Usage::now();
    let sleeps = after.sleeps.zip(before.sleeps).map(|(after, before)| after - before);
    (sleeps, after.processor - before.processor)
}

/// Counts whose halves differ, above and below 2^32, and one at which a write has begun.
const COUNTS: [u64; 6] = [0, 1, 2, 2 * 77, (5 << 32) + 4, (5 << 32) + 5];

#[test]
fn a_reader_that_waits_sleeps_until_its_time_is_over() {
    ends(|| {
        let timeout = Duration::from_millis(200);
        for (wakes, count) in [false, true].into_iter().flat_map(|wakes| COUNTS.map(|n| (wakes, n)))
        {
            let (_folder, page) = new_path();
            let _writer = Writer::create(&page, quote(0), &Options::new().wakes(wakes)).unwrap();
            let reader = Reader::<Quote>::open(&page).unwrap();
            set_word_in_file(&page, COUNT, count);
            let start = Instant::now();
            let (sleeps, busy) = wait_for_nothing(&reader, count / 2, timeout);
            // Once with waking, and at most once a millisecond without; some more for other reasons.
            let most = if wakes { 10 } else { 10 + start.elapsed().as_millis() as u64 };
            assert!(busy < timeout / 2, "waking {wakes}, count {count}: busy for {busy:?}");
            let is_right = sleeps.is_none_or(|sleeps| (1..=most).contains(&sleeps));
            assert!(is_right, "waking {wakes}, count {count}: it slept {sleeps:?} times");
        }
    });
}

/// One long sleep in place of many short ones would miss publications until it ends.
#[test]
fn a_reader_without_waking_polls() {
    ends(|| {
        let (_folder, page) = new_path();
        let _writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
        let reader = Reader::<Quote>::open(&page).unwrap();
        // A busy machine can keep a thread from running for a while, but not each time.
        let polls =
            || wait_for_nothing(&reader, 0, Duration::from_millis(100)).0.is_none_or(|n| n >= 3);
        assert!((0..50).any(|_| polls()), "it sleeps for the whole time");
    });
}

#[test]
fn a_wait_without_time_ends_at_once() {
    ends(|| {
        for wakes in [false, true] {
            let (_folder, page) = new_path();
            let mut writer = Writer::create(&page, quote(0), &Options::new().wakes(wakes)).unwrap();
            let reader = Reader::<Quote>::open(&page).unwrap();
            assert_eq!(reader.wait_changed(0, Some(Duration::ZERO)), Waited::TimedOut);
            assert_eq!(
                reader.wait_changed(1, Some(Duration::ZERO)),
                Waited::Changed,
                "by number alone"
            );
            writer.set(quote(1)).unwrap();
            assert_eq!(reader.wait_changed(0, Some(Duration::ZERO)), Waited::Changed);
            assert_eq!(reader.wait_changed(0, Some(Duration::MAX)), Waited::Changed);
        }
    });
}

/// Starts `how_many` threads that wait without limit until the generation is not `seen`. Returns the
/// receiver of their results when all of them sleep.
fn sleepers(reader: &Arc<Reader<Quote>>, how_many: usize, seen: u64) -> Receiver<Waited> {
    let (results, receiver) = channel();
    for _ in 0..how_many {
        let (reader, results) = (reader.clone(), results.clone());
        let (started, starts) = channel();
        // Not joined: a thread that is never woken must not keep the test from failing.
        thread::spawn(move || {
            started.send(fs::read_link("/proc/thread-self").unwrap()).unwrap();
            let waited = reader.wait_changed(seen, None);
            // The test has failed if it no longer receives.
            let _ = results.send(waited);
        });
        wait_until_asleep(&Path::new("/proc").join(starts.recv().unwrap()));
    }
    receiver
}

/// Asserts that all of them were woken, with this result.
fn assert_woken(results: &Receiver<Waited>, how_many: usize, expected: Waited) {
    for _ in 0..how_many {
        assert_eq!(results.recv_timeout(WATCHDOG), Ok(expected), "a sleeping reader was not woken");
    }
}

#[test]
fn a_publication_wakes_every_reader_that_sleeps() {
    for wakes in [true, false] {
        let (_folder, page) = new_path();
        let mut writer = Writer::create(&page, quote(0), &Options::new().wakes(wakes)).unwrap();
        let reader = Arc::new(Reader::<Quote>::open(&page).unwrap());
        // A reader that was not yet asleep needs no waking; several rounds leave none to chance.
        for generation in 0..5 {
            let results = sleepers(&reader, 3, generation);
            writer.set(quote(generation + 1)).unwrap();
            assert_woken(&results, 3, Waited::Changed);
        }
    }
}

#[test]
fn replacing_or_removing_a_page_wakes_its_readers() {
    for wakes in [true, false] {
        let (_folder, page) = new_path();
        let options = Options::new().wakes(wakes).replace(true);
        for round in 0..4 {
            let mut writer = Writer::create(&page, quote(0), &options).unwrap();
            let reader = Arc::new(Reader::<Quote>::open(&page).unwrap());
            writer.set(quote(1)).unwrap();
            let seen = writer.generation();
            drop(writer);
            let results = sleepers(&reader, 2, seen);
            if round % 2 == 0 {
                remove(&page).unwrap();
            } else {
                drop(Writer::create(&page, 7_u64, &options).unwrap());
            }
            assert_woken(&results, 2, Waited::Superseded);
            assert_eq!(reader.get(), Ok(quote(1)));
        }
    }
}

/// Its writer may be in the middle of a publication, so only the state is stored.
#[test]
fn a_superseded_page_keeps_its_value_and_its_count() {
    ends(|| {
        let (_folder, page) = new_path();
        let options = Options::new().wakes(true).replace(true);
        let mut writer = Writer::create(&page, quote(0), &options).unwrap();
        writer.set(quote(1)).unwrap();
        drop(writer);
        let first = Reader::<Quote>::open(&page).unwrap();
        drop(Writer::create(&page, 7_u64, &options).unwrap());
        let second = Reader::<u64>::open(&page).unwrap();
        remove(&page).unwrap();
        let reading = first.read().unwrap();
        assert_eq!((reading.value, reading.generation), (quote(1), 1));
        let reading = second.read().unwrap();
        assert_eq!((reading.value, reading.generation), (7, 2), "the generations go on");
        assert_eq!(first.wait_changed(1, None), Waited::Superseded);
        assert_eq!(second.wait_changed(0, Some(Duration::ZERO)), Waited::Superseded);
    });
}

#[test]
fn a_waiter_sees_publications_that_come_while_it_reads() {
    for wakes in [false, true] {
        let (_folder, page) = new_path();
        let mut writer = Writer::create(&page, quote(0), &Options::new().wakes(wakes)).unwrap();
        let reader = Reader::<Quote>::open(&page).unwrap();
        let (results, receiver) = channel();
        thread::spawn(move || {
            let mut seen = 0;
            while seen < 100 {
                assert_eq!(reader.wait_changed(seen, None), Waited::Changed);
                let reading = reader.read_if_changed(&mut seen).unwrap().expect("it changed");
                assert_eq!(reading.value, quote(reading.generation));
            }
            results.send(seen).unwrap();
        });
        for generation in 1..=100 {
            writer.set(quote(generation)).unwrap();
            thread::sleep(Duration::from_micros(300));
        }
        assert_eq!(receiver.recv_timeout(WATCHDOG), Ok(100));
    }
}

/// As the bindings of Python wait, which look for signals in between.
#[test]
fn a_page_without_wake_ups_is_polled_seldom_after_a_while_though_the_waits_are_short() {
    ends(|| {
        let (_folder, page) = new_path();
        let _writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
        let reader = Reader::<Quote>::open(&page).unwrap();
        let mut watch = reader.watch(reader.generation());
        let piece = Duration::from_millis(250);
        let before = Usage::now().sleeps;
        for _ in 0..4 {
            assert_eq!(reader.wait_changed(0, Some(piece)), Waited::TimedOut);
            assert_eq!(watch.wait(Some(piece)), Waited::TimedOut);
        }
        let polls = Usage::now().sleeps.zip(before).map(|(after, before)| after - before);
        // On a busy machine there are fewer; with a look each millisecond, some 2000.
        assert!(polls.is_none_or(|polls| polls < 200), "{polls:?}");
    });
}
