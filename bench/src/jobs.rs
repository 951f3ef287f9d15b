// SPDX-License-Identifier: MIT OR Apache-2.0
//! The operations that every contestant does on one thread.

use core::hint::black_box;
use core::marker::PhantomData;
use core::time::Duration;
use std::time::Instant;

use crate::alone::Job;
use crate::contestant::{Contestant, Read, Write};
use crate::payload::Payload;
use crate::placement::{MidPage, PageAligned};

/// The generation of the expected value, which fits into a byte.
const GENERATION: u32 = 0xE5;

/// `read()`: the value is returned.
pub(crate) struct ReadValue<T, C> {
    cell: Box<PageAligned<C>>,
    holds: PhantomData<T>,
}

/// `read_into()`: the value is copied into the caller's buffer.
pub(crate) struct ReadInto<T, C> {
    cell: Box<PageAligned<C>>,
    out: Box<MidPage<T>>,
}

/// `set()`: a value in the caller's memory is published.
pub(crate) struct Set<T, C> {
    cell: Box<PageAligned<C>>,
    value: Box<MidPage<T>>,
}

/// `set()`, then `read_into()`: each read returns a new value.
pub(crate) struct SetRead<T, C> {
    cell: Box<PageAligned<C>>,
    value: Box<MidPage<T>>,
    out: Box<MidPage<T>>,
}

fn cell<T: Payload, C: Contestant<T>>(generation: u32) -> Box<PageAligned<C>> {
    Box::new(PageAligned(C::new(T::from_generation(generation))))
}

impl<T: Payload, C: Contestant<T> + 'static> ReadValue<T, C> {
    pub(crate) fn job() -> Box<dyn Job> {
        Box::new(Self { cell: cell::<T, C>(GENERATION), holds: PhantomData })
    }
}

impl<T: Payload, C: Contestant<T> + 'static> ReadInto<T, C> {
    pub(crate) fn job() -> Box<dyn Job> {
        Box::new(Self { cell: cell::<T, C>(GENERATION), out: MidPage::new(T::from_generation(0)) })
    }
}

impl<T: Payload, C: Contestant<T> + 'static> Set<T, C> {
    pub(crate) fn job() -> Box<dyn Job> {
        Box::new(Self {
            cell: cell::<T, C>(0),
            value: MidPage::new(T::from_generation(GENERATION)),
        })
    }
}

impl<T: Payload, C: Contestant<T> + 'static> SetRead<T, C> {
    pub(crate) fn job() -> Box<dyn Job> {
        let (value, out) =
            (MidPage::new(T::from_generation(GENERATION)), MidPage::new(T::from_generation(0)));
        Box::new(Self { cell: cell::<T, C>(0), value, out })
    }
}

impl<T: Payload, C: Contestant<T>> Job for ReadValue<T, C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    #[inline(never)]
    fn time(&mut self, times: u64) -> Duration {
        let mut reader = black_box(&self.cell.0).reader();
        let start = Instant::now();
        reader.read_times(times);
        start.elapsed()
    }

    fn is_right(&mut self) -> bool {
        self.cell.0.reader().read().generation() == Some(GENERATION)
    }
}

impl<T: Payload, C: Contestant<T>> Job for ReadInto<T, C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    #[inline(never)]
    fn time(&mut self, times: u64) -> Duration {
        let mut reader = black_box(&self.cell.0).reader();
        let out = black_box(&mut self.out.value);
        let start = Instant::now();
        reader.read_into_times(out, times);
        start.elapsed()
    }

    fn is_right(&mut self) -> bool {
        self.out.value.generation() == Some(GENERATION)
    }
}

impl<T: Payload, C: Contestant<T>> Job for Set<T, C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    #[inline(never)]
    fn time(&mut self, times: u64) -> Duration {
        let mut writer = black_box(&self.cell.0).writer();
        let value = black_box(&self.value.value);
        let start = Instant::now();
        writer.set_times(value, times);
        start.elapsed()
    }

    fn is_right(&mut self) -> bool {
        // Not `read`: for large values the compiler takes seconds for some peers.
        let mut out = MidPage::new(T::from_generation(0));
        self.cell.0.reader().read_into(&mut out.value);
        out.value.generation() == Some(GENERATION)
    }
}

impl<T: Payload, C: Contestant<T>> Job for SetRead<T, C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    #[inline(never)]
    fn time(&mut self, times: u64) -> Duration {
        let cell = black_box(&self.cell.0);
        let (mut writer, mut reader) = (cell.writer(), cell.reader());
        let mut value = black_box(&self.value.value);
        let out = black_box(&mut self.out.value);
        let start = Instant::now();
        for _ in 0..times {
            writer.set(value);
            value = black_box(value);
            reader.read_into(out);
            black_box(&mut *out);
        }
        start.elapsed()
    }

    fn is_right(&mut self) -> bool {
        self.out.value.generation() == Some(GENERATION)
    }
}
