// SPDX-License-Identifier: MIT OR Apache-2.0
//! The contestants: memcpy, the types of this project, and the peers.

mod arc_swap;
mod bare;
mod crossbeam;
mod foreign;
mod iceoryx2;
pub(crate) mod left_right;
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
pub(crate) use self::page::{NAME as PAGE, Page, WITHOUT_TIMES};
pub(crate) use self::shared_mutex::SharedMutex;

use crate::contestant::{ByReference, EveryContestant};
use crate::payload::Payload;

/// The plain copy.
pub(crate) type Memcpy<T> = ByReference<memcpy::Memcpy<T>>;
/// The type for which the bars hold.
pub(crate) type Ours<T> = ByReference<tearfree::SeqLock<T>>;
/// The same, with writers that back off for starving readers.
pub(crate) type Fair<T> = ByReference<tearfree::SeqLock<T, tearfree::lock::Fair>>;
/// The same, with values passed by value instead of by reference.
pub(crate) type ByValue<T> = ByReference<ours::ByValue<T>>;
pub(crate) type Latch<T> = ByReference<tearfree::SeqLatch<T>>;

/// Does the work for tearfree and all peers, in the order of the tables.
pub(crate) fn every_contestant<T: Payload>(work: &mut impl EveryContestant<T>) {
    work.contestant::<Ours<T>>();
    every_peer(work);
}

fn every_peer<T: Payload>(work: &mut impl EveryContestant<T>) {
    every_plain_peer(work);
    work.contestant::<arc_swap::Cached<T>>();
    work.contestant::<left_right::LeftRight<T>>();
    work.contestant::<tokio_watch::Watch<T>>();
    work.contestant::<nexus_slot::Slot<T>>();
    work.contestant::<triple_buffer::Triple<T>>();
    work.contestant::<iceoryx2::Unrestricted<T>>();
    every_foreign_peer(work);
}

/// The peers in other languages, as far as their compilers and libraries were there.
fn every_foreign_peer<T: Payload>(_work: &mut impl EveryContestant<T>) {
    #[cfg(peer_gcc)]
    _work.contestant::<foreign::Foreign<T, foreign::RigtorpByGcc>>();
    #[cfg(peer_clang)]
    _work.contestant::<foreign::Foreign<T, foreign::RigtorpByClang>>();
    #[cfg(peer_ck)]
    _work.contestant::<foreign::Foreign<T, foreign::Ck>>();
    #[cfg(peer_dpdk)]
    _work.contestant::<foreign::Foreign<T, foreign::Dpdk>>();
}

fn every_plain_peer<T: Payload>(work: &mut impl EveryContestant<T>) {
    work.contestant::<ByReference<::seqlock::SeqLock<T>>>();
    work.contestant::<ByReference<::seql::MutexSeqLock<T>>>();
    work.contestant::<ByReference<crossbeam_utils::atomic::AtomicCell<T>>>();
    portable_atomic::add_matching_size(work);
    work.contestant::<ByReference<parking_lot::RwLock<T>>>();
    work.contestant::<ByReference<std::sync::RwLock<T>>>();
    work.contestant::<ByReference<std::sync::Mutex<T>>>();
    work.contestant::<ByReference<parking_lot::Mutex<T>>>();
}

/// Does the work for contestants with several writers and without handles to create for each access.
pub(crate) fn every_contestant_for_arrays<T: Payload>(work: &mut impl EveryContestant<T>) {
    work.contestant::<Ours<T>>();
    every_plain_peer(work);
    work.contestant::<ByReference<arc_swap::Swap<T>>>();
    work.contestant::<ByReference<bare::Bare<T>>>();
}

/// Does the work for all contestants, our other types, and words without any lock, which tear.
pub(crate) fn every_contestant_and_our_others<T: Payload>(work: &mut impl EveryContestant<T>) {
    work.contestant::<Ours<T>>();
    work.contestant::<Fair<T>>();
    work.contestant::<Split<T>>();
    work.contestant::<Latch<T>>();
    every_peer(work);
    work.contestant::<ByReference<bare::Bare<T>>>();
}

/// The category of a contestant in tables and bars.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Category {
    /// The plain copy, which no lock can beat.
    Limit,
    /// The type for which the bars hold.
    Ours,
    /// Another type of this project.
    OurOther,
    Peer,
    /// Words without a lock, which tear.
    Unprotected,
}

impl Category {
    pub(crate) fn is_ours(self) -> bool {
        matches!(self, Self::Ours | Self::OurOther)
    }
}

pub(crate) fn category(contestant: &str) -> Category {
    match contestant {
        memcpy::NAME => Category::Limit,
        ours::NAME => Category::Ours,
        ours::FAIR | ours::SPLIT | ours::LATCH | ours::BY_VALUE | PAGE | WITHOUT_TIMES => {
            Category::OurOther
        }
        bare::NAME => Category::Unprotected,
        _ => Category::Peer,
    }
}
