// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writer and reader in one process: what each method does, and what it refuses.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use core::time::Duration;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Instant;
use std::{fs, thread};

use rustix::fs::{CWD, FileType, MemfdFlags, Mode, SealFlags};
use rustix::fs::{fcntl_add_seals, memfd_create, mknodat};
use tearfree_page::{
    ByteReader, ByteWriter, Error, Freshness, Options, Owner, Reader, Waited, Writer, WriterState,
    field, payload, remove,
};
use tempfile::TempDir;

payload! {
    #[derive(Debug, PartialEq)]
    struct Quote {
        price: f64,
        quantity: u64,
    }
}

payload! {
    struct Nested {
        quotes: [Quote; 2],
        history: [f32; 4],
    }
}

fn quote(generation: u64) -> Quote {
    Quote { price: f64::from(u32::try_from(generation).unwrap()), quantity: generation }
}

/// Returns a path for one page, in a folder that is removed when dropped.
fn new_path() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("quote");
    (folder, page)
}

#[test]
fn a_reader_sees_each_publication_and_its_generation() {
    let (_folder, page) = new_path();
    let mut writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    for generation in 0..5 {
        let reading = reader.read().unwrap();
        assert_eq!((reading.value, reading.generation), (quote(generation), generation));
        assert_eq!(reading.freshness(), Freshness::Unpromised);
        assert_eq!(reading.writer_state(), WriterState::Live);
        assert_eq!(reader.get(), Ok(quote(generation)));
        let mut into = quote(77);
        assert_eq!((reader.get_into(&mut into), into), (Ok(()), quote(generation)));
        into = quote(77);
        assert_eq!(reader.read_into(&mut into).unwrap().generation, generation);
        assert_eq!((into, writer.get()), (quote(generation), quote(generation)));
        let fields = (field!(Quote, quantity), field!(Quote, price));
        let Quote { price, quantity } = quote(generation);
        assert_eq!(reader.read_fields(fields), Ok((quantity, price)));
        let (current, result) = reader.read_current(|| 1).unwrap();
        assert_eq!((current.value, result), (quote(generation), 1));
        writer.set(quote(generation + 1));
    }
    assert_eq!(writer.update(|quote| quote.quantity), 5);
    assert_eq!(reader.generation(), 6);
    assert_eq!(writer.replace(quote(6)), quote(5));
    let discard = |quote: &mut Quote| {
        quote.quantity = 7;
        Err::<(), _>("no")
    };
    assert_eq!(writer.update_or_discard(discard), Err("no"));
    assert_eq!((reader.get(), reader.generation()), (Ok(quote(6)), 7));
}

/// One publication does not touch the slot that is being read, so the copy is not torn, but not current.
#[test]
fn read_current_repeats_after_a_publication() {
    let (_folder, page) = new_path();
    let mut writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    let mut tries = 0;
    let publish_once = || {
        tries += 1;
        if tries == 1 {
            writer.set(quote(1));
        }
    };
    let (current, ()) = reader.read_current(publish_once).unwrap();
    assert_eq!((current.value, current.generation, tries), (quote(1), 1, 2));
}

#[test]
fn nested_structs_and_arrays_are_named_in_the_schema() {
    let schema = tearfree_page::schema_of::<Nested>().unwrap();
    let text = "quotes._0.price:f64 quotes._0.quantity:u64 quotes._1.price:f64 \
                quotes._1.quantity:u64 history:f32[4]";
    assert_eq!(schema.to_string(), text);
    assert_eq!(text.parse(), Ok(schema.clone()));
    assert_eq!(schema.size(), size_of::<Nested>());
}

#[test]
fn a_new_writer_continues_the_count_of_the_last_one() {
    let (_folder, page) = new_path();
    let mut first = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    first.set(quote(1));
    drop(first);
    assert_eq!(reader.writer_state(), WriterState::Ended);
    assert_eq!(reader.read().unwrap().value, quote(1));

    let second = Writer::<Quote>::take_over(&page, &Options::new()).unwrap();
    assert_eq!((second.get(), second.generation()), (quote(1), 1));
    assert_eq!(reader.writer_state(), WriterState::Live);
    assert_eq!(reader.writer().unwrap().takeovers(), 1);
    drop(second);

    let third = Writer::create(&page, quote(2), &Options::new()).unwrap();
    assert_eq!((third.generation(), third.identity().unwrap().takeovers()), (2, 2));
    let reading = reader.read().unwrap();
    assert_eq!((reading.value, reading.generation), (quote(2), 2));
}

#[test]
fn the_error_of_a_second_writer_names_the_first() {
    let (_folder, page) = new_path();
    let _first = Writer::create(&page, quote(0), &Options::new()).unwrap();
    for _ in 0..2 {
        let error = Writer::create(&page, quote(1), &Options::new()).unwrap_err();
        let Error::Busy { pid, writer, .. } = &error else { panic!("{error}") };
        assert_eq!(*pid, Some(std::process::id()));
        assert_eq!(writer.as_ref().unwrap().pid(), std::process::id());
        assert!(error.to_string().contains("this process"), "{error}");
    }
    assert!(matches!(remove(&page), Err(Error::Busy { .. })));
    assert_eq!(Reader::<Quote>::open(&page).unwrap().read().unwrap().value, quote(0));
}

#[test]
fn a_page_of_another_schema_is_refused_or_replaced() {
    let (_folder, page) = new_path();
    drop(Writer::create(&page, quote(3), &Options::new()).unwrap());
    let opened = Reader::<u64>::open(&page).unwrap_err();
    let created = Writer::create(&page, 7_u64, &Options::new()).unwrap_err();
    let taken = Writer::<u64>::take_over(&page, &Options::new()).unwrap_err();
    for error in [opened, created, taken] {
        let text = error.to_string();
        for part in ["price:f64 quantity:u64", "value:u64", "replace the page"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    let old = Reader::<Quote>::open(&page).unwrap();
    assert_eq!(old.read().unwrap().value, quote(3), "the page is unchanged");

    let _writer = Writer::create(&page, 7_u64, &Options::new().replace(true)).unwrap();
    assert_eq!(old.writer_state(), WriterState::Superseded);
    assert_eq!(old.wait_changed(old.generation(), None), Waited::Superseded);
    assert_eq!(old.read().unwrap().value, quote(3), "its readers keep the last value");
    assert_eq!(Reader::<u64>::open(&page).unwrap().read().unwrap().value, 7);
}

#[test]
fn a_value_turns_stale_when_its_promise_expires_and_fresh_again() {
    let (_folder, page) = new_path();
    let promise = Duration::from_millis(50);
    let mut writer = Writer::create(&page, quote(0), &Options::new().lifetime(promise)).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    let is_stale = || matches!(reader.freshness(), Freshness::Stale(_));
    let watchdog = Instant::now();
    while !is_stale() {
        assert!(watchdog.elapsed() < Duration::from_secs(60), "never stale");
        thread::sleep(Duration::from_millis(5));
    }
    assert!(matches!(reader.read().unwrap().freshness(), Freshness::Stale(_)));
    drop(writer);
    let hour = Options::new().lifetime(Duration::from_secs(3600));
    writer = Writer::take_over(&page, &hour).unwrap();
    assert!(is_stale(), "a take-over does not make the old value fresh");
    writer.touch();
    assert!(matches!(reader.freshness(), Freshness::Fresh(_)));
    writer.set(quote(1));
    assert!(matches!(reader.read().unwrap().freshness(), Freshness::Fresh(left) if left > promise));
}

#[test]
fn a_waiter_sees_the_next_publication() {
    for wakes in [false, true] {
        let (_folder, page) = new_path();
        let mut writer = Writer::create(&page, quote(0), &Options::new().wakes(wakes)).unwrap();
        let reader = Reader::<Quote>::open(&page).unwrap();
        assert_eq!(reader.wait_changed(0, Some(Duration::from_millis(20))), Waited::TimedOut);
        let mut seen = 0;
        thread::scope(|scope| {
            scope.spawn(|| {
                for generation in 1..=100 {
                    writer.set(quote(generation));
                    thread::sleep(Duration::from_micros(300));
                }
            });
            while seen < 100 {
                assert_eq!(
                    reader.wait_changed(seen, Some(Duration::from_secs(60))),
                    Waited::Changed
                );
                let reading = reader.read_if_changed(&mut seen).unwrap().expect("it changed");
                assert_eq!(reading.value, quote(reading.generation));
            }
        });
    }
}

#[test]
fn each_word_is_stored_and_loaded_by_itself() {
    let (_folder, page) = new_path();
    let writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    for index in 0..8 {
        assert_eq!(reader.word(index), 0);
        writer.set_word(index, u64::MAX - index as u64);
    }
    assert_eq!([0, 7].map(|index| reader.word(index)), [u64::MAX, u64::MAX - 7]);
    assert_eq!(reader.read().unwrap().value, quote(0));
}

#[test]
fn a_removed_page_is_gone_and_its_readers_see_it() {
    let (_folder, page) = new_path();
    drop(Writer::create(&page, quote(4), &Options::new()).unwrap());
    let reader = Reader::<Quote>::open(&page).unwrap();
    remove(&page).unwrap();
    assert!(!page.exists());
    assert_eq!(reader.writer_state(), WriterState::Superseded);
    assert_eq!(reader.read().unwrap().value, quote(4));
    assert!(matches!(Reader::<Quote>::open(&page), Err(Error::Missing(_))));
    assert!(matches!(remove(&page), Err(Error::Missing(_))));
    assert!(matches!(Writer::<Quote>::take_over(&page, &Options::new()), Err(Error::Missing(_))));
}

#[test]
fn files_have_the_documented_permissions() {
    let (_folder, page) = new_path();
    let writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let mode = |file: &str| fs::metadata(page.join(file)).unwrap().mode() & 0o7777;
    assert_eq!((mode("page"), mode("lock"), mode("")), (0o644, 0o600, 0o755));
    drop(writer);
    remove(&page).unwrap();
    let _writer = Writer::create(&page, quote(0), &Options::new().mode(0o7777)).unwrap();
    assert_eq!(mode("page"), 0o644, "bits outside 0644 are ignored");
    let private = page.with_extension("private");
    let _private = Writer::create(&private, 0_u8, &Options::new().mode(0)).unwrap();
    assert_eq!(fs::metadata(private.join("page")).unwrap().mode() & 0o7777, 0o600);
}

#[test]
fn links_are_not_followed_and_special_files_not_opened() {
    let (folder, page) = new_path();
    drop(Writer::create(&page, quote(0), &Options::new()).unwrap());
    let link = folder.path().join("link");
    symlink(&page, &link).unwrap();
    assert!(matches!(Reader::<Quote>::open(&link), Err(Error::NotAFile(_))));
    assert!(matches!(Writer::create(&link, quote(1), &Options::new()), Err(Error::NotAFile(_))));

    let fake = folder.path().join("fake");
    fs::create_dir(&fake).unwrap();
    symlink(page.join("page"), fake.join("page")).unwrap();
    assert!(matches!(Reader::<Quote>::open(&fake), Err(Error::NotAFile(_))));
    assert!(matches!(Writer::create(&fake, quote(1), &Options::new()), Err(Error::NotAFile(_))));

    // Opening a pipe would block until a writer opens it.
    fs::remove_file(fake.join("page")).unwrap();
    mknodat(CWD, fake.join("page"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    assert!(matches!(Reader::<Quote>::open(&fake), Err(Error::NotAFile(_))));
    fs::remove_file(fake.join("lock")).unwrap();
    symlink(page.join("lock"), fake.join("lock")).unwrap();
    assert!(matches!(Writer::create(&fake, quote(1), &Options::new()), Err(Error::NotAFile(_))));
}

#[test]
fn a_directory_that_others_may_write_to_is_refused() {
    let (_folder, page) = new_path();
    fs::create_dir(&page).unwrap();
    fs::set_permissions(&page, fs::Permissions::from_mode(0o777)).unwrap();
    let error = Writer::create(&page, quote(0), &Options::new()).unwrap_err();
    assert!(matches!(error, Error::Owner { mode: 0o777, .. }), "{error}");
}

#[test]
fn a_reader_can_require_an_owner() {
    let (_folder, page) = new_path();
    let _writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let owner = fs::metadata(&page).unwrap().uid();
    for trusted in [Owner::ThisUserOrRoot, Owner::User(owner), Owner::Any] {
        assert!(Reader::<Quote>::open_owned_by(&page, trusted).is_ok(), "{trusted:?}");
    }
    let error = Reader::<Quote>::open_owned_by(&page, Owner::User(owner + 1)).unwrap_err();
    assert!(error.to_string().contains("is trusted"), "{error}");
}

#[test]
fn a_sealed_page_is_sent_and_read() {
    let mut writer = Writer::create_sealed("quote", quote(0), &Options::new()).unwrap();
    let (here, there) = UnixStream::pair().unwrap();
    writer.send(&here).unwrap();
    let reader = Reader::<Quote>::receive(&there).unwrap();
    writer.set(quote(1));
    assert_eq!(reader.read().unwrap().value, quote(1));
    assert!(reader.geometry().sealed);
    drop(writer);
    assert_eq!(
        (reader.read().unwrap().value, reader.writer_state()),
        (quote(1), WriterState::Ended)
    );
    drop(here);
    assert!(matches!(Reader::<Quote>::receive(&there), Err(Error::NotSent)));
}

#[test]
fn a_memory_file_with_a_missing_seal_is_refused() {
    let writer = Writer::create_sealed("quote", quote(0), &Options::new()).unwrap();
    assert!(Reader::<Quote>::open_sealed(writer.sealed_file().unwrap()).is_ok());
    let all = SealFlags::SHRINK | SealFlags::GROW | SealFlags::FUTURE_WRITE | SealFlags::SEAL;
    for missing in [SealFlags::SHRINK, SealFlags::FUTURE_WRITE, SealFlags::SEAL, all] {
        let file = memfd_create("x", MemfdFlags::ALLOW_SEALING).unwrap();
        fcntl_add_seals(&file, all - missing).unwrap();
        assert!(
            matches!(Reader::<Quote>::open_sealed(&file), Err(Error::NotSealed)),
            "{missing:?}"
        );
    }
    let (_folder, page) = new_path();
    let named = Writer::create(&page, quote(0), &Options::new()).unwrap();
    assert!(matches!(named.inheritable(), Err(Error::NotSealed)));
    let file = fs::File::open(page.join("page")).unwrap();
    assert!(matches!(Reader::<Quote>::open_sealed(&file), Err(Error::NotSealed)));
}

#[test]
fn bytes_and_types_share_a_page() {
    let (_folder, page) = new_path();
    let schema = tearfree_page::schema_of::<Quote>().unwrap();
    let mut writer = ByteWriter::create(&page, &schema, &[0; 16], &Options::new()).unwrap();
    assert!(matches!(writer.set(&[0; 15]), Err(Error::Size { given: 15, wanted: 16 })));
    writer.set(&[1_u64.to_ne_bytes(), 9_u64.to_ne_bytes()].concat()).unwrap();
    assert_eq!(Reader::<Quote>::open(&page).unwrap().read().unwrap().value.quantity, 9);
    let reader = ByteReader::open(&page).unwrap();
    assert_eq!(reader.geometry().schema, schema);
    assert_eq!(reader.read().unwrap().value, writer.get());
}

#[test]
fn invalid_names_and_paths_are_refused_with_advice() {
    for name in ["a b", ""] {
        let error = Reader::<u64>::open(name).unwrap_err();
        assert!(error.to_string().contains("a path contains a '/'"), "{error}");
    }
    let (folder, _) = new_path();
    let file = folder.path().join("file");
    fs::write(&file, "no page").unwrap();
    assert!(matches!(Reader::<u64>::open(&file), Err(Error::NotAFile(_))));
    let error = Writer::create(folder.path().join("no/where"), 1_u8, &Options::new()).unwrap_err();
    assert!(matches!(error, Error::System { .. }), "{error}");
}
