// SPDX-License-Identifier: MIT OR Apache-2.0
//! One row of the trace: who did what, and the count before and after.

use core::fmt;

use serde::Serialize;

/// The thread that acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Who {
    #[serde(rename = "main")]
    Main,
    #[serde(rename = "writer A")]
    WriterA,
    #[serde(rename = "writer B")]
    WriterB,
    #[serde(rename = "reader")]
    Reader,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Who::Main => "main",
            Who::WriterA => "writer A",
            Who::WriterB => "writer B",
            Who::Reader => "reader",
        })
    }
}

/// The calls that a writer makes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum WriterCall {
    Lock,
    StoreSeconds(u64),
    StoreNanoseconds(u64),
    Unlock,
}

/// The calls that a reader makes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ReaderCall {
    /// Waits for an even count.
    Begin,
    /// Never waits: an odd count fails at `Retry`.
    RawBegin,
    Copy,
    Retry,
}

/// What the reader copied: two words of which one follows from the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Copied {
    pub(crate) seconds: u64,
    pub(crate) nanoseconds: u64,
}

impl Copied {
    /// The nanoseconds that the writers store beside the seconds.
    pub(crate) fn nanoseconds_of(seconds: u64) -> u64 {
        100 * seconds
    }

    /// Whether the two words come from different writes.
    pub(crate) fn is_torn(self) -> bool {
        self.nanoseconds != Self::nanoseconds_of(self.seconds)
    }
}

impl fmt::Display for Copied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}, {}}}", self.seconds, self.nanoseconds)
    }
}

/// What came of `read_seqretry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The count is where it was: the copy counts.
    Success,
    /// The count was odd at the beginning: a writer was inside.
    RetryOdd,
    /// The count has moved since the beginning.
    RetryMoved,
}

/// What an event was, with what was seen of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Init,
    WriteStarts,
    StoresSeconds(u64),
    StoresNanoseconds(u64),
    WriteEnds,
    ReadBegins { raw: bool },
    Copies(Copied),
    Validates { verdict: Verdict, began_at: usize, copied: Copied },
}

impl Deed {
    fn event(self) -> &'static str {
        match self {
            Deed::Init => "init",
            Deed::WriteStarts => "starts",
            Deed::StoresSeconds(_) | Deed::StoresNanoseconds(_) => "stores",
            Deed::WriteEnds => "ends",
            Deed::ReadBegins { .. } => "begins",
            Deed::Copies(_) => "copies",
            Deed::Validates { .. } => "validates",
        }
    }

    /// The kernel's name of the call.
    fn kernel_call(self) -> &'static str {
        match self {
            Deed::Init => "seqlock_init",
            Deed::WriteStarts => "write_seqlock",
            Deed::StoresSeconds(_) | Deed::StoresNanoseconds(_) => "WRITE_ONCE",
            Deed::WriteEnds => "write_sequnlock",
            Deed::ReadBegins { raw: false } => "read_seqbegin",
            Deed::ReadBegins { raw: true } => "raw_seqcount_begin",
            Deed::Copies(_) => "READ_ONCE",
            Deed::Validates { .. } => "read_seqretry",
        }
    }

    /// The call that was made.
    fn rust_call(self) -> &'static str {
        match self {
            Deed::Init => "SeqCount::new",
            Deed::WriteStarts => "Mutex::lock, SeqCount::write",
            Deed::StoresSeconds(_) | Deed::StoresNanoseconds(_) => "AtomicU64::store",
            Deed::WriteEnds => "drop(SeqCountGuard), drop(MutexGuard)",
            Deed::ReadBegins { raw: false } => "SeqCount::read_begin",
            Deed::ReadBegins { raw: true } => "SeqCount::raw_read_begin",
            Deed::Copies(_) => "AtomicU64::load",
            Deed::Validates { .. } => "SeqCount::read_retry",
        }
    }

    fn note(self, after: usize) -> String {
        let odd = !after.is_multiple_of(2);
        match self {
            Deed::Init | Deed::WriteStarts | Deed::WriteEnds if odd => "odd: writer active".into(),
            Deed::Init | Deed::WriteStarts | Deed::WriteEnds => "even: stable".into(),
            Deed::StoresSeconds(value) => format!("seconds = {value}"),
            Deed::StoresNanoseconds(value) => format!("nanoseconds = {value}"),
            Deed::ReadBegins { .. } if odd => "odd: will not do".into(),
            Deed::ReadBegins { .. } => "even: go ahead".into(),
            Deed::Copies(copied) if copied.is_torn() => format!("{copied}: torn"),
            Deed::Copies(copied) => format!("{copied}: whole"),
            Deed::Validates { verdict: Verdict::Success, .. } => format!("still {after}: success"),
            Deed::Validates { verdict: Verdict::RetryOdd, began_at, .. } => {
                format!("{began_at} was odd: retry")
            }
            Deed::Validates { verdict: Verdict::RetryMoved, began_at, .. } => {
                format!("{began_at} is now {after}: retry")
            }
        }
    }
}

/// One row of the table and one element of the JSON array.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    pub(crate) step: usize,
    /// The time since the run began.
    pub(crate) at_ns: u64,
    pub(crate) who: Who,
    pub(crate) event: &'static str,
    pub(crate) kernel_call: &'static str,
    pub(crate) rust_call: &'static str,
    pub(crate) count_before: Option<usize>,
    pub(crate) count_after: usize,
    pub(crate) note: String,
    #[serde(skip)]
    pub(crate) deed: Deed,
}

impl Event {
    /// Describes a deed that was done, between two looks at the counter.
    pub(crate) fn new(deed: Deed, before: Option<usize>, after: usize) -> Self {
        Self {
            step: 0,
            at_ns: 0,
            who: Who::Main,
            event: deed.event(),
            kernel_call: deed.kernel_call(),
            rust_call: deed.rust_call(),
            count_before: before,
            count_after: after,
            note: deed.note(after),
            deed,
        }
    }
}
