// SPDX-License-Identifier: MIT OR Apache-2.0
//! Concurrent histories: the calls of threads have to be linearizable.
//!
//! Threads make random calls and record when each began, what it returned, and when it ended. A
//! search (Wing and Gong's, with Lowe's cache of failed states) then finds an order of the calls
//! that respects real time and that a [state machine](specification) explains. If there is none, the
//! calls around the place where every order ends are printed, a column for each thread.

mod support;

#[path = "histories/counts.rs"]
mod counts;
#[path = "histories/known.rs"]
mod known;
#[path = "histories/latches.rs"]
mod latches;
#[path = "histories/locks.rs"]
mod locks;
#[path = "histories/record.rs"]
mod record;
#[path = "histories/search.rs"]
mod search;
#[path = "histories/specification.rs"]
mod specification;
#[path = "histories/splits.rs"]
mod splits;
#[path = "histories/timeline.rs"]
mod timeline;
