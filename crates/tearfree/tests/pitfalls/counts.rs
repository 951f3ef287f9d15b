// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pitfalls of counts: wrap-around, words of other owners, read-only memory.
#![allow(unsafe_code, reason = "counts over words that have another owner")]

use tearfree::{LatchCount, SeqCount};

use crate::support::Watchdog;

/// The last even count of 32 bits.
const LAST_EVEN: u32 = u32::MAX - 1;

#[test]
fn a_count_of_32_bits_wraps_without_a_panic_and_stays_even() {
    let mut word = LAST_EVEN;
    // SAFETY: the word is aligned, and nothing else touches it while `count` lives.
    let count = unsafe { SeqCount::from_ptr(&raw mut word) };
    let before = count.read_begin();
    count.write_begin();
    assert_eq!(count.sequence(), u32::MAX);
    assert_eq!(count.try_read_begin(), None);
    assert!(count.read_retry(before));
    assert!(count.read_retry(count.raw_read_begin()));
    count.write_end();
    assert_eq!(count.sequence(), 0);
    assert!(count.read_retry(before), "a read from before the wrap must fail");
    assert!(!count.read_retry(count.read_begin()));
}

#[test]
fn every_way_to_move_a_count_wraps() {
    let _watchdog = Watchdog::over("every_way_to_move_a_count_wraps");
    for step in [SeqCount::invalidate, SeqCount::barrier, |count: &SeqCount<u32>| {
        drop(count.write());
    }] {
        let mut word = LAST_EVEN;
        // SAFETY: the word is aligned, and nothing else touches it while `count` lives.
        let count = unsafe { SeqCount::from_ptr(&raw mut word) };
        let before = count.read_begin();
        step(count);
        assert!(count.read_retry(before));
        assert_eq!(count.sequence(), 0);
        step(count);
        assert_eq!(count.sequence(), 2);
    }
}

#[test]
fn a_latch_count_of_32_bits_wraps_and_names_the_right_slot() {
    let mut word = LAST_EVEN;
    // SAFETY: the word is aligned, and nothing else touches it while `count` lives.
    let count = unsafe { LatchCount::from_ptr(&raw mut word) };
    let before = count.read_begin();
    count.write_begin();
    assert_eq!((count.sequence(), count.read_begin().slot()), (u32::MAX, 1));
    count.write_flip();
    assert_eq!((count.sequence(), count.read_begin().slot()), (0, 0));
    count.write_end();
    assert!(count.read_retry(before));
}

#[test]
fn a_count_over_a_word_leaves_the_neighbours_of_the_word_alone() {
    fn with<C: tearfree::Count>(words: &mut [C; 3], canary: C) {
        // SAFETY: the word is aligned, and nothing else touches it while `count` lives.
        let count = unsafe { SeqCount::from_ptr(&raw mut words[1]) };
        count.write_begin();
        count.write_end();
        count.invalidate();
        count.barrier();
        drop(count.write());
        let moved = count.sequence();
        assert_eq!((words[0], words[2]), (canary, canary));
        assert_eq!(words[1], moved);
    }
    let mut words = [u32::MAX, 0, u32::MAX];
    with(&mut words, u32::MAX);
    assert_eq!(words[1], 8);
    with(&mut [usize::MAX, 0, usize::MAX], usize::MAX);
    #[cfg(target_has_atomic = "64")]
    with(&mut [u64::MAX, 0, u64::MAX], u64::MAX);
}

#[cfg(all(target_os = "linux", not(miri)))]
mod read_only {
    use core::ptr::null_mut;

    use tearfree::{Count, LatchCount, SeqCount};

    /// A page that was written once and can only be read since.
    struct Page(*mut u8);

    const LEN: usize = 4096;

    impl Page {
        fn with<C: Count>(first: C) -> Self {
            let (prot, flags) =
                (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            // SAFETY: a new mapping touches no memory of ours.
            let page = unsafe { libc::mmap(null_mut(), LEN, prot, flags, -1, 0) };
            assert_ne!(page, libc::MAP_FAILED);
            // SAFETY: the page is ours, writable, and aligned for everything.
            unsafe { page.cast::<C>().write(first) };
            // SAFETY: the page is ours, and nothing refers to it yet.
            assert_eq!(unsafe { libc::mprotect(page, LEN, libc::PROT_READ) }, 0);
            Page(page.cast())
        }

        /// The kernel itself, asked to write there, refuses.
        fn refuses_writes(&self) -> bool {
            let (mut ends, byte) = ([0; 2], [1_u8]);
            // SAFETY: `ends` has room for both ends.
            assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
            // SAFETY: one byte is read from `byte`.
            assert_eq!(unsafe { libc::write(ends[1], byte.as_ptr().cast(), 1) }, 1);
            // SAFETY: the call writes to the page, or fails because that is read-only.
            let read = unsafe { libc::read(ends[0], self.0.cast(), 1) };
            let error = std::io::Error::last_os_error().raw_os_error();
            for end in ends {
                // SAFETY: both ends are open and ours.
                unsafe { libc::close(end) };
            }
            read == -1 && error == Some(libc::EFAULT)
        }
    }

    impl Drop for Page {
        fn drop(&mut self) {
            // SAFETY: the page is ours, and no reference to it is left.
            unsafe { libc::munmap(self.0.cast(), LEN) };
        }
    }

    fn a_reader_writes_nothing<C: Count>(even: C) {
        let page = Page::with(even);
        assert!(page.refuses_writes(), "the page can be written, so this test shows nothing");
        // SAFETY: the page holds an aligned `C`, and no process can write to it.
        let count = unsafe { SeqCount::<C>::from_ptr(page.0.cast()) };
        assert_eq!(count.read(|| 5), 5);
        assert!(!count.read_retry(count.read_begin()));
        assert!(!count.read_retry(count.raw_read_begin()));
        assert!(count.try_read_begin().is_some());
        assert_eq!(count.sequence(), even);
        // SAFETY: as above.
        let latch = unsafe { LatchCount::<C>::from_ptr(page.0.cast()) };
        assert_eq!(latch.read(|slot| slot), 0);
    }

    #[test]
    fn a_reader_works_on_a_read_only_mapping() {
        a_reader_writes_nothing(6_u32);
        a_reader_writes_nothing(6_usize);
        #[cfg(target_has_atomic = "64")]
        a_reader_writes_nothing(6_u64);
    }

    #[test]
    fn a_reader_that_finds_an_odd_count_on_a_read_only_mapping_can_give_up() {
        let page = Page::with(7_u32);
        // SAFETY: the page holds an aligned `u32`, and no process can write to it.
        let count = unsafe { SeqCount::<u32>::from_ptr(page.0.cast()) };
        assert_eq!(count.try_read_begin(), None);
        assert!(count.read_retry(count.raw_read_begin()));
    }
}
