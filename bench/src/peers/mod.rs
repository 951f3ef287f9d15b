// SPDX-License-Identifier: MIT OR Apache-2.0
//! The contestants: ours, the limit, and everybody else.

mod arc_swap;
mod bare;
#[cfg(cpp_peer)]
mod cpp;
mod crossbeam;
mod iceoryx2;
mod left_right;
mod locks;
mod memcpy;
mod nexus_slot;
mod ours;
mod page;
mod portable_atomic;
mod seql;
mod seqlock;
mod shared_mutex;
mod tokio_watch;
mod triple_buffer;
mod volatile;

pub(crate) use self::iceoryx2::Unrestricted;
pub(crate) use self::ours::Split;
pub(crate) use self::page::Page;
pub(crate) use self::shared_mutex::SharedMutex;

use crate::contestant::{Contestant, Held};
use crate::payload::Payload;

/// What the tables call the page between processes.
pub(crate) const PAGE: &str = "tearfree page";

/// The plain copy.
pub(crate) type Memcpy<T> = Held<memcpy::Memcpy<T>>;
/// The type that the bars are about.
pub(crate) type Ours<T> = Held<tearfree::SeqLock<T>>;
/// The same, with writers that back off for starving readers.
pub(crate) type Fair<T> = Held<tearfree::SeqLock<T, tearfree::lock::Fair>>;
/// The same, with each value handed over instead of pointed to.
pub(crate) type ByValue<T> = Held<ours::ByValue<T>>;
pub(crate) type Latch<T> = Held<tearfree::SeqLatch<T>>;

/// Work that is done once for each contestant.
pub(crate) trait EveryContestant<T: Payload> {
    fn contestant<C: Contestant<T> + Send + Sync + 'static>(&mut self);
}

/// Ours and the peers, in the order of the tables. The plain memcpy is no lock and stands apart.
pub(crate) fn every_contestant<T: Payload>(work: &mut impl EveryContestant<T>) {
    work.contestant::<Ours<T>>();
    every_peer(work);
}

fn every_peer<T: Payload>(work: &mut impl EveryContestant<T>) {
    every_plain_peer(work);
    work.contestant::<left_right::LeftRight<T>>();
    work.contestant::<tokio_watch::Watch<T>>();
    work.contestant::<nexus_slot::Slot<T>>();
    work.contestant::<triple_buffer::Triple<T>>();
    work.contestant::<iceoryx2::Unrestricted<T>>();
    #[cfg(cpp_peer)]
    work.contestant::<cpp::RigtorpShape<T>>();
}

fn every_plain_peer<T: Payload>(work: &mut impl EveryContestant<T>) {
    work.contestant::<Held<::seqlock::SeqLock<T>>>();
    work.contestant::<Held<::seql::MutexSeqLock<T>>>();
    work.contestant::<Held<crossbeam_utils::atomic::AtomicCell<T>>>();
    portable_atomic::of_this_size(work);
    work.contestant::<Held<parking_lot::RwLock<T>>>();
    work.contestant::<Held<std::sync::RwLock<T>>>();
    work.contestant::<Held<std::sync::Mutex<T>>>();
    work.contestant::<Held<arc_swap::Swap<T>>>();
}

/// For arrays of locks: those with many writers and without handles that would have to be made
/// anew for each access.
pub(crate) fn every_contestant_for_arrays<T: Payload>(work: &mut impl EveryContestant<T>) {
    work.contestant::<Ours<T>>();
    every_plain_peer(work);
    work.contestant::<Held<bare::Bare<T>>>();
}

/// For the runs with several threads: our other forms, and words without any lock, which tear.
pub(crate) fn every_contestant_and_form<T: Payload>(work: &mut impl EveryContestant<T>) {
    work.contestant::<Ours<T>>();
    work.contestant::<Fair<T>>();
    work.contestant::<Split<T>>();
    work.contestant::<Latch<T>>();
    every_peer(work);
    work.contestant::<Held<bare::Bare<T>>>();
}

/// What a contestant is to us.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The plain copy that nobody beats.
    Limit,
    /// The type that the bars are about.
    Ours,
    /// Another type of this crate.
    OurOtherForm,
    Peer,
    /// Shows what the other contestants prevent.
    Unprotected,
}

impl Kind {
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::OurOtherForm)
    }
}

pub(crate) fn kind_of(contestant: &str) -> Kind {
    match contestant {
        memcpy::NAME => Kind::Limit,
        ours::NAME => Kind::Ours,
        ours::FAIR | ours::SPLIT | ours::LATCH | ours::BY_VALUE | PAGE => Kind::OurOtherForm,
        bare::NAME => Kind::Unprotected,
        _ => Kind::Peer,
    }
}
