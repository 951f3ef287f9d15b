// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting, and following a name.

use core::time::Duration;
use std::fs;
use std::sync::{Arc, mpsc};

use tearfree_page::{ByteReader, ByteWriter, Options, Waited};

use crate::peers::{
    Language, Peer, WATCHDOG, bytes, c, has_c, hexadecimal, languages, new_path, schema, text,
};

#[test]
fn each_writer_wakes_waiters_in_rust() {
    for language in languages() {
        let (_folder, page) = new_path();
        let mut peer = Peer::write(language, &page, &["wakes"]);
        let mut seen = peer.publish(1);
        let reader = Arc::new(ByteReader::open(&page).unwrap());
        for number in 2..12 {
            let (report, reported) = mpsc::channel();
            let waiting = Arc::clone(&reader);
            // Not a scoped thread: if it is not woken, it is left behind, and the test fails.
            std::thread::spawn(move || report.send(waiting.wait_changed(seen, None)));
            // Without this the waiter may see the value before it sleeps.
            std::thread::sleep(Duration::from_millis(5));
            seen = peer.publish(number);
            assert_eq!(reported.recv_timeout(WATCHDOG), Ok(Waited::Changed), "the waiter is woken");
        }
        peer.end();
    }
}

/// A waiter in C, for each way in which a wait ends, with and without being woken.
#[test]
fn a_wait_in_c_ends_with_what_happens_first() {
    if !has_c() {
        return;
    }
    let create = |options: &Options| {
        let (folder, page) = new_path();
        let writer = ByteWriter::create(&page, &schema(), &bytes(1), options).unwrap();
        let wait = c(&["wait", text(&page.join("page"))]);
        let mut peer = Peer::start(Language::C, wait);
        assert_eq!(peer.answer(), 0);
        (folder, page, writer, peer)
    };
    for wakes in [true, false] {
        let options = Options::new().wakes(wakes);
        let (_folder, _, mut writer, mut peer) = create(&options);
        writer.set(&bytes(2)).unwrap();
        assert_eq!(peer.next_line(), "changed 1");
        let (_folder, _, writer, mut peer) = create(&options);
        drop(writer);
        assert_eq!(peer.next_line(), "ended 0");
        let (_folder, page, writer, mut peer) = create(&options);
        fs::remove_file(page.join("lock")).unwrap();
        let next = ByteWriter::take_over(&page, &Options::new()).unwrap();
        assert_eq!(peer.next_line(), "superseded 0");
        drop((writer, next));
        let promised = options.clone().lifetime(Duration::from_millis(50));
        let (_folder, _, _writer, mut peer) = create(&promised);
        assert_eq!(peer.next_line(), "stale 0");
    }
}

/// What the follower in C prints: incarnation, generation, value.
fn next_value(follower: &mut Peer) -> (u64, u64, String) {
    let line = follower.next_line();
    let words: Vec<_> = line.split(' ').collect();
    let [incarnation, generation, value] = words[..] else { panic!("{line:?}") };
    (incarnation.parse().unwrap(), generation.parse().unwrap(), value.to_owned())
}

#[test]
fn a_follower_in_c_sees_each_page_that_has_the_name() {
    if !has_c() {
        return;
    }
    for language in languages() {
        let (_folder, page) = new_path();
        let mut follower = Peer::start(Language::C, c(&["follow", text(&page)]));
        let mut last = (0, 0);
        let mut expect = |number| {
            let (incarnation, generation, value) = next_value(&mut follower);
            assert_eq!(value, hexadecimal(&bytes(number)));
            assert!((incarnation, generation) > last, "{incarnation} {generation} after {last:?}");
            last = (incarnation, generation);
        };
        // Before there is a page, and then its writer, replaced by the same fields with another option.
        let mut peer = Peer::write(language, &page, &[]);
        peer.publish(1);
        expect(1);
        peer.publish(2);
        expect(2);
        peer.end();
        let writer =
            ByteWriter::create(&page, &schema(), &bytes(3), &Options::new().wakes(true)).unwrap();
        expect(3);
        // Removed by hand, and made again: the count begins at 0.
        fs::remove_dir_all(&page).unwrap();
        let mut peer = Peer::write(language, &page, &[]);
        assert_eq!(peer.publish(4), 0);
        expect(4);
        drop(writer);
        peer.end();
        tearfree_page::remove(&page).unwrap();
        let mut writer = ByteWriter::create(&page, &schema(), &bytes(5), &Options::new()).unwrap();
        expect(5);
        writer.set(&bytes(6)).unwrap();
        expect(6);
        follower.end();
    }
}

/// A backup of the page that is put in its place is older than what was seen.
#[test]
fn a_follower_does_not_go_back_to_a_copy() {
    if !has_c() {
        return;
    }
    for language in languages() {
        let (folder, page) = new_path();
        let mut peer = Peer::write(language, &page, &[]);
        peer.publish(1);
        let copy = folder.path().join("copy");
        fs::copy(page.join("page"), &copy).unwrap();
        peer.publish(2);
        let mut follower = Peer::start(Language::C, c(&["follow", text(&page)]));
        assert_eq!(next_value(&mut follower).2, hexadecimal(&bytes(2)));
        let mut ours = tearfree_page::ByteFollower::open(&page).unwrap();
        assert_eq!(ours.read().unwrap().value, bytes(2));
        peer.end();
        fs::rename(&copy, page.join("page")).unwrap();
        assert_eq!(ours.wait(Some(Duration::from_secs(2))), Waited::Ended);
        assert_eq!(ours.read().unwrap().value, bytes(2));
        // Nothing more is printed than what was there before.
        drop(follower.child.stdin.take());
        assert_eq!(follower.next_line(), "");
    }
}
