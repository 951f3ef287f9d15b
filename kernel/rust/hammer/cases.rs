// SPDX-License-Identifier: GPL-2.0
//! The cases, in the order in which they run.

use core::ffi::CStr;

use tearfree::lock::{InContext, WriterLock};
use tearfree_kernel::{Bh, Irq, IrqSave, SpinLock};

use crate::interruption::Kind;
use crate::kernel_locks::{By, LatchOfKernel, SeqCountOfKernel, SeqLockOfKernel};
use crate::locks::{Bare, Counted, Exclusive, Kept, Latched, LeftOn, Locked, Subject};
use crate::race::Deed::{Read, Write};
use crate::race::{Case, Deed, Proof};

/// How many collisions or interruptions a case has to see.
const ENOUGH: u64 = 10;

/// A writer and a reader on each processor.
const TWO_AND_TWO: &[(Deed, u32)] = &[(Write, 1), (Read, 0), (Write, 0), (Read, 1)];
/// A writer, which may be interrupted, and a reader on the other processor.
const ONE_AND_ONE: &[(Deed, u32)] = &[(Write, 1), (Read, 0)];
const ALONE: &[(Deed, u32)] = &[(Write, 1)];

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
static IRQ: Kept<64, Irq> = Kept::new();
static IRQSAVE: Kept<64, IrqSave> = Kept::new();
static IRQ_LOCK: Locked<64, IrqSafe> = Locked::new(IrqSafe::UNLOCKED);
static BH: Kept<64, Bh> = Kept::new();
static BH_LOCK: Locked<64, BhSafe> = Locked::new(BhSafe::UNLOCKED);
static WORK: Locked<64> = Locked::new(SpinLock::new());
static LEFT_ON: LeftOn<64> = LeftOn::new();

/// Everything.
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
    Case { name, threads: TWO_AND_TWO, interruption: None, proof: Proof::Met(ENOUGH) }.run(subject);
}

fn interruptions() {
    let reads = |kind| Some((kind, Read));
    let writes = |kind| Some((kind, Write));
    let came = Proof::Interrupted(ENOUGH);
    let case = |name, interruption, proof| Case { name, threads: ONE_AND_ONE, interruption, proof };

    Case {
        name: c"control/interrupts-left-on",
        threads: ALONE,
        interruption: reads(Kind::HardInterrupt),
        proof: Proof::Stuck(ENOUGH),
    }
    .run(&LEFT_ON);
    case(c"timer/irq", reads(Kind::HardInterrupt), came).run(&IRQ);
    case(c"timer/irqsave", reads(Kind::HardInterrupt), came).run(&IRQSAVE);
    case(c"timer/writes-too", writes(Kind::HardInterrupt), came).run(&IRQ_LOCK);
    case(c"timer/exclusive-readers", writes(Kind::HardInterrupt), came).run(&EXCLUSIVE);
    case(c"timer/latch", reads(Kind::HardInterrupt), Proof::MetInside(ENOUGH)).run(&LATCH_IN_TIMER);
    case(c"softirq/bh", reads(Kind::SoftInterrupt), came).run(&BH);
    case(c"softirq/writes-too", writes(Kind::SoftInterrupt), came).run(&BH_LOCK);
    case(c"workqueue/plain", reads(Kind::WorkQueue), came).run(&WORK);
}

/// The cases whose words go one by one. They meet wherever two processors take turns at pauses.
fn word_by_word() {
    Case {
        name: c"words/control-no-lock",
        threads: ONE_AND_ONE,
        interruption: None,
        proof: Proof::Torn(ENOUGH),
    }
    .run(&Bare::<8>::new());
    race(c"words/seqcount-2-words", &Counted::<2>::new());
    race(c"words/seqcount-8-words", &Counted::<8>::new());
    race(c"words/seqcount-64-words", &Counted::<64>::new());
    for (name, writer, reader) in [
        (c"words/kernel-seqlock-c-to-c", By::C, By::C),
        (c"words/kernel-seqlock-c-to-rust", By::C, By::Rust),
        (c"words/kernel-seqlock-rust-to-c", By::Rust, By::C),
        (c"words/kernel-seqlock-mixed", By::Both, By::Both),
    ] {
        race(name, &SeqLockOfKernel::new(writer, reader));
    }
    race(c"words/kernel-seqcount-c-to-rust", &SeqCountOfKernel::new(By::C, By::Rust));
    race(c"words/kernel-seqcount-rust-to-c", &SeqCountOfKernel::new(By::Rust, By::C));
    race(c"words/kernel-latch-c-to-rust", &LatchOfKernel::new(By::C, By::Rust));
    race(c"words/kernel-latch-rust-to-c", &LatchOfKernel::new(By::Rust, By::C));
}

fn kernel_in_interrupts() {
    let timer = Some((Kind::HardInterrupt, Read));
    for (name, writer, reader) in [
        (c"timer/kernel-seqlock-c-to-rust", By::C, By::Rust),
        (c"timer/kernel-seqlock-rust-to-c", By::Rust, By::C),
    ] {
        let proof = Proof::Interrupted(ENOUGH);
        let subject = SeqLockOfKernel::irqsave(writer, reader);
        Case { name, threads: ONE_AND_ONE, interruption: timer, proof }.run(&subject);
    }
    for (name, writer, reader) in [
        (c"timer/kernel-latch-c-to-rust", By::C, By::Rust),
        (c"timer/kernel-latch-rust-to-c", By::Rust, By::C),
    ] {
        let proof = Proof::MetInside(ENOUGH);
        let subject = LatchOfKernel::new(writer, reader);
        Case { name, threads: ONE_AND_ONE, interruption: timer, proof }.run(&subject);
    }
}
