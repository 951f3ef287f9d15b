// SPDX-License-Identifier: MIT OR Apache-2.0
//! One row of the trace: a thread, its action, and the count before and after.

use core::fmt;

use serde::Serialize;

/// A thread of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum TraceThread {
    #[serde(rename = "main")]
    Main,
    #[serde(rename = "writer A")]
    WriterA,
    #[serde(rename = "writer B")]
    WriterB,
    #[serde(rename = "reader")]
    Reader,
}

impl fmt::Display for TraceThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TraceThread::Main => "main",
            TraceThread::WriterA => "writer A",
            TraceThread::WriterB => "writer B",
            TraceThread::Reader => "reader",
        })
    }
}

/// The calls of a writer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WriterCall {
    Lock,
    StoreSeconds(u64),
    StoreNanoseconds(u64),
    Unlock,
}

/// The calls of a reader.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ReaderCall {
    /// Waits for an even count.
    Begin,
    /// Does not wait: an odd count fails at `Retry`.
    RawBegin,
    Copy,
    Retry,
}

/// The two words that the reader copied. The second is computed from the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Copied {
    pub(crate) seconds: u64,
    pub(crate) nanoseconds: u64,
}

impl Copied {
    /// Returns the nanoseconds that the writers store beside the seconds.
    pub(crate) fn nanoseconds_for(seconds: u64) -> u64 {
        100 * seconds
    }

    /// Returns whether the two words come from different writes.
    pub(crate) fn is_torn(self) -> bool {
        self.nanoseconds != Self::nanoseconds_for(self.seconds)
    }
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}, {}}}", self.seconds, self.nanoseconds)
    }
}

/// The result of `read_seqretry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadResult {
    /// The count is unchanged: the copy is valid.
    Success,
    /// The count was odd at the beginning: a write was in progress.
    RetryOdd,
    /// The count has changed since the beginning.
    RetryMoved,
}

/// What a thread did, with the data that it stored or saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Init,
    WriteStarts,
    StoresSeconds(u64),
    StoresNanoseconds(u64),
    WriteEnds,
    ReadBegins { raw: bool },
    Copies(Copied),
    Validates { result: ReadResult, began_at: usize, copied: Copied },
}

impl Action {
    fn event(self) -> &'static str {
        match self {
            Action::Init => "init",
            Action::WriteStarts => "starts",
            Action::StoresSeconds(_) | Action::StoresNanoseconds(_) => "stores",
            Action::WriteEnds => "ends",
            Action::ReadBegins { .. } => "begins",
            Action::Copies(_) => "copies",
            Action::Validates { .. } => "validates",
        }
    }

    /// Returns the kernel's name of the call.
    fn kernel_call(self) -> &'static str {
        match self {
            Action::Init => "seqlock_init",
            Action::WriteStarts => "write_seqlock",
            Action::StoresSeconds(_) | Action::StoresNanoseconds(_) => "WRITE_ONCE",
            Action::WriteEnds => "write_sequnlock",
            Action::ReadBegins { raw: false } => "read_seqbegin",
            Action::ReadBegins { raw: true } => "raw_seqcount_begin",
            Action::Copies(_) => "READ_ONCE",
            Action::Validates { .. } => "read_seqretry",
        }
    }

    /// Returns the call in Rust.
    fn rust_call(self) -> &'static str {
        match self {
            Action::Init => "SeqCount::new",
            Action::WriteStarts => "Mutex::lock, SeqCount::write",
            Action::StoresSeconds(_) | Action::StoresNanoseconds(_) => "AtomicU64::store",
            Action::WriteEnds => "drop(SeqCountGuard), drop(MutexGuard)",
            Action::ReadBegins { raw: false } => "SeqCount::read_begin",
            Action::ReadBegins { raw: true } => "SeqCount::raw_read_begin",
            Action::Copies(_) => "AtomicU64::load",
            Action::Validates { .. } => "SeqCount::read_retry",
        }
    }

    fn note(self, after: usize) -> String {
        let odd = !after.is_multiple_of(2);
        match self {
            Action::Init | Action::WriteStarts | Action::WriteEnds if odd => {
                "odd: writer active".into()
            }
            Action::Init | Action::WriteStarts | Action::WriteEnds => "even: stable".into(),
            Action::StoresSeconds(value) => format!("seconds = {value}"),
            Action::StoresNanoseconds(value) => format!("nanoseconds = {value}"),
            Action::ReadBegins { .. } if odd => "odd: will retry".into(),
            Action::ReadBegins { .. } => "even: go ahead".into(),
            Action::Copies(copied) if copied.is_torn() => format!("{copied}: torn"),
            Action::Copies(copied) => format!("{copied}: whole"),
            Action::Validates { result: ReadResult::Success, .. } => {
                format!("still {after}: success")
            }
            Action::Validates { result: ReadResult::RetryOdd, began_at, .. } => {
                format!("{began_at} was odd: retry")
            }
            Action::Validates { result: ReadResult::RetryMoved, began_at, .. } => {
                format!("{began_at} is now {after}: retry")
            }
        }
    }
}

/// One row of the table and one element of the JSON array.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    pub(crate) step: usize,
    /// The time since the start of the run.
    #[serde(serialize_with = "crate::terminal::as_string")]
    pub(crate) at_ns: u64,
    pub(crate) who: TraceThread,
    pub(crate) event: &'static str,
    pub(crate) kernel_call: &'static str,
    pub(crate) rust_call: &'static str,
    pub(crate) count_before: Option<usize>,
    pub(crate) count_after: usize,
    pub(crate) note: String,
    #[serde(skip)]
    pub(crate) action: Action,
}

impl Event {
    /// Describes an action, given the count before and after it.
    pub(crate) fn new(action: Action, before: Option<usize>, after: usize) -> Self {
        Self {
            step: 0,
            at_ns: 0,
            who: TraceThread::Main,
            event: action.event(),
            kernel_call: action.kernel_call(),
            rust_call: action.rust_call(),
            count_before: before,
            count_after: after,
            note: action.note(after),
            action,
        }
    }
}
