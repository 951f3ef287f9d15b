// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that is not atomic: two accesses at once, one of them a write, are a failure.
#![expect(
    unsafe_code,
    reason = "a cell of a block that a thread allocated is read through a pointer"
)]

use core::any::Any;
use core::cell::RefCell;
use core::fmt;
use core::ptr;

use crate::atomic::{AtomicUsize, Word};
use crate::event::Strength;
use crate::heap::Reader;
use crate::replay::{self, Kind, Place};

/// A word that is not atomic: if two threads are at it at once, the program has failed.
#[derive(Debug)]
#[repr(transparent)]
pub struct Plain {
    start: AtomicUsize,
}

impl Plain {
    /// A word that holds `value` when the threads start.
    #[must_use]
    pub const fn new(value: usize) -> Self {
        Plain { start: AtomicUsize::new(value) }
    }

    /// The same word, for accesses that are atomic.
    pub(crate) fn as_atomic(&self) -> &AtomicUsize {
        &self.start
    }

    /// Reads it.
    ///
    /// # Panics
    /// Outside of a program's threads.
    #[track_caller]
    pub fn get(&self) -> usize {
        let read = replay::load(self.start.place(), Strength::Plain);
        read.map(Word::of).expect("only a thread of a program gets at a plain word")
    }

    /// Writes it.
    ///
    /// # Panics
    /// Outside of a program's threads.
    #[track_caller]
    pub fn set(&self, value: usize) {
        let written = replay::store(self.start.place(), value.bits(), Strength::Plain);
        written.expect("only a thread of a program gets at a plain word");
    }
}

thread_local! {
    /// The values of cells in all executions of a program. Events have their numbers.
    static VALUES: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// The number of a value: equal ones have the same.
fn number<T: Clone + PartialEq + 'static>(value: &T) -> u64 {
    VALUES.with_borrow_mut(|values| {
        let is_it = |known: &Box<dyn Any>| known.downcast_ref() == Some(value);
        let known = values.iter().position(is_it).unwrap_or_else(|| {
            values.push(Box::new(value.clone()));
            values.len() - 1
        });
        known as u64
    })
}

/// Forgets the values of the program before.
pub(crate) fn forget_values() {
    // A destructor may use a cell.
    drop(VALUES.take());
}

/// An `UnsafeCell` that reports data races, with the calls of loom's.
///
/// Each thread of each execution finds the value that it would find there, so values are cloned and
/// compared: data, and pointers to what [`heap`](crate::heap) has made. A pointer that a closure gets
/// is to such a clone, and dangles when the closure returns.
///
/// # Examples
/// ```
/// use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
/// use tearfree_axm::cell::UnsafeCell;
/// use tearfree_axm::{AtomicBool, Program};
///
/// let program = |publish| {
///     Program::new((UnsafeCell::new("before"), AtomicBool::new(false)))
///         .silent(move |(text, is_ready)| {
///             // SAFETY: the pointer is valid until the closure returns.
///             text.with_mut(|text| unsafe { *text = "after" });
///             is_ready.store(true, publish);
///         })
///         .thread(|(text, is_ready)| match is_ready.load(Acquire) {
///             // SAFETY: as above.
///             true => text.with(|text| unsafe { *text }.to_owned()),
///             false => "not ready".to_owned(),
///         })
/// };
/// assert_eq!(program(Release).explore().seen(), ["after", "not ready"]);
/// let report = program(Relaxed).explore();
/// assert!(report.failures.keys().next().unwrap().starts_with("data race"));
/// ```
pub struct UnsafeCell<T> {
    start: RefCell<T>,
}

impl<T> UnsafeCell<T> {
    /// Creates a cell that holds `value` when the threads start.
    #[must_use]
    pub const fn new(value: T) -> Self {
        UnsafeCell { start: RefCell::new(value) }
    }

    /// As in `core`.
    ///
    /// # Panics
    /// In a thread of a program: the cell has moved, and words go by their addresses.
    #[track_caller]
    pub fn into_inner(self) -> T
    where
        T: Clone,
    {
        assert!(!replay::is_running(), "`into_inner` in a thread of a program");
        self.start.borrow().clone()
    }
}

impl<T: Clone + PartialEq + 'static> UnsafeCell<T> {
    fn place(&self) -> Place {
        Place {
            address: ptr::from_ref(self).addr(),
            size: size_of::<Self>(),
            initial: number(&*self.start.borrow()),
            kind: Kind::Word,
            made_by: None,
            reader: Reader(Self::start_at),
        }
    }

    /// # Safety
    /// `cell` points to a cell of this type.
    unsafe fn start_at(cell: *const ()) -> u64 {
        // SAFETY: `cell` is the address of a `Self`: `place` gives this function away with such
        // addresses only.
        let cell = unsafe { &*cell.cast::<Self>() };
        number(&*cell.start.borrow())
    }

    /// The value that this thread finds. `None` if no body is being run.
    #[track_caller]
    fn found(&self) -> Option<T> {
        let found = replay::load(self.place(), Strength::Plain)?;
        let known = VALUES.with_borrow(|values| {
            values.get(found as usize).and_then(|value| value.downcast_ref::<T>()).cloned()
        });
        // What was never initialized has no value. That is a race, and reported when the run is left.
        Some(known.unwrap_or_else(|| self.start.borrow().clone()))
    }

    /// Calls `read` with a pointer to the value. It must not write there.
    #[track_caller]
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        match self.found() {
            Some(value) => read(&raw const value),
            None => read(self.start.as_ptr()),
        }
    }

    /// Calls `write` with a pointer to the value, and stores what it leaves there.
    #[track_caller]
    pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        let Some(mut value) = self.found() else { return write(self.start.as_ptr()) };
        let result = write(&raw mut value);
        replay::store(self.place(), number(&value), Strength::Plain);
        result
    }
}

impl<T> Drop for UnsafeCell<T> {
    /// A cell that a body made is gone: the next one at its address is another one.
    fn drop(&mut self) {
        replay::dropped(ptr::from_ref(self).addr());
    }
}

impl<T: Default> Default for UnsafeCell<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for UnsafeCell<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T> fmt::Debug for UnsafeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsafeCell").finish_non_exhaustive()
    }
}
