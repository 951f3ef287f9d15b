// SPDX-License-Identifier: MIT OR Apache-2.0
//! The bytes of a page's file, as PROTOCOL.md has them. Numbers here are the document's, not the crate's.

use core::time::Duration;
use std::fs;
use std::fs::OpenOptions;
use std::path::Path;

use rustix::time::{ClockId, clock_gettime};
use tearfree_page::{
    ByteReader, ByteWriter, Error, Freshness, Options, Reader, Schema, Writer, WriterState,
    boot_id_text, remove,
};

use crate::support::{Quote, new_path, quote, set_word_in_file, word_in_file};

const COUNT: usize = 128;
const STATE: usize = 136;
const WRITER_COUNT: usize = 192;
/// The slots of a page of `Quote`s.
const SLOTS: [usize; 2] = [448, 576];
const PUBLISHED_NS: usize = 0;
const VALID_UNTIL: usize = 8;
const TIME_NAMESPACE: usize = 16;
const NO_PROMISE: u64 = u64::MAX;
/// How far a time of day may be off: that clock can be set while a test runs.
const DAY: u64 = 86_400_000_000_000;

/// Reads a 4-byte number of a page's file.
fn half_in_file(page: &Path, offset: usize) -> u32 {
    let bytes = fs::read(page.join("page")).unwrap();
    u32::from_ne_bytes(bytes[offset..offset + 4].try_into().unwrap())
}

fn inode(namespace: &str) -> u64 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(format!("/proc/self/ns/{namespace}")).unwrap().ino()
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    u64::try_from(time.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap()
}

#[test]
fn a_new_page_has_the_bytes_of_the_document() {
    let (_folder, page) = new_path();
    let options = Options::new().wakes(true).lifetime(Duration::from_secs(3600));
    let before = nanoseconds(ClockId::Boottime);
    let writer = Writer::create(&page, quote(5), &options).unwrap();
    let after = nanoseconds(ClockId::Boottime);
    let bytes = fs::read(page.join("page")).unwrap();
    assert_eq!(bytes.len(), 448 + 2 * 128 + "price:f64 quantity:u64".len());
    assert_eq!(bytes[..8], *b"\x89TFP\r\n\x1a\n");
    assert_eq!(half_in_file(&page, 8), 0x0A0B_0C0D);
    assert_eq!(bytes[12..16], [1_u16, 0].map(u16::to_ne_bytes).concat()[..], "version 1.0");
    assert_eq!(word_in_file(&page, 16), bytes.len() as u64);
    assert_eq!([32, 36, 40, 44].map(|offset| half_in_file(&page, offset)), [16, 8, 22, 1]);
    assert_ne!(word_in_file(&page, 48), 0, "the ID is random");
    let created = word_in_file(&page, 56);
    assert!(nanoseconds(ClockId::Realtime).abs_diff(created) < DAY, "{created}");
    let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert_eq!(boot_id_text(&bytes[64..80].try_into().unwrap()), boot_id.trim());
    assert_eq!((word_in_file(&page, COUNT), word_in_file(&page, WRITER_COUNT)), (0, 0));
    let promise = before + 3_600_000_000_000..=after + 3_600_000_000_000;
    let [published, until, namespace] =
        [PUBLISHED_NS, VALID_UNTIL, TIME_NAMESPACE].map(|at| word_in_file(&page, SLOTS[0] + at));
    assert!((before..=after).contains(&published), "by CLOCK_BOOTTIME");
    assert!(promise.contains(&until), "by CLOCK_BOOTTIME");
    assert_eq!(namespace, inode("time"));
    assert_eq!(half_in_file(&page, STATE), 1);
    let value = [5_f64.to_bits(), 5].map(u64::to_ne_bytes).concat();
    assert_eq!((&bytes[512..528], &bytes[704..]), (&value[..], &b"price:f64 quantity:u64"[..]));
    for rest in [96..128, 144..192, 472..512, 528..704] {
        assert!(bytes[rest.clone()].iter().all(|byte| *byte == 0), "{rest:?} is unused");
    }

    assert_eq!(writer.geometry().page_id, word_in_file(&page, 48));
    assert_eq!(writer.geometry().created_ns, created);
    assert_eq!(writer.geometry().boot_id[..], bytes[64..80]);
    assert_eq!(writer.geometry().total_len, bytes.len());
}

#[test]
fn the_record_of_a_writer_describes_its_process() {
    let (_folder, page) = new_path();
    let options = Options::new().lifetime(Duration::from_secs(7));
    // What `/proc/self/stat` has, which qemu invents for its own process.
    let stat = fs::read_to_string(format!("/proc/self/task/{0}/stat", std::process::id())).unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let start_time: u64 = fields.split_whitespace().nth(19).unwrap().parse().unwrap();
    let user = rustix::process::geteuid().as_raw();
    drop(Writer::create(&page, quote(5), &options).unwrap());
    for (takeovers, record) in [(0, 256), (1, 320), (2, 256)] {
        if takeovers > 0 {
            drop(Writer::<Quote>::take_over(&page, &options).unwrap());
        }
        assert_eq!(word_in_file(&page, WRITER_COUNT), 2 * takeovers);
        assert_eq!(word_in_file(&page, record), takeovers);
        assert_eq!(half_in_file(&page, record + 8), std::process::id());
        assert_eq!(half_in_file(&page, record + 12), user);
        assert_eq!(word_in_file(&page, record + 16), inode("pid"));
        assert_eq!(word_in_file(&page, record + 24), start_time);
        let since = word_in_file(&page, record + 32);
        assert!(nanoseconds(ClockId::Realtime).abs_diff(since) < DAY, "{since}");
        assert_eq!(word_in_file(&page, record + 40), 7_000_000_000);
        let reader = Reader::<Quote>::open(&page).unwrap();
        let identity = reader.writer().unwrap();
        assert_eq!(
            (identity.takeovers(), identity.lifetime()),
            (takeovers, Duration::from_secs(7))
        );
        assert_eq!((identity.pid(), identity.uid()), (std::process::id(), user));
        assert_eq!((identity.pid_namespace(), identity.start_time()), (inode("pid"), start_time));
        assert_eq!((identity.since_ns(), identity.is_running()), (since, Some(true)));
        assert_eq!(identity.boot_id(), reader.geometry().boot_id);
        let boot_id = boot_id_text(&reader.geometry().boot_id);
        for part in [format!("pid {}", std::process::id()), format!("user {user}"), boot_id] {
            assert!(identity.to_string().contains(&part), "{part} in {identity}");
        }
    }
}

#[test]
fn the_state_follows_the_writer() {
    let (_folder, page) = new_path();
    let options = Options::new().replace(true);
    let writer = Writer::create(&page, quote(5), &options).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    let state = || (half_in_file(&page, STATE), reader.writer_state());
    assert_eq!(state(), (1, WriterState::Live));
    drop(writer);
    assert_eq!(state(), (2, WriterState::Ended));
    let writer = Writer::<Quote>::take_over(&page, &options).unwrap();
    assert_eq!(state(), (1, WriterState::Live));
    for other in [0, 2, 4, u32::MAX] {
        set_word_in_file(&page, STATE as u64, other.into());
        assert_eq!(reader.writer_state(), WriterState::Ended, "{other}");
        assert_eq!(reader.read().unwrap().writer_state(), WriterState::Ended, "{other}");
    }
    drop(writer);
    fs::hard_link(page.join("page"), page.join("old")).unwrap();
    let _writer = Writer::create(&page, 7_u64, &options).unwrap();
    let old = fs::read(page.join("old")).unwrap();
    assert_eq!(
        (&old[STATE..STATE + 4], &old[COUNT..COUNT + 8]),
        (&3_u32.to_ne_bytes()[..], &0_u64.to_ne_bytes()[..]),
        "nothing but the state changes in the old page"
    );
    assert_eq!(reader.writer_state(), WriterState::Superseded);
    assert_eq!(half_in_file(&page, STATE), 1, "the new page has a writer");
}

/// The last writer may have lived in another time namespace.
#[test]
fn a_new_writer_promises_by_its_own_clock() {
    let (_folder, page) = new_path();
    let hour = Options::new().lifetime(Duration::from_secs(3600));
    drop(Writer::create(&page, quote(5), &hour).unwrap());
    set_word_in_file(&page, (SLOTS[0] + TIME_NAMESPACE) as u64, inode("time") + 1);
    let reader = Reader::<Quote>::open(&page).unwrap();
    assert_eq!(reader.freshness(), Freshness::Unknown);
    let mut writer = Writer::<Quote>::take_over(&page, &hour).unwrap();
    assert_eq!(reader.freshness(), Freshness::Unknown, "the value is still the other writer's");
    writer.set(quote(6)).unwrap();
    assert_eq!(word_in_file(&page, SLOTS[1] + TIME_NAMESPACE), inode("time"));
    assert!(matches!(reader.read().unwrap().freshness(), Freshness::Fresh(_)));
    assert!(word_in_file(&page, SLOTS[1] + VALID_UNTIL) > nanoseconds(ClockId::Boottime));
    drop(writer);
    drop(Writer::create(&page, quote(7), &Options::new()).unwrap());
    assert_eq!(word_in_file(&page, SLOTS[0] + VALID_UNTIL), NO_PROMISE);
}

#[test]
fn each_page_has_an_id_of_its_own() {
    let (_folder, page) = new_path();
    let id = |page: &Path| Reader::<u64>::open(page).unwrap().geometry().page_id;
    let create = || drop(Writer::create(&page, 7_u64, &Options::new().replace(true)).unwrap());
    create();
    let first = id(&page);
    create();
    assert_eq!(id(&page), first, "the same page, taken over");
    remove(&page).unwrap();
    create();
    assert_ne!(id(&page), first);
    let (_folder, other) = new_path();
    drop(Writer::create(&other, 7_u64, &Options::new()).unwrap());
    assert_ne!(id(&other), id(&page));
}

/// The flag is in the header, which never changes: readers rely on it for as long as they map the page.
#[test]
fn a_page_without_waking_is_replaced_by_one_with_it() {
    for wakes in [false, true] {
        let (_folder, page) = new_path();
        let create = |wakes| Writer::create(&page, quote(1), &Options::new().wakes(wakes)).unwrap();
        drop(create(wakes));
        let old = Reader::<Quote>::open(&page).unwrap();
        assert_eq!(old.geometry().wakes, wakes);
        drop(create(wakes));
        assert_eq!((old.generation(), old.writer_state()), (1, WriterState::Ended), "taken over");
        let writer = create(!wakes);
        assert_eq!((writer.generation(), writer.geometry().wakes), (2, !wakes), "it goes on");
        assert_eq!(old.writer_state(), WriterState::Superseded);
        let new = Reader::<Quote>::open(&page).unwrap();
        assert_eq!((new.geometry().wakes, new.get()), (!wakes, Ok(quote(1))));
    }
}

/// A page may be longer than this version's longest one: a newer minor version has more behind it.
#[test]
fn the_largest_page_is_read_and_so_is_a_longer_file() {
    const LARGEST: usize = 1 << 24;
    let (_folder, page) = new_path();
    let schema: Schema = format!("value:u8[{LARGEST}]").parse().unwrap();
    let mut value = vec![3; LARGEST];
    value[LARGEST - 1] = 4;
    let mut writer = ByteWriter::create(&page, &schema, &value, &Options::new()).unwrap();
    let file = OpenOptions::new().write(true).open(page.join("page")).unwrap();
    file.set_len(1 << 30).unwrap();
    let reader = ByteReader::open(&page).unwrap();
    assert!(reader.read().unwrap().value == value);
    value[0] = 5;
    writer.set(&value).unwrap();
    assert!(reader.read().unwrap().value == value);
    assert_eq!(reader.geometry().schema, schema);
}

#[test]
fn the_error_of_a_missing_page_names_it() {
    let (_folder, page) = new_path();
    for error in [
        Reader::<u64>::open(&page).unwrap_err(),
        ByteReader::open(&page).unwrap_err(),
        Writer::<u64>::take_over(&page, &Options::new()).unwrap_err(),
        remove(&page).unwrap_err(),
    ] {
        assert!(matches!(&error, Error::Missing(path) if *path == page), "{error}");
        assert!(error.to_string().contains(page.to_str().unwrap()), "{error}");
        assert!(error.to_string().contains("start its writer"), "{error}");
    }
    assert!(!page.exists());
}
