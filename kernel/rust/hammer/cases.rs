// SPDX-License-Identifier: GPL-2.0
//! The cases, in the order in which they run.

use core::ffi::CStr;

use tearfree::lock::{InContext, WriterLock};
use tearfree_kernel::{Bh, Irq, IrqSave, SpinLock};

use crate::action::Action::{Read, Write};
use crate::action::{Action, Subject};
use crate::case::Case;
use crate::interruption::InterruptionKind;
use crate::kernel_locks::{Language, MixedLatch, MixedSeqCount, MixedSeqLock};
use crate::locks::{Counted, Exclusive, InContextOf, InterruptsOn, Latched, Locked, Unprotected};
use crate::report::Goal;

/// How many times a case has to reach its goal.
const ENOUGH: u64 = 10;

/// A writer and a reader on each processor.
const TWO_AND_TWO: &[(Action, u32)] = &[(Write, 1), (Read, 0), (Write, 0), (Read, 1)];
/// A writer, which may be interrupted, and a reader on the other processor.
const ONE_AND_ONE: &[(Action, u32)] = &[(Write, 1), (Read, 0)];
/// A reader, which may be interrupted, and a writer on the other processor.
const READER_FIRST: &[(Action, u32)] = &[(Read, 1), (Write, 0)];
const ALONE: &[(Action, u32)] = &[(Write, 1)];

type IrqSafe = InContext<IrqSave, SpinLock>;
type BhSafe = InContext<Bh, SpinLock>;

// Not on the stack of the loading thread: several of these are large.
static LOCK_2: Locked<2> = Locked::new(SpinLock::new());
static LOCK_8: Locked<8> = Locked::new(SpinLock::new());
static LOCK_33: Locked<33> = Locked::new(SpinLock::new());
static LOCK_64: Locked<64> = Locked::new(SpinLock::new());
static EXCLUSIVE: Exclusive<64> = Exclusive::new();
static LATCH_2: Latched<2> = Latched::new();
static LATCH_64: Latched<64> = Latched::new();
static LATCH_IN_TIMER: Latched<64> = Latched::new();
static IRQ: InContextOf<64, Irq> = InContextOf::new();
static IRQSAVE: InContextOf<64, IrqSave> = InContextOf::new();
static IRQ_LOCK: Locked<64, IrqSafe> = Locked::new_in_context(IrqSafe::UNLOCKED);
static BH: InContextOf<64, Bh> = InContextOf::new();
static BH_LOCK: Locked<64, BhSafe> = Locked::new_in_context(BhSafe::UNLOCKED);
static WORK: Locked<64> = Locked::new(SpinLock::new());
static INTERRUPTS_ON: InterruptsOn<64> = InterruptsOn::new();

/// Runs every case that was asked for.
pub(crate) fn run_all() {
    word_by_word();
    threads();
    interruptions();
    kernel_in_interrupts();
}

fn threads() {
    race(c"seqlock/2-words", &LOCK_2);
    race(c"seqlock/8-words", &LOCK_8);
    race(c"seqlock/33-words", &LOCK_33);
    race(c"seqlock/64-words", &LOCK_64);
    race(c"latch/2-words", &LATCH_2);
    race(c"latch/64-words", &LATCH_64);
}

fn race<S: Subject>(name: &'static CStr, subject: &S) {
    Case { name, threads: TWO_AND_TWO, interruption: None, goal: Goal::Met(ENOUGH) }.run(subject);
}

fn interruptions() {
    let reads = |kind| Some((kind, Read));
    let writes = |kind| Some((kind, Write));
    let held_off = Goal::HeldOff(ENOUGH);
    let case = |name, threads, interruption, goal| Case { name, threads, interruption, goal };

    Case {
        name: c"control/interrupts-left-on",
        threads: ALONE,
        interruption: reads(InterruptionKind::HardInterrupt),
        goal: Goal::Stuck(ENOUGH),
    }
    .run(&INTERRUPTS_ON);
    let hard = InterruptionKind::HardInterrupt;
    let soft = InterruptionKind::SoftInterrupt;
    case(c"timer/irq", ONE_AND_ONE, reads(hard), held_off).run(&IRQ);
    case(c"timer/irqsave", ONE_AND_ONE, reads(hard), held_off).run(&IRQSAVE);
    case(c"timer/writes-too", ONE_AND_ONE, writes(hard), held_off).run(&IRQ_LOCK);
    case(c"timer/exclusive-readers", READER_FIRST, writes(hard), held_off).run(&EXCLUSIVE);
    let inside = Goal::MetInside(ENOUGH);
    case(c"timer/latch", ONE_AND_ONE, reads(hard), inside).run(&LATCH_IN_TIMER);
    case(c"softirq/bh", ONE_AND_ONE, reads(soft), held_off).run(&BH);
    case(c"softirq/writes-too", ONE_AND_ONE, writes(soft), held_off).run(&BH_LOCK);
    // The writer is on the other processor: on its own one a section is over before work can run.
    let work = InterruptionKind::WorkQueue;
    case(c"workqueue/plain", READER_FIRST, reads(work), inside).run(&WORK);
}

/// The cases that access word by word. Threads meet in them even where emulated processors take turns
/// at pauses.
fn word_by_word() {
    Case {
        name: c"words/control-no-lock",
        threads: ONE_AND_ONE,
        interruption: None,
        goal: Goal::Torn(ENOUGH),
    }
    .run(&Unprotected::<8>::new());
    race(c"words/seqcount-2-words", &Counted::<2>::new());
    race(c"words/seqcount-8-words", &Counted::<8>::new());
    race(c"words/seqcount-64-words", &Counted::<64>::new());
    for (name, writer, reader) in [
        (c"words/kernel-seqlock-c-to-c", Language::C, Language::C),
        (c"words/kernel-seqlock-c-to-rust", Language::C, Language::Rust),
        (c"words/kernel-seqlock-rust-to-c", Language::Rust, Language::C),
        (c"words/kernel-seqlock-mixed", Language::Both, Language::Both),
    ] {
        race(name, &MixedSeqLock::new(writer, reader));
    }
    race(c"words/kernel-seqcount-c-to-rust", &MixedSeqCount::new(Language::C, Language::Rust));
    race(c"words/kernel-seqcount-rust-to-c", &MixedSeqCount::new(Language::Rust, Language::C));
    race(c"words/kernel-latch-c-to-rust", &MixedLatch::new(Language::C, Language::Rust));
    race(c"words/kernel-latch-rust-to-c", &MixedLatch::new(Language::Rust, Language::C));
}

fn kernel_in_interrupts() {
    let timer = Some((InterruptionKind::HardInterrupt, Read));
    for (name, writer, reader) in [
        (c"timer/kernel-seqlock-c-to-rust", Language::C, Language::Rust),
        (c"timer/kernel-seqlock-rust-to-c", Language::Rust, Language::C),
    ] {
        let goal = Goal::HeldOff(ENOUGH);
        let subject = MixedSeqLock::new_irqsave(writer, reader);
        Case { name, threads: ONE_AND_ONE, interruption: timer, goal }.run(&subject);
    }
    for (name, writer, reader) in [
        (c"timer/kernel-latch-c-to-rust", Language::C, Language::Rust),
        (c"timer/kernel-latch-rust-to-c", Language::Rust, Language::C),
    ] {
        let goal = Goal::MetInside(ENOUGH);
        let subject = MixedLatch::new(writer, reader);
        Case { name, threads: ONE_AND_ONE, interruption: timer, goal }.run(&subject);
    }
}
