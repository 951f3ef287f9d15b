// SPDX-License-Identifier: MIT OR Apache-2.0
//! Locks of std and `parking_lot`. Poisoning is ignored: a panic ends this program.
//!
//! At their best: the value is copied once, under the guard.

use std::sync::{Mutex, PoisonError, RwLock};

use crate::contestant::Direct;

impl<T: Copy> Direct<T> for parking_lot::RwLock<T> {
    const NAME: &'static str = "pl RwLock";

    fn new(value: T) -> Self {
        Self::new(value)
    }

    #[inline(always)]
    fn read(&self) -> T {
        *Self::read(self)
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        *out = *Self::read(self);
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        *self.write() = *value;
    }
}

impl<T: Copy> Direct<T> for parking_lot::Mutex<T> {
    const NAME: &'static str = "pl Mutex";

    fn new(value: T) -> Self {
        Self::new(value)
    }

    #[inline(always)]
    fn read(&self) -> T {
        *self.lock()
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        *out = *self.lock();
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        *self.lock() = *value;
    }
}

impl<T: Copy> Direct<T> for RwLock<T> {
    const NAME: &'static str = "std RwLock";

    fn new(value: T) -> Self {
        Self::new(value)
    }

    #[inline(always)]
    fn read(&self) -> T {
        *Self::read(self).unwrap_or_else(PoisonError::into_inner)
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        *out = *Self::read(self).unwrap_or_else(PoisonError::into_inner);
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        *self.write().unwrap_or_else(PoisonError::into_inner) = *value;
    }
}

impl<T: Copy> Direct<T> for Mutex<T> {
    const NAME: &'static str = "std Mutex";

    fn new(value: T) -> Self {
        Self::new(value)
    }

    #[inline(always)]
    fn read(&self) -> T {
        *self.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        *out = *self.lock().unwrap_or_else(PoisonError::into_inner);
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        *self.lock().unwrap_or_else(PoisonError::into_inner) = *value;
    }
}
