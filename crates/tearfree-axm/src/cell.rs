// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that is not atomic. Two unordered accesses, one of them a write, are a data race.
#![expect(
    unsafe_code,
    reason = "a cell of a block that a thread allocated is read through a pointer"
)]

use core::any::Any;
use core::cell::RefCell;
use core::fmt;
use core::ptr;

use crate::atomic::{AtomicUsize, Word};
use crate::block::Reader;
use crate::event::Strength;
use crate::replay;
use crate::run::{Variable, VariableKind};

/// A word that is not atomic: a data race on it is a failure.
#[derive(Debug)]
#[repr(transparent)]
pub struct Plain {
    start: AtomicUsize,
}

impl Plain {
    /// Creates a word that holds `value` when the threads start.
    #[must_use]
    pub const fn new(value: usize) -> Self {
        Plain { start: AtomicUsize::new(value) }
    }

    /// Returns the same word for atomic accesses.
    pub(crate) fn as_atomic(&self) -> &AtomicUsize {
        &self.start
    }

    /// Reads the word.
    ///
    /// # Panics
    /// Outside of a program's threads.
    #[track_caller]
    pub fn get(&self) -> usize {
        let read = replay::load(self.start.variable(), Strength::Plain);
        read.map(Word::from_bits).expect("a plain word is accessed outside of a program's threads")
    }

    /// Writes the word.
    ///
    /// # Panics
    /// Outside of a program's threads.
    #[track_caller]
    pub fn set(&self, value: usize) {
        let written = replay::store(self.start.variable(), value.to_bits(), Strength::Plain);
        written.expect("a plain word is accessed outside of a program's threads");
    }
}

thread_local! {
    /// The values of cells in all executions of a program. Events refer to them by number.
    static VALUES: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// Returns the number of a value. Equal values have the same number.
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

/// Forgets the values of the last program.
pub(crate) fn forget_values() {
    // A destructor may use a cell.
    drop(VALUES.take());
}

/// An `UnsafeCell` that reports data races, with the methods of loom's.
///
/// Values are cloned and compared, so that each thread finds the value of its execution. They may be data
/// and pointers to memory of [`heap`](crate::heap). The pointer that a closure gets is to such a clone, and
/// dangles when the closure returns.
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
    /// In a thread of a program: cells are identified by their addresses, and this one has moved.
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
    fn variable(&self) -> Variable {
        Variable {
            address: ptr::from_ref(self).addr(),
            size: size_of::<Self>(),
            initial: number(&*self.start.borrow()),
            kind: VariableKind::Word,
            made_by: None,
            reader: Reader(Self::start_at),
        }
    }

    /// # Safety
    /// `cell` points to a cell of this type.
    unsafe fn start_at(cell: *const ()) -> u64 {
        // SAFETY: `cell` is the address of a `Self`: `variable` passes this function on with
        // such addresses only.
        let cell = unsafe { &*cell.cast::<Self>() };
        number(&*cell.start.borrow())
    }

    /// Loads the value. `None` if no body is running.
    #[track_caller]
    fn found(&self) -> Option<T> {
        let found = replay::load(self.variable(), Strength::Plain)?;
        let known = VALUES.with_borrow(|values| {
            values.get(found as usize).and_then(|value| value.downcast_ref::<T>()).cloned()
        });
        // An allocation that is not ordered before this has no value. That is a race, and reported.
        Some(known.unwrap_or_else(|| self.start.borrow().clone()))
    }

    /// Calls `read` with a pointer to the value, through which it must not write.
    #[track_caller]
    pub fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        match self.found() {
            Some(value) => read(&raw const value),
            None => read(self.start.as_ptr()),
        }
    }

    /// Calls `write` with a pointer to the value, and stores the result.
    #[track_caller]
    pub fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        let Some(mut value) = self.found() else { return write(self.start.as_ptr()) };
        let result = write(&raw mut value);
        replay::store(self.variable(), number(&value), Strength::Plain);
        result
    }
}

impl<T> Drop for UnsafeCell<T> {
    /// Forgets the cell: the next one at its address is another one.
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
