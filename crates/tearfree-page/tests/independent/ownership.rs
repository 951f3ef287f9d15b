// SPDX-License-Identifier: MIT OR Apache-2.0
//! One page, and writers in several languages: which one has it, and who goes on.

use std::fs;

use tearfree_page::{ByteReader, ByteWriter, Error, Lost, Options, WriterState};

use crate::peers::{
    Language, Peer, SCHEMA, bytes, c, has_c, languages, new_path, read_newest, schema, text,
};

/// What the generation skips where the earlier writer may be alive.
const GAP: u64 = 1 << 20;

#[test]
fn each_takes_over_from_the_others() {
    for language in languages() {
        let (_folder, page) = new_path();
        let mut peer = Peer::write(language, &page, &[]);
        peer.publish(1);
        let refused = ByteWriter::take_over(&page, &Options::new());
        assert!(matches!(refused, Err(Error::Busy { .. })), "{refused:?}");
        peer.end();

        let mut writer = ByteWriter::take_over(&page, &Options::new()).unwrap();
        assert_eq!(writer.get(), bytes(1));
        writer.set(&bytes(2)).unwrap();
        let generation = writer.generation();
        for other in languages() {
            let mut refused = Peer::write(other, &page, &[]);
            refused.send(3);
            assert!(refused.error().contains("another writer has the lock"), "{other:?}");
        }
        assert_eq!(read_newest(&page), (bytes(2), generation));
        drop(writer);

        let mut next = generation;
        let mut takeovers = 1;
        for other in languages() {
            for writes in [other, language] {
                let mut peer = Peer::write(writes, &page, &[]);
                next += 1;
                takeovers += 1;
                assert_eq!(peer.publish(4), next);
                assert_eq!(read_newest(&page), (bytes(4), next));
                let writer = ByteReader::open(&page).unwrap().writer().unwrap();
                assert_eq!(writer.takeovers(), takeovers);
                peer.end();
            }
        }
        let writer = ByteWriter::create(&page, &schema(), &bytes(5), &Options::new()).unwrap();
        assert_eq!(read_newest(&page), (bytes(5), next + 1));
        assert_eq!(writer.generation(), next + 1);
    }
}

/// Both begin at the same moment, on a page that is there or not. Whichever gets it has it until both have answered.
#[test]
fn of_two_writers_one_gets_the_page_and_the_other_an_error() {
    for language in languages() {
        let (_folder, page) = new_path();
        for round in 0..40 {
            if round % 2 == 0 {
                let _ = fs::remove_dir_all(&page);
            }
            let mut peer = Peer::write(language, &page, &[]);
            peer.send(round);
            let ours = ByteWriter::create(&page, &schema(), &bytes(round), &Options::new());
            let answer = peer.next_line();
            match ours {
                Ok(writer) => {
                    assert_eq!(answer, "", "both got the page");
                    assert!(peer.error().contains("another writer has the lock"));
                    assert_eq!(read_newest(&page), (bytes(round), writer.generation()));
                }
                Err(Error::Busy { .. }) => {
                    let generation =
                        answer.parse().unwrap_or_else(|_| panic!("neither: {}", peer.error()));
                    assert_eq!(read_newest(&page), (bytes(round), generation));
                    peer.end();
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn a_killed_writer_has_a_successor_languages() {
    for language in languages() {
        let (_folder, page) = new_path();
        let mut peer = Peer::write(language, &page, &[]);
        peer.publish(1);
        let mut generation = peer.publish(2);
        peer.kill();
        for next in languages() {
            let mut peer = Peer::write(next, &page, &[]);
            generation += 1;
            assert_eq!(peer.publish(3), generation, "it goes on in the page of a dead process");
            assert_eq!(read_newest(&page), (bytes(3), generation));
            peer.kill();
        }
        let writer = ByteWriter::take_over(&page, &Options::new()).unwrap();
        assert_eq!((writer.get(), writer.generation()), (bytes(3), generation));
    }
}

/// Killed at a random moment of its publications, again and again, each time with a successor in another language.
#[test]
fn a_writer_that_is_killed_anywhere_leaves_a_whole_value_and_its_generation() {
    const COUNT: usize = 512;
    if !has_c() {
        return;
    }
    let (_folder, page) = new_path();
    let count = COUNT.to_string();
    let mut last = 0;
    for round in 0..60 {
        let hammer = c(&["hammer", text(&page), &count]);
        let mut peer = Peer::start(Language::C, hammer);
        let first = peer.answer();
        assert!(round == 0 || first == last + 1, "generation {first} follows {last}");
        let reader = ByteReader::open(&page).unwrap();
        while reader.read().unwrap().generation < first + 100 + round {
            core::hint::spin_loop();
        }
        peer.kill();
        let (value, generation) = read_newest(&page);
        assert!(generation >= first + 100 + round);
        assert_eq!(value, whole(COUNT, generation));
        let mut writer = ByteWriter::take_over(&page, &Options::new()).unwrap();
        assert_eq!((writer.get(), writer.generation()), (value, generation));
        writer.set(&whole(COUNT, generation + 1)).unwrap();
        last = generation + 1;
    }
}

/// The value that `hammer` publishes as a generation.
fn whole(count: usize, generation: u64) -> Vec<u8> {
    generation.to_ne_bytes().repeat(count)
}

#[test]
fn a_writer_that_lost_its_lock_is_told_whatever_language_the_next_one_is_in() {
    for language in languages() {
        let (_folder, page) = new_path();
        let mut peer = Peer::write(language, &page, &[]);
        let generation = peer.publish(1);
        let old = ByteReader::open(&page).unwrap();
        fs::remove_file(page.join("lock")).unwrap();
        let mut writer = ByteWriter::take_over(&page, &Options::new()).unwrap();
        assert_eq!(old.writer_state(), WriterState::Superseded);
        assert_eq!((writer.get(), writer.generation()), (bytes(1), generation + GAP));
        peer.send(2);
        assert!(peer.error().contains("another owner"), "{language:?}");
        writer.set(&bytes(3)).unwrap();
        let generation = writer.generation();

        // The other way round: Rust loses its page to the other language.
        fs::remove_file(page.join("lock")).unwrap();
        let mut peer = Peer::write(language, &page, &[]);
        let next = peer.publish(4);
        assert_eq!(next, generation + GAP + u64::from(language == Language::C));
        assert_eq!(
            writer.set(&bytes(5)).unwrap_err().to_string(),
            Error::from(Lost::TakenOver).to_string()
        );
        drop(writer);
        assert_eq!(read_newest(&page), (bytes(4), next));
        assert_eq!(ByteReader::open(&page).unwrap().writer_state(), WriterState::Live);
        peer.end();
    }
}

/// Its process may be alive, or another one that found the same page under another lock.
#[test]
fn a_page_of_another_lock_file_is_not_continued_in_place() {
    for language in languages() {
        let (_folder, page) = new_path();
        drop(ByteWriter::create(&page, &schema(), &bytes(1), &Options::new()).unwrap());
        let old = ByteReader::open(&page).unwrap();
        fs::rename(page.join("lock"), page.join("old")).unwrap();
        let mut peer = Peer::write(language, &page, &[]);
        assert!(peer.publish(2) >= GAP, "{language:?}");
        assert_eq!(old.writer_state(), WriterState::Superseded);
        peer.end();
    }
}

#[test]
fn a_page_that_is_replaced_is_superseded() {
    for language in languages() {
        let (_folder, page) = new_path();
        let writer = ByteWriter::create(&page, &schema(), &bytes(1), &Options::new()).unwrap();
        writer.set_word(3, 33).unwrap();
        drop(writer);
        let reader = ByteReader::open(&page).unwrap();
        // Other options: a new page.
        let mut peer = Peer::write(language, &page, &["wakes"]);
        let generation = peer.publish(2);
        assert!(generation > reader.read().unwrap().generation);
        assert_eq!(reader.writer_state(), WriterState::Superseded);
        assert_eq!(reader.read().unwrap().value, bytes(1));
        let new = ByteReader::open(&page).unwrap();
        assert_eq!(crate::peers::read(&new), (bytes(2), generation));
        assert!(new.geometry().wakes);
        assert!(new.geometry().incarnation > reader.geometry().incarnation);
        peer.end();
        assert_eq!(fs::read_dir(&page).unwrap().count(), 2, "the lock and the page");
    }
}

#[test]
fn a_page_that_c_removes_is_gone_and_files_of_others_stay() {
    if !has_c() {
        return;
    }
    let (_folder, page) = new_path();
    let remove = || c(&["remove", text(&page)]).output().unwrap();
    let writer = ByteWriter::create(&page, &schema(), &bytes(1), &Options::new()).unwrap();
    let refused = remove();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("another writer has the lock"));
    drop(writer);
    let reader = ByteReader::open(&page).unwrap();
    fs::write(page.join("note"), "of the user").unwrap();
    assert!(remove().status.success());
    assert_eq!(reader.writer_state(), WriterState::Superseded);
    let names: Vec<_> =
        fs::read_dir(&page).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["note"]);
    fs::remove_file(page.join("note")).unwrap();
    let mut peer = Peer::write_schema(Language::C, &page, SCHEMA, &[]);
    assert_eq!(peer.publish(2), 0);
    peer.end();
    assert!(remove().status.success() && !page.exists());
}
