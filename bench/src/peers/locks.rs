// SPDX-License-Identifier: MIT OR Apache-2.0
//! Locks of std and `parking_lot`. Poisoning is ignored: a panic ends this program.
//!
//! At their best: the value is copied once, under the guard.

use std::sync::{Mutex, PoisonError, RwLock};

use crate::contestant::Direct;

/// Implements `Direct` for a lock, with the expressions that take it for reading and for writing.
macro_rules! direct {
    ($lock:ty, $name:literal, $self:ident, $for_reading:expr, $for_writing:expr) => {
        impl<T: Copy> Direct<T> for $lock {
            const NAME: &'static str = $name;

            fn new(value: T) -> Self {
                Self::new(value)
            }

            #[inline(always)]
            fn read(&$self) -> T {
                *$for_reading
            }

            #[inline(always)]
            fn read_into(&$self, out: &mut T) {
                *out = *$for_reading;
            }

            #[inline(always)]
            fn set(&$self, value: &T) {
                *$for_writing = *value;
            }
        }
    };
}

direct!(parking_lot::RwLock<T>, "pl RwLock", self, Self::read(self), self.write());
direct!(parking_lot::Mutex<T>, "pl Mutex", self, self.lock(), self.lock());
direct!(
    RwLock<T>,
    "std RwLock",
    self,
    Self::read(self).unwrap_or_else(PoisonError::into_inner),
    self.write().unwrap_or_else(PoisonError::into_inner)
);
direct!(
    Mutex<T>,
    "std Mutex",
    self,
    self.lock().unwrap_or_else(PoisonError::into_inner),
    self.lock().unwrap_or_else(PoisonError::into_inner)
);
