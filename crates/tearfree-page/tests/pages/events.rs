// SPDX-License-Identifier: MIT OR Apache-2.0
//! What ends a wait, for one page and for many.

use core::time::Duration;
use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use tearfree_page::{
    Follower, Options, Reader, Wait, Waited, Watch, Writer, WriterState, remove, wait_any,
};

use crate::left_out::{is_emulated, leave_out};
use crate::support::{WATCHDOG, ends, new_path, set_word_in_file, this_program, wait_until_asleep};

const COUNT: u64 = 128;
const HOUR: Duration = Duration::from_secs(3600);

fn look(watch: &mut Watch<'_>) -> Waited {
    watch.wait(Some(Duration::ZERO))
}

#[test]
fn each_event_ends_one_wait() {
    ends(|| {
        let (_folder, page) = new_path();
        let options = Options::new().wakes(true).replace(true).lifetime(Duration::from_nanos(1));
        let mut writer = Writer::create(&page, 1_u64, &options).unwrap();
        let reader = Reader::<u64>::open(&page).unwrap();
        let mut watch = reader.watch(0);
        assert_eq!(look(&mut watch), Waited::Stale);
        assert_eq!(look(&mut watch), Waited::TimedOut);
        writer.set(2).unwrap();
        writer.set(3).unwrap();
        assert_eq!([(); 2].map(|()| look(&mut watch)), [Waited::Changed, Waited::Stale]);
        assert_eq!(look(&mut watch), Waited::TimedOut);
        drop(writer);
        assert_eq!([(); 2].map(|()| look(&mut watch)), [Waited::Ended, Waited::TimedOut]);
        let mut writer = Writer::<u64>::take_over(&page, &Options::new().lifetime(HOUR)).unwrap();
        writer.set(4).unwrap();
        drop(writer);
        assert_eq!([(); 2].map(|()| look(&mut watch)), [Waited::Changed, Waited::Ended]);
        assert_eq!(look(&mut watch), Waited::TimedOut);
        drop(Writer::create(&page, 1_u8, &options).unwrap());
        assert_eq!([(); 2].map(|()| look(&mut watch)), [Waited::Superseded; 2]);
        assert_eq!(reader.writer_state(), WriterState::Superseded);
        assert_eq!(reader.read().unwrap().writer_state(), WriterState::Superseded);
    });
}

#[test]
fn a_promise_that_is_renewed_and_broken_again_is_two_events() {
    ends(|| {
        let (_folder, page) = new_path();
        let options = Options::new().wakes(true).lifetime(Duration::from_millis(1));
        let mut writer = Writer::create(&page, 1_u64, &options).unwrap();
        let reader = Reader::<u64>::open(&page).unwrap();
        let mut watch = reader.watch(0);
        assert_eq!(watch.wait(None), Waited::Stale);
        assert_eq!(look(&mut watch), Waited::TimedOut);
        writer.touch().unwrap();
        assert_eq!(watch.wait(None), Waited::Stale);
    });
}

/// Has a thread wait for one event of a page and returns the event, after `then` was called while it slept.
fn event_of_a_sleeper(page: &Path, then: impl FnOnce()) -> Waited {
    let reader = Reader::<u64>::open(page).unwrap();
    let (starts, started) = channel();
    let (events, reported) = channel();
    // Not joined: a thread that is never woken must not keep the test from failing.
    thread::spawn(move || {
        let mut watch = reader.watch(reader.generation());
        starts.send(fs::read_link("/proc/thread-self").unwrap()).unwrap();
        events.send(watch.wait(None)).unwrap();
    });
    wait_until_asleep(&Path::new("/proc").join(started.recv().unwrap()));
    then();
    reported.recv_timeout(WATCHDOG).expect("it was not woken")
}

#[test]
fn a_sleeper_is_woken_by_each_event() {
    for wakes in [true, false] {
        let (_folder, page) = new_path();
        let options = Options::new().wakes(wakes);
        let mut writer = Writer::create(&page, 1_u64, &options).unwrap();
        assert_eq!(event_of_a_sleeper(&page, || writer.set(2).unwrap()), Waited::Changed);
        assert_eq!(event_of_a_sleeper(&page, || drop(writer)), Waited::Ended);
        let writer = Writer::<u64>::take_over(&page, &options).unwrap();
        drop(writer);
        let remove = || remove(&page).unwrap();
        // The end of the writer is an event that happened before.
        let writer = || drop(Writer::<u64>::take_over(&page, &options).unwrap());
        writer();
        let reader = Reader::<u64>::open(&page).unwrap();
        let mut watch = reader.watch(reader.generation());
        assert_eq!(watch.wait(None), Waited::Ended);
        remove();
        assert_eq!(watch.wait(None), Waited::Superseded);
    }
}

#[test]
fn a_sleeper_wakes_up_when_the_value_becomes_stale() {
    let (_folder, page) = new_path();
    let options = Options::new().wakes(true).lifetime(Duration::from_millis(300));
    let _writer = Writer::create(&page, 1_u64, &options).unwrap();
    assert_eq!(event_of_a_sleeper(&page, || {}), Waited::Stale);
}

/// The system compares half of the count with its value.
#[test]
fn a_watch_sleeps_at_each_count() {
    ends(|| {
        for count in [0, 1, 2, 2 * 77, (5 << 32) + 4, (5 << 32) + 5] {
            let (_folder, page) = new_path();
            let _writer = Writer::create(&page, 1_u64, &Options::new().wakes(true)).unwrap();
            set_word_in_file(&page, COUNT, count);
            let reader = Reader::<u64>::open(&page).unwrap();
            let mut watch = reader.watch(reader.generation());
            let sleeps = voluntary_switches("/proc/thread-self/status");
            assert_eq!(watch.wait(Some(Duration::from_millis(200))), Waited::TimedOut);
            let after = voluntary_switches("/proc/thread-self/status");
            assert!(after - sleeps <= 8, "it sleeps once: {sleeps} to {after}");
        }
    });
}

fn voluntary_switches(status: impl AsRef<Path>) -> u64 {
    let status = fs::read_to_string(status).unwrap_or_default();
    let number = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    // Where the kernel does not say, there is nothing to count.
    number.map_or(0, |number| number.trim().parse().unwrap())
}

/// Creates pages 0 to `count` in a folder, all of which wake their readers.
fn create_pages(folder: &Path, count: u64) -> (Vec<Writer<u64>>, Vec<Reader<u64>>) {
    let create = |number: u64| {
        let page = folder.join(number.to_string());
        let writer = Writer::create(&page, number, &Options::new().wakes(true)).unwrap();
        (writer, Reader::open(&page).unwrap())
    };
    (0..count).map(create).unzip()
}

/// 64 pages fit into one call of the system; a thread is added for each 63 more.
#[test]
fn a_sleeper_is_woken_by_each_of_many_pages() {
    ends(|| {
        for count in [1, 2, 63, 64, 65, 127, 128, 200] {
            let (folder, _page) = new_path();
            let (mut writers, readers) = create_pages(folder.path(), count);
            let last = writers.len() - 1;
            let (starts, started) = channel();
            let (events, reported) = channel();
            thread::spawn(move || {
                let mut watches: Vec<_> = readers.iter().map(|reader| reader.watch(0)).collect();
                let mut pages: Vec<&mut dyn Wait> = Vec::new();
                pages.extend(watches.iter_mut().map(|watch| -> &mut dyn Wait { watch }));
                starts.send(fs::read_link("/proc/thread-self").unwrap()).unwrap();
                while events.send(wait_any(&mut pages, None)).is_ok() {}
            });
            let sleeper = Path::new("/proc").join(started.recv().unwrap());
            for page in [0, last / 2, last] {
                wait_until_asleep(&sleeper);
                writers[page].set(7).unwrap();
                assert_eq!(reported.recv_timeout(WATCHDOG).unwrap(), [(page, Waited::Changed)]);
            }
        }
    });
}

#[test]
fn all_events_of_many_pages_are_returned_at_once() {
    ends(|| {
        let (folder, page) = new_path();
        let (mut writers, readers) = create_pages(folder.path(), 3);
        let mut follower = Follower::<u64>::open(&page).unwrap();
        let mut watches: Vec<_> = readers.iter().map(|reader| reader.watch(0)).collect();
        let [a, b, c] = &mut watches[..] else { unreachable!() };
        let mut pages: [&mut dyn Wait; 4] = [a, b, c, &mut follower];
        assert_eq!(wait_any(&mut pages, Some(Duration::from_millis(1))), []);
        writers[0].set(5).unwrap();
        drop(writers.pop());
        assert_eq!(wait_any(&mut pages, None), [(0, Waited::Changed), (2, Waited::Ended)]);
        let _writer = Writer::create(&page, 1_u64, &Options::new()).unwrap();
        assert_eq!(wait_any(&mut pages, None), [(3, Waited::Changed)]);
        assert_eq!(wait_any(&mut [], Some(Duration::ZERO)), []);
    });
}

/// Only the switches of this process may be counted, and other tests run beside this one: so it runs again, alone.
#[test]
fn a_thousand_idle_pages_wake_no_thread() {
    if is_emulated() {
        return leave_out(
            "an emulator has no futex_waitv, without which waiters look ten times a second",
        );
    }
    let alone = ["--exact", "events::count_the_switches_of_a_thousand_idle_pages", "--ignored"];
    let test = this_program().args(alone).output().unwrap();
    let output = String::from_utf8_lossy(&test.stdout);
    assert!(test.status.success() && output.contains("1 passed"), "{output}");
}

#[test]
#[ignore = "runs by a_thousand_idle_pages_wake_no_thread"]
fn count_the_switches_of_a_thousand_idle_pages() {
    let (folder, _page) = new_path();
    let (mut writers, readers) = create_pages(folder.path(), 1000);
    let (starts, started) = channel();
    let (events, reported) = channel();
    thread::spawn(move || {
        let mut watches: Vec<_> = readers.iter().map(|reader| reader.watch(0)).collect();
        let mut pages: Vec<&mut dyn Wait> = Vec::new();
        pages.extend(watches.iter_mut().map(|watch| -> &mut dyn Wait { watch }));
        starts.send(fs::read_link("/proc/thread-self").unwrap()).unwrap();
        events.send(wait_any(&mut pages, None)).unwrap();
    });
    wait_until_asleep(&Path::new("/proc").join(started.recv().unwrap()));
    let main = fs::read_link("/proc/thread-self").unwrap();
    let others = || fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let is_other = |task: &std::path::PathBuf| !main.ends_with(task.file_name().unwrap());
    let sum =
        || others().filter(is_other).map(|task| voluntary_switches(task.join("status"))).sum();
    // The threads have started when no more of them appear and all sleep.
    let start = Instant::now();
    while others().count() < 17 {
        assert!(start.elapsed() < WATCHDOG, "{} threads", others().count());
        thread::yield_now();
    }
    others().filter(is_other).for_each(|task| wait_until_asleep(&task));
    let before: u64 = sum();
    thread::sleep(Duration::from_millis(1500));
    let after: u64 = sum();
    // A poll in each millisecond or each ten would be 150 to 1500 for each thread.
    assert!(after - before <= 60, "{before} to {after}");
    writers[999].set(1).unwrap();
    assert_eq!(reported.recv_timeout(WATCHDOG).unwrap(), [(999, Waited::Changed)]);
}
