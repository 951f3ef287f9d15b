// SPDX-License-Identifier: MIT OR Apache-2.0
//! `arc-swap`: readers borrow a counted pointer, each write allocates.
//!
//! At its best: a reader keeps a `Cache`, which its documentation advises for the fastest reads; where each access is to
//! another cell, `load`. Readers could use the value in place; here they copy it, as all contestants do.

use std::sync::Arc;

use arc_swap::{ArcSwap, Cache};

use crate::contestant::{Contestant, Copies, Direct, Read, Write};

const NAME: &str = "arc-swap";

/// Readers that keep a `Cache`, which the documentation advises for the fastest reads.
pub(crate) struct Cached<T>(ArcSwap<T>);

pub(crate) struct CachedReader<'a, T>(Cache<&'a ArcSwap<T>, Arc<T>>);

pub(crate) struct CachedWriter<'a, T>(&'a ArcSwap<T>);

impl<T: Copy + Send + Sync + 'static> Contestant<T> for Cached<T> {
    const NAME: &'static str = NAME;
    const ON_HEAP: bool = true;
    /// `Arc::new` builds the value before it allocates.
    const COPIES: Copies = Copies::exactly(2, 1);

    type Reader<'a> = CachedReader<'a, T>;
    type Writer<'a> = CachedWriter<'a, T>;

    fn new(value: T) -> Self {
        Self(ArcSwap::from_pointee(value))
    }

    fn reader(&self) -> CachedReader<'_, T> {
        CachedReader(Cache::new(&self.0))
    }

    fn writer(&self) -> CachedWriter<'_, T> {
        CachedWriter(&self.0)
    }
}

impl<T: Copy> Read<T> for CachedReader<'_, T> {
    #[inline(always)]
    fn read(&mut self) -> T {
        **self.0.load()
    }

    #[inline(always)]
    fn read_into(&mut self, out: &mut T) {
        *out = **self.0.load();
    }
}

impl<T: Copy> Write<T> for CachedWriter<'_, T> {
    #[inline(always)]
    fn set(&mut self, value: &T) {
        self.0.store(Arc::new(*value));
    }
}

/// Readers without a cache, where each access is to another one of many cells.
pub(crate) struct Swap<T>(ArcSwap<T>);

impl<T: Copy> Direct<T> for Swap<T> {
    const NAME: &'static str = NAME;
    const ON_HEAP: bool = true;

    fn new(value: T) -> Self {
        Self(ArcSwap::from_pointee(value))
    }

    #[inline(always)]
    fn read(&self) -> T {
        **self.0.load()
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        *out = **self.0.load();
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        self.0.store(Arc::new(*value));
    }
}
