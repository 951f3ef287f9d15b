// SPDX-License-Identifier: MIT OR Apache-2.0
//! A program: its state, its threads and its limits.

use core::time::Duration;

use crate::bodies::Bodies;
use crate::explore::every_execution;
use crate::limits::Limits;
use crate::report::Report;
use crate::run::Allowed;

type Body<'a, S> = Box<dyn Fn(&S) -> String + 'a>;

/// A small program: threads that share a state.
///
/// Bodies run again and again, so they have to be deterministic, and may share nothing but this crate's
/// atomics and cells in the state. A body may make words of its own. It must not move one that it has used
/// or publish its address, unless it comes from [`heap::alloc`](crate::heap::alloc). Bodies have to end by
/// themselves; a loop that waits for another thread has to call [`pause`](crate::pause).
///
/// # Examples
/// Message passing: a reader that has seen the flag sees the data.
/// ```
/// use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
/// use tearfree_axm::{AtomicUsize, Program};
///
/// let report = Program::new((AtomicUsize::new(0), AtomicUsize::new(0)))
///     .silent(|(data, flag)| {
///         data.store(1, Relaxed);
///         flag.store(1, Release);
///     })
///     .thread(|(data, flag)| format!("{} {}", flag.load(Acquire), data.load(Relaxed)))
///     .explore();
/// assert_eq!(report.seen(), ["0 0", "0 1", "1 1"]);
/// ```
pub struct Program<'a, S> {
    state: S,
    threads: Vec<Body<'a, S>>,
    after: Option<Body<'a, S>>,
    allowed: Allowed,
    limits: Limits,
}

impl<'a, S> Program<'a, S> {
    /// Creates a program without threads.
    #[must_use]
    pub fn new(state: S) -> Self {
        Program {
            state,
            threads: Vec::new(),
            after: None,
            allowed: Allowed::default(),
            limits: Limits::default(),
        }
    }

    /// Adds a thread, which returns what it saw.
    #[must_use]
    pub fn thread(mut self, body: impl Fn(&S) -> String + 'a) -> Self {
        self.threads.push(Box::new(body));
        self
    }

    /// Adds a thread that returns nothing.
    #[must_use]
    pub fn silent(self, body: impl Fn(&S) + 'a) -> Self {
        self.thread(move |state| {
            body(state);
            String::new()
        })
    }

    /// Adds a thread that runs after all others have been joined.
    #[must_use]
    pub fn after(mut self, body: impl Fn(&S) -> String + 'a) -> Self {
        self.after = Some(Box::new(body));
        self
    }

    /// Sets how often each thread may [`pause`](crate::pause) before its execution is cut.
    ///
    /// The default is zero: a thread that waits has to find what it waits for at its first load.
    #[must_use]
    pub fn pauses(mut self, pauses: usize) -> Self {
        self.allowed.pauses = pauses;
        self
    }

    /// Sets how often weak exchanges may fail spuriously in each thread, and how often sleeps may end so.
    ///
    /// The default is that exchanges do not fail, and that one sleep ends, which is enough to find a sleep
    /// that is not in a loop. The search tries both each time. Zero makes the search of a program with many
    /// sleeps shorter, but then it does not find that mistake.
    ///
    /// # Examples
    /// ```
    /// use std::sync::atomic::Ordering::Relaxed;
    /// use tearfree_axm::{AtomicUsize, Program};
    ///
    /// let program = || {
    ///     let exchange = |x: &AtomicUsize| x.compare_exchange_weak(0, 1, Relaxed, Relaxed);
    ///     Program::new(AtomicUsize::new(0)).thread(move |x| format!("{:?}", exchange(x)))
    /// };
    /// assert_eq!(program().explore().seen(), ["Ok(0)"]);
    /// assert_eq!(program().spurious(1).explore().seen(), ["Err(0)", "Ok(0)"]);
    /// ```
    #[must_use]
    pub fn spurious(mut self, times: usize) -> Self {
        self.allowed.failures = times;
        self.allowed.wake_ups = times;
        self
    }

    /// Ends the search after this many whole executions.
    ///
    /// A search that a limit ends is a failure, unless [`allow_partial`](Self::allow_partial) is called.
    ///
    /// # Examples
    /// ```
    /// use std::sync::atomic::Ordering::Relaxed;
    /// use tearfree_axm::{AtomicUsize, Program};
    ///
    /// let program = || {
    ///     let swap = |x: &AtomicUsize| x.swap(1, Relaxed).to_string();
    ///     Program::new(AtomicUsize::new(0)).thread(swap).thread(swap)
    /// };
    /// assert!(program().max_executions(100).explore().failures.is_empty());
    ///
    /// let report = program().max_executions(1).explore();
    /// let failure = report.failures.keys().next().unwrap();
    /// assert!(failure.ends_with("more than 1 executions"), "{failure}");
    ///
    /// let report = program().max_executions(1).allow_partial().explore();
    /// assert!(report.failures.is_empty() && report.outcomes.len() == 1);
    /// assert_eq!(report.partial.unwrap(), "more than 1 executions");
    /// ```
    #[must_use]
    pub fn max_executions(mut self, executions: usize) -> Self {
        self.limits.executions = Some(executions);
        self
    }

    /// Ends the search after this many consistent graphs, as [`max_executions`](Self::max_executions)
    /// does after whole executions.
    #[must_use]
    pub fn max_graphs(mut self, graphs: usize) -> Self {
        self.limits.graphs = Some(graphs);
        self
    }

    /// Ends the search after this time, as [`max_executions`](Self::max_executions) does. The clock is
    /// read between two graphs: a body that does not end is not interrupted.
    #[must_use]
    pub fn max_duration(mut self, duration: Duration) -> Self {
        self.limits.duration = Some(duration);
        self
    }

    /// Ends the search, as [`max_executions`](Self::max_executions) does, when the graphs that it keeps
    /// take about this many bytes. Not counted: the runs of the bodies, and what the allocator adds.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = Some(bytes);
        self
    }

    /// Treats a search that a limit ended as a success. [`Report::partial`] names the limit.
    #[must_use]
    pub fn allow_partial(mut self) -> Self {
        self.limits.allows_partial = true;
        self
    }

    /// Runs the program in every way that RC11 allows.
    ///
    /// # Panics
    /// If an execution has more than 128 events, or a body is not deterministic.
    #[must_use]
    pub fn explore(&self) -> Report {
        self.look_for(None)
    }

    /// Explores the program until a failure contains `complaint`, for programs that are known to fail.
    ///
    /// # Panics
    /// As [`explore`](Self::explore).
    #[must_use]
    pub fn look_for(&self, complaint: Option<&str>) -> Report {
        let bodies = self.threads.iter().chain(&self.after);
        let bodies: Vec<_> = bodies.map(|body| || body(&self.state)).collect();
        let bodies = Bodies {
            all: bodies.iter().map(|body| body as &dyn Fn() -> String).collect(),
            started_first: self.threads.len(),
            allowed: self.allowed,
            limits: self.limits,
            complaint,
        };
        every_execution(&bodies)
    }
}

impl<S> core::fmt::Debug for Program<'_, S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Program").field("threads", &self.threads.len()).finish_non_exhaustive()
    }
}
