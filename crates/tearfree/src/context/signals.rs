// SPDX-License-Identifier: MIT OR Apache-2.0
//! Contexts of user space: the signals of this thread (`pthread_sigmask(3)`).

#![allow(unsafe_code, reason = "the signal calls of libc are foreign functions")]

use core::fmt;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::SavedContext;

/// Blocks every asynchronous signal and unblocks all of them again: the `_irq` forms.
///
/// Like `local_irq_enable`, leaving unblocks signals that were blocked before, too. Use [`IrqSave`] where
/// some may be. Signals that a thread causes itself (`SIGSEGV`, `SIGBUS`, `SIGFPE`, `SIGILL`,
/// `SIGTRAP`, `SIGSYS`, `SIGABRT`) are not changed.
///
/// Cost: two system calls a section.
///
/// ```
/// use tearfree::{SeqLock, context::Irq};
/// static SEEN: SeqLock<u64> = SeqLock::new(0);
/// *SEEN.within::<Irq>().write() += 1; // no signal handler runs in this thread meanwhile
/// assert_eq!(SEEN.read(), 1);
/// ```
#[doc(alias("write_seqlock_irq", "write_sequnlock_irq", "read_seqlock_excl_irq"))]
#[derive(Debug)]
pub enum Irq {}

impl SavedContext for Irq {
    type Saved = ();

    fn enter() {
        change_mask(libc::SIG_BLOCK, &asynchronous_signals());
    }

    fn leave((): ()) {
        change_mask(libc::SIG_UNBLOCK, &asynchronous_signals());
    }

    const NESTS: bool = false;
}

/// Blocks every asynchronous signal and restores the mask from before: the `_irqsave` forms.
///
/// Cost: two system calls a section.
///
/// ```
/// use tearfree::{SeqLock, context::IrqSave};
/// static SEEN: SeqLock<u64> = SeqLock::new(0);
/// SEEN.within::<IrqSave>().update(|seen| *seen += 1);
/// assert_eq!(SEEN.within::<IrqSave>().read(), 1);
/// ```
#[doc(alias(
    "write_seqlock_irqsave",
    "write_sequnlock_irqrestore",
    "read_seqlock_excl_irqsave",
    "read_seqbegin_irqsave",
    "read_seqretry_irqrestore"
))]
#[derive(Debug)]
pub enum IrqSave {}

impl SavedContext for IrqSave {
    type Saved = Mask;

    fn enter() -> Mask {
        change_mask(libc::SIG_BLOCK, &asynchronous_signals())
    }

    fn leave(before: Mask) {
        change_mask(libc::SIG_SETMASK, &before.0);
    }
}

/// Blocks the program's bottom-half signals: the `_bh` forms.
///
/// Which signals count as bottom half is [chosen by the program](set_bottom_half_signals); by
/// default they are the timers' (`SIGALRM`, `SIGVTALRM`, `SIGPROF`), I/O's (`SIGIO`, `SIGURG`) and the
/// real-time signals.
///
/// Cost: two system calls a section.
///
/// ```
/// use tearfree::{SeqLock, context::Bh};
/// static JIFFIES: SeqLock<u64> = SeqLock::new(0);
/// JIFFIES.within::<Bh>().update(|jiffies| *jiffies += 1);
/// ```
#[doc(alias("write_seqlock_bh", "write_sequnlock_bh", "read_seqlock_excl_bh"))]
#[derive(Debug)]
pub enum Bh {}

impl SavedContext for Bh {
    type Saved = Mask;

    fn enter() -> Mask {
        change_mask(libc::SIG_BLOCK, &signal_set(bottom_half_signals()))
    }

    fn leave(before: Mask) {
        change_mask(libc::SIG_SETMASK, &before.0);
    }
}

/// The signals that a thread had blocked before it entered a context.
#[derive(Clone, Copy)]
pub struct Mask(libc::sigset_t);

/// A mask as one word, for C, whose `flags` are an `unsigned long`: bit `n - 1` is signal `n`.
///
/// Only where the kernel's own mask is one such word: 64-bit Linux, but for MIPS, which has 128
/// signals.
#[cfg(all(
    any(target_os = "linux", target_os = "android"),
    target_pointer_width = "64",
    not(target_arch = "mips64")
))]
impl Mask {
    /// Returns the blocked signals as bits.
    ///
    /// ```
    /// use tearfree::context::{IrqSave, Mask, SavedContext};
    /// let before = IrqSave::enter();
    /// IrqSave::leave(Mask::from_bits(before.to_bits()));
    /// ```
    #[must_use]
    pub fn to_bits(self) -> u64 {
        // SAFETY: every `sigset_t` of these systems begins with the kernel's 64-bit mask, is at least
        // as large and aligned as that, and has been written whole.
        unsafe { core::ptr::from_ref(&self.0).cast::<u64>().read() }
    }

    /// Creates a mask from bits that [`to_bits`](Self::to_bits) returned.
    #[must_use]
    pub fn from_bits(bits: u64) -> Self {
        let mut mask = Mask(signal_set(core::iter::empty()));
        // SAFETY: a `sigset_t` begins with the 64-bit mask that `to_bits` reads; any bits are a
        // mask.
        unsafe { core::ptr::from_mut(&mut mask.0).cast::<u64>().write(bits) };
        mask
    }

    /// Returns the signals that [`Irq`] and [`IrqSave`] block: all but those that a thread causes itself.
    #[must_use]
    pub fn asynchronous() -> Self {
        Mask(asynchronous_signals())
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask")
    }
}

/// The chosen bottom-half signals; bit `n - 1` of the two words is signal `n`. Zero: not chosen yet.
/// Two words, because not every machine has 64-bit atomics.
static BOTTOM_HALF: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];

/// Signals fit into one word: 1 to 64 on Linux, fewer elsewhere.
const SIGNALS: core::ops::RangeInclusive<i32> = 1..=64;

/// A signal number that cannot be a bottom half: outside 1 to 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSignal(i32);

impl fmt::Display for InvalidSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a signal number; use 1 to 64, such as libc::SIGALRM", self.0)
    }
}

impl core::error::Error for InvalidSignal {}

/// Chooses the signals that [`Bh`] blocks, for the whole process. An empty slice restores the
/// default.
///
/// Call it at the start of a program: sections that are open keep the signals that they began with, and
/// one that begins meanwhile may block some of the old signals and some of the new ones.
///
/// # Errors
/// [`InvalidSignal`] if a number is outside 1 to 64; then nothing changes.
///
/// # Examples
/// ```
/// use tearfree::context::{bottom_half_signals, set_bottom_half_signals};
/// set_bottom_half_signals(&[libc::SIGUSR1])?;
/// assert!(bottom_half_signals().eq([libc::SIGUSR1]));
/// assert!(set_bottom_half_signals(&[0]).is_err());
/// # Ok::<(), tearfree::context::InvalidSignal>(())
/// ```
pub fn set_bottom_half_signals(signals: &[i32]) -> Result<(), InvalidSignal> {
    let mut bits = 0;
    for &signal in signals {
        if !SIGNALS.contains(&signal) {
            return Err(InvalidSignal(signal));
        }
        bits |= bit(signal);
    }
    // ORDERING: Relaxed: a setting of the program; no other data go with it.
    for (word, shift) in BOTTOM_HALF.iter().zip([0, 32]) {
        #[expect(clippy::cast_possible_truncation, reason = "half of the bits at a time")]
        word.store((bits >> shift) as u32, Relaxed);
    }
    Ok(())
}

/// Returns the signals that [`Bh`] blocks.
pub fn bottom_half_signals() -> impl Iterator<Item = i32> {
    // ORDERING: Relaxed: the setting that `set_bottom_half_signals` made; no other data go with it.
    let [low, high] = [0, 1].map(|word: usize| u64::from(BOTTOM_HALF[word].load(Relaxed)));
    let chosen = match high << 32 | low {
        0 => default_bottom_half(),
        bits => bits,
    };
    SIGNALS.filter(move |&signal| chosen & bit(signal) != 0)
}

fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

fn default_bottom_half() -> u64 {
    let named = [libc::SIGALRM, libc::SIGVTALRM, libc::SIGPROF, libc::SIGIO, libc::SIGURG];
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let real_time = libc::SIGRTMIN()..=libc::SIGRTMAX();
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let real_time = core::iter::empty();
    let signals = named.into_iter().chain(real_time).filter(|signal| SIGNALS.contains(signal));
    signals.fold(0, |bits, signal| bits | bit(signal))
}

/// Signals that a thread causes itself. With them blocked, the kernel kills the process at a fault, or the
/// thread hangs, without a message.
const SYNCHRONOUS: [i32; 7] = [
    libc::SIGSEGV,
    libc::SIGBUS,
    libc::SIGFPE,
    libc::SIGILL,
    libc::SIGTRAP,
    libc::SIGSYS,
    libc::SIGABRT,
];

fn asynchronous_signals() -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the pointer is valid for a write of a signal set, which this call makes.
    unsafe { libc::sigfillset(set.as_mut_ptr()) };
    for signal in SYNCHRONOUS {
        // SAFETY: the set has been filled above, and the signal number is valid.
        unsafe { libc::sigdelset(set.as_mut_ptr(), signal) };
    }
    // SAFETY: `sigfillset` has written the whole set.
    unsafe { set.assume_init() }
}

fn signal_set(signals: impl Iterator<Item = i32>) -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the pointer is valid for a write of a signal set, which this call makes.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    for signal in signals {
        // A number that this system does not have is refused by the call and changes nothing.
        // SAFETY: the set has been emptied above.
        unsafe { libc::sigaddset(set.as_mut_ptr(), signal) };
    }
    // SAFETY: `sigemptyset` has written the whole set.
    unsafe { set.assume_init() }
}

/// Changes this thread's signal mask and returns the one from before. It fails for an unknown `how` only.
fn change_mask(how: i32, set: &libc::sigset_t) -> Mask {
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: both pointers are valid for a signal set, and the call writes the second whole.
    let failed = unsafe { libc::pthread_sigmask(how, set, before.as_mut_ptr()) };
    assert!(
        failed == 0,
        "pthread_sigmask failed with error {failed}, which it does for an unknown `how` only; \
         please report this"
    );
    // SAFETY: the call has succeeded, so it has written the mask.
    Mask(unsafe { before.assume_init() })
}
