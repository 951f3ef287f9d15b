// SPDX-License-Identifier: MIT OR Apache-2.0
//! Threads that a thread of a program spawns, with the calls of `std::thread`.
//!
//! A spawn synchronises with the beginning of its thread, and the end of a thread with its join. A thread
//! whose handle is dropped runs to its end too. A program has at most 16 threads, those of
//! [`Program::thread`](crate::Program::thread) included.
//!
//! Threads may share the state of the program and memory of [`heap::alloc`](crate::heap::alloc). If a thread
//! lends a word of its own to another thread, the program is refused.
//!
//! # Examples
//! ```
//! use std::sync::atomic::Ordering::Relaxed;
//! use tearfree_axm::{AtomicUsize, Program, thread};
//!
//! let report = Program::new([AtomicUsize::new(0), AtomicUsize::new(0)])
//!     .thread(|[x, y]| {
//!         thread::scope(|scope| {
//!             let other = scope.spawn(|| {
//!                 y.store(1, Relaxed);
//!                 x.load(Relaxed)
//!             });
//!             x.store(1, Relaxed);
//!             format!("{} {}", y.load(Relaxed), other.join().unwrap())
//!         })
//!     })
//!     .explore();
//! assert_eq!(report.seen(), ["0 0", "0 1", "1 0", "1 1"]);
//! ```

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::panic::AssertUnwindSafe;
use std::collections::VecDeque;
use std::panic;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Result;

use crate::replay;

type Work<'a, T> = Box<dyn FnOnce() -> T + Send + 'a>;

/// A thread and its work, which runs once more at the join for its result.
struct Thread<'a, T> {
    number: usize,
    work: Mutex<Option<Work<'a, T>>>,
    result: Mutex<Option<T>>,
}

fn take<T>(from: &Mutex<Option<T>>) -> Option<T> {
    from.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl<'a, T: Send> Thread<'a, T> {
    #[track_caller]
    fn spawn(work: impl FnOnce() -> T + Send + 'a) -> Self {
        let mut work = Some(work);
        let number = replay::spawn(|| work.take().expect("a thread is started once")());
        let work = work.map(|work| Box::new(work) as Work<'a, T>);
        Thread { number, work: Mutex::new(work), result: Mutex::new(None) }
    }

    #[track_caller]
    fn join(&self) -> Result<T> {
        self.wait();
        take(&self.result).ok_or_else(|| Box::new("the execution has ended") as _)
    }
}

/// Lets a scope join threads with results of any type.
trait Wait: Send + Sync {
    #[track_caller]
    fn wait(&self);
}

impl<T: Send> Wait for Thread<'_, T> {
    #[track_caller]
    fn wait(&self) {
        if let Some(work) = take(&self.work) {
            let result = replay::join(self.number, work);
            *self.result.lock().unwrap_or_else(PoisonError::into_inner) = result;
        }
    }
}

/// Spawns a thread, as in `std`.
///
/// # Panics
/// Outside of a program's threads, after all other threads have ended, or if the program has 16 threads.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::Ordering::Relaxed;
/// use tearfree_axm::{AtomicUsize, Program, thread};
///
/// let report = Program::new(Arc::new(AtomicUsize::new(1)))
///     .thread(|word| {
///         let shared = Arc::clone(word);
///         let other = thread::spawn(move || shared.fetch_add(1, Relaxed));
///         let before = other.join().unwrap();
///         format!("{before} {}", word.load(Relaxed))
///     })
///     .explore();
/// assert_eq!(report.seen(), ["1 2"]);
/// ```
#[track_caller]
pub fn spawn<F, T>(work: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    JoinHandle { thread: Thread::spawn(work) }
}

/// The handle of a thread from [`spawn`], for joining it.
pub struct JoinHandle<T> {
    thread: Thread<'static, T>,
}

impl<T: Send> JoinHandle<T> {
    /// Waits until the thread has ended, and returns its result.
    ///
    /// # Errors
    /// Never in a thread of a program: a panic is a failure of the program.
    #[track_caller]
    pub fn join(self) -> Result<T> {
        self.thread.join()
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JoinHandle").field(&self.thread.number).finish()
    }
}

type Threads<'scope> = VecDeque<Arc<dyn Wait + 'scope>>;

/// A scope from [`scope`], for spawning threads that borrow.
pub struct Scope<'scope, 'env: 'scope> {
    /// Threads that may not have been joined.
    threads: Mutex<ManuallyDrop<Threads<'scope>>>,
    env: PhantomData<&'env mut &'env ()>,
}

/// Runs `work`, which can spawn threads that borrow, and joins all of them, as in `std`.
#[track_caller]
pub fn scope<'env, F, T>(work: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let scope = Scope { threads: Mutex::default(), env: PhantomData };
    let result = panic::catch_unwind(AssertUnwindSafe(|| work(&scope)));
    let mut threads = scope.take_threads();
    // While a run unwinds, the threads are dropped, and not joined.
    let result = result.unwrap_or_else(|payload| panic::resume_unwind(payload));
    while let Some(thread) = threads.pop_front() {
        thread.wait();
        // What it spawned in this scope.
        threads.extend(scope.take_threads());
    }
    result
}

impl<'scope> Scope<'scope, '_> {
    fn take_threads(&self) -> Threads<'scope> {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        ManuallyDrop::into_inner(core::mem::take(&mut *threads))
    }

    /// Spawns a thread that ends before the scope does.
    ///
    /// # Panics
    /// As [`spawn`].
    #[track_caller]
    pub fn spawn<F, T>(&'scope self, work: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let thread = Arc::new(Thread::spawn(work));
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.push_back(thread.clone());
        ScopedJoinHandle { thread }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// The handle of a thread from [`Scope::spawn`], for joining it.
pub struct ScopedJoinHandle<'scope, T> {
    thread: Arc<Thread<'scope, T>>,
}

impl<T: Send> ScopedJoinHandle<'_, T> {
    /// Waits until the thread has ended, and returns its result.
    ///
    /// # Errors
    /// As [`JoinHandle::join`].
    #[track_caller]
    pub fn join(self) -> Result<T> {
        self.thread.join()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScopedJoinHandle").field(&self.thread.number).finish()
    }
}
