// SPDX-License-Identifier: MIT OR Apache-2.0
//! No reader of any member of the family sees a torn value, whatever its shape.

use core::marker::PhantomData;
use core::mem::replace;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::Mutex;

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{
    Count, DefaultLock, LatchCount, Reader, SeqCount, SeqLatch, SeqLock, Writer, field,
};

use crate::experiment::{Subject, race};
use crate::support::payload::{self, Bytes, Mixed, SelfChecking, Words};

/// One way to race payloads of the type `T`.
trait Way<T: SelfChecking>: Sync + Sized {
    const SHOWS_RETRIES: bool = false;
    fn new(first: T) -> Self;
    fn put(&self, value: T);
    fn get(&self) -> T;
    fn try_get(&self) -> Option<T> {
        Some(self.get())
    }
}

/// A [`Way`] with its payload, as the experiment wants it.
struct Raced<T, W>(W, PhantomData<T>);

impl<T: SelfChecking, W: Way<T>> Subject for Raced<T, W> {
    const ORDERED: bool = T::ORDERED;
    const SHOWS_RETRIES: bool = W::SHOWS_RETRIES;

    fn put(&self, generation: u64) {
        self.0.put(T::new(generation));
    }

    fn get(&self) -> u64 {
        self.0.get().generation()
    }

    fn try_get(&self) -> Option<u64> {
        self.0.try_get().map(|value| value.generation())
    }

    fn cut(generation: u64) -> u64 {
        T::new(generation).generation()
    }
}

fn race_shape<T: SelfChecking, W: Way<T>>() {
    race(&Raced(W::new(T::new(0)), PhantomData::<T>));
}

/// Races every shape of payload.
macro_rules! race_every_shape {
    ($way:ident) => {
        race_every_shape!($way: Bytes<3>, Bytes<17>, Mixed);
        #[cfg(not(miri))]
        race_every_shape!($way: u64_alone::Word, Bytes<8>, Bytes<37>);
        #[cfg(not(miri))]
        race_every_shape!($way: Bytes<100>, Bytes<257>, payload::Line, Words<40>, Words<512>);
    };
    ($way:ident: $($shape:ty),*) => {
        $(race_shape::<$shape, $way<$shape>>();)*
    };
}

#[cfg(not(miri))]
mod u64_alone {
    use crate::support::payload::SelfChecking;

    /// Eight bytes that are aligned, so that one move copies them.
    #[derive(Clone, Copy)]
    pub(super) struct Word(u64);

    impl SelfChecking for Word {
        fn new(generation: u64) -> Self {
            let low = generation & 0xFFFF_FFFF;
            Word(low | low << 32)
        }

        fn generation(&self) -> u64 {
            assert_eq!(self.0 >> 32, self.0 & 0xFFFF_FFFF, "torn");
            self.0 >> 32
        }
    }
}

type BySet<T> = SeqLock<T>;

impl<T: SelfChecking> Way<T> for SeqLock<T> {
    const SHOWS_RETRIES: bool = true;

    fn new(first: T) -> Self {
        SeqLock::new(first)
    }

    fn put(&self, value: T) {
        self.set(value);
    }

    fn get(&self) -> T {
        self.read()
    }

    fn try_get(&self) -> Option<T> {
        self.try_read()
    }
}

#[test]
fn a_seqlock_is_never_torn() {
    race_every_shape!(BySet);
}

/// The other ways to write, and to read, with the lock that spins.
struct Otherwise<T>(SeqLock<T, SpinLock>);

impl<T: SelfChecking> Way<T> for Otherwise<T> {
    fn new(first: T) -> Self {
        Otherwise(SeqLock::with_lock(first, SpinLock::new()))
    }

    fn put(&self, value: T) {
        if value.generation() % 2 == 0 {
            *self.0.write() = value;
        } else {
            let old = self.0.update(|current| replace(current, value)).generation();
            assert!(old < value.generation() || !T::ORDERED);
        }
    }

    fn get(&self) -> T {
        let mut mine = T::new(u64::MAX);
        self.0.read_into(&mut mine);
        mine
    }

    fn try_get(&self) -> Option<T> {
        let (first, first_version) = self.0.read_versioned();
        let mut seen = first_version;
        if let Some(second) = self.0.read_if_changed(&mut seen) {
            assert_ne!(seen, first_version);
            assert!(second.generation() > first.generation() || !T::ORDERED);
            return Some(second);
        }
        assert_eq!(seen, first_version);
        Some(first)
    }
}

#[test]
fn a_seqlock_is_never_torn_by_update_and_guard_and_read_into() {
    race_every_shape!(Otherwise);
}

/// Readers that keep writers out: the lock alone has to make their copy whole.
struct Locking<T>(SeqLock<T>);

impl<T: SelfChecking> Way<T> for Locking<T> {
    fn new(first: T) -> Self {
        Locking(SeqLock::new(first))
    }

    fn put(&self, value: T) {
        self.0.set(value);
    }

    fn get(&self) -> T {
        let still = self.0.read_excl();
        assert_eq!(self.0.try_read().map(|value| value.generation()), Some(still.generation()));
        *still
    }

    fn try_get(&self) -> Option<T> {
        Some(self.0.read_or_lock())
    }
}

#[test]
fn a_locking_reader_keeps_writers_out() {
    race_every_shape!(Locking);
}

/// The one writer without a lock. Only the writing thread uses the mutex.
struct Split<T: 'static> {
    writer: Mutex<Writer<&'static SeqLock<T>>>,
    reader: Reader<&'static SeqLock<T>>,
}

impl<T: SelfChecking> Way<T> for Split<T> {
    const SHOWS_RETRIES: bool = true;

    fn new(first: T) -> Self {
        let (writer, reader) = Box::leak(Box::new(SeqLock::new(first))).split();
        Split { writer: Mutex::new(writer), reader }
    }

    fn put(&self, value: T) {
        self.writer.lock().unwrap().set(value);
    }

    fn get(&self) -> T {
        self.reader.read()
    }

    fn try_get(&self) -> Option<T> {
        self.reader.try_read()
    }
}

#[test]
#[cfg_attr(miri, ignore = "leaks the lock, as programs do")]
fn a_split_lock_is_never_torn() {
    race_every_shape!(Split);
}

impl<T: SelfChecking> Way<T> for SeqLatch<T> {
    fn new(first: T) -> Self {
        SeqLatch::new(first)
    }

    fn put(&self, value: T) {
        self.set(value);
    }

    fn get(&self) -> T {
        self.read()
    }
}

#[test]
fn a_latch_is_never_torn() {
    race_every_shape!(SeqLatch);
}

/// Words of the program's own under a bare count.
struct Counted<C: Count, const N: usize> {
    count: SeqCount<C>,
    words: [AtomicU64; N],
}

impl<C: Count, const N: usize> Way<Words<N>> for Counted<C, N> {
    const SHOWS_RETRIES: bool = true;

    fn new(first: Words<N>) -> Self {
        Counted { count: SeqCount::new(), words: first.0.map(AtomicU64::new) }
    }

    fn put(&self, value: Words<N>) {
        let _section = self.count.write();
        self.words.iter().zip(value.0).for_each(|(word, value)| word.store(value, Relaxed));
    }

    fn get(&self) -> Words<N> {
        self.count.read(|| Words(self.words.each_ref().map(|word| word.load(Relaxed))))
    }

    fn try_get(&self) -> Option<Words<N>> {
        let start = self.count.try_read_begin()?;
        let words = self.words.each_ref().map(|word| word.load(Relaxed));
        (!self.count.read_retry(start)).then_some(Words(words))
    }
}

#[test]
fn atomics_under_a_bare_count_are_never_torn() {
    race_shape::<Words<2>, Counted<usize, 2>>();
    race_shape::<Words<40>, Counted<u32, 40>>();
    #[cfg(target_has_atomic = "64")]
    race_shape::<Words<512>, Counted<u64, 512>>();
}

/// Two sets of words of the program's own under a bare latch.
struct Latched<const N: usize> {
    count: LatchCount<u32>,
    slots: [[AtomicU64; N]; 2],
}

impl<const N: usize> Way<Words<N>> for Latched<N> {
    const SHOWS_RETRIES: bool = true;

    fn new(first: Words<N>) -> Self {
        let slot = || first.0.map(AtomicU64::new);
        Latched { count: LatchCount::new(), slots: [slot(), slot()] }
    }

    fn put(&self, value: Words<N>) {
        let store = |slot: &[AtomicU64; N]| {
            slot.iter().zip(value.0).for_each(|(word, value)| word.store(value, Relaxed));
        };
        self.count.write_begin();
        store(&self.slots[0]);
        self.count.write_flip();
        store(&self.slots[1]);
        self.count.write_end();
    }

    fn get(&self) -> Words<N> {
        self.count.read(|slot| Words(self.slots[slot].each_ref().map(|word| word.load(Relaxed))))
    }

    fn try_get(&self) -> Option<Words<N>> {
        let start = self.count.read_begin();
        let words = self.slots[start.slot()].each_ref().map(|word| word.load(Relaxed));
        (!self.count.read_retry(start)).then_some(Words(words))
    }
}

#[test]
fn atomics_under_a_bare_latch_are_never_torn() {
    race_shape::<Words<2>, Latched<2>>();
    race_shape::<Words<40>, Latched<40>>();
    race_shape::<Words<512>, Latched<512>>();
}

/// A large value, of which readers look at fields that are far apart.
#[repr(C)]
#[derive(Clone, Copy)]
struct Book {
    flag: bool,
    first: Words<3>,
    depth: Words<400>,
    name: Mixed,
    last: Words<2>,
}

struct Fields<L>(SeqLock<Book, L>);

impl<L: WriterLock + Sync> Subject for Fields<L> {
    const SHOWS_RETRIES: bool = false;

    fn put(&self, generation: u64) {
        let (first, depth) = (Words::new(generation), Words::new(generation));
        let (name, last) = (Mixed::new(generation), Words::new(generation));
        self.0.set(Book { flag: generation % 2 == 0, first, depth, name, last });
    }

    fn get(&self) -> u64 {
        let (flag, name, last) =
            self.0.read_fields((field!(Book, flag), field!(Book, name), field!(Book, last)));
        assert_eq!((flag, name.generation()), (last.generation() % 2 == 0, last.0[0]));
        last.generation()
    }

    fn try_get(&self) -> Option<u64> {
        #[cfg(feature = "zerocopy")]
        {
            let (first, last) = self.0.read_with(|book| {
                (book.get(field!(Book, first.0)), book.get(field!(Book, last.0)))
            });
            assert_eq!(Words(first).generation(), Words(last).generation(), "fields of two writes");
            Some(first[0])
        }
        #[cfg(not(feature = "zerocopy"))]
        Some(self.get())
    }
}

#[test]
fn fields_that_are_read_together_belong_to_one_write() {
    fn with<L: WriterLock + Sync>() {
        let (first, depth) = (Words::new(0), Words::new(0));
        let book = Book { flag: true, first, depth, name: Mixed::new(0), last: Words::new(0) };
        race(&Fields(SeqLock::<_, L>::from(book)));
    }
    with::<DefaultLock>();
    with::<SpinLock>();
}
