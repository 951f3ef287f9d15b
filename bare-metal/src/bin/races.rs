// SPDX-License-Identifier: MIT OR Apache-2.0
//! A timer interrupt and the main loop read and write the same values: no value is torn, and no update lost.
//!
//! The same accesses without a lock have to show torn values and lost updates.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use cortex_m::register::primask;
use cortex_m_rt::{entry, exception};
use cortex_m_semihosting::hprintln;
use tearfree::context::{CriticalSection, SavedContext};
use tearfree::lock::{InContext, SpinLock, WriterLock};
use tearfree::{SeqLatch, SeqLock};
use tearfree_bare_metal::{interrupt_each, succeed};

const INTERRUPTS: u32 = 10_000;
/// A limit, which the main loop does not reach.
const MOST_ROUNDS: u32 = 200_000;
/// Repetitions of the accesses without a lock, so that interrupts hit them often enough.
const TIMES_WITHOUT_LOCK: u32 = 8;

/// A self-checking value: each word follows from the first one.
type Value = [u32; 16];

fn value(number: u32) -> Value {
    core::array::from_fn(|at| number.wrapping_mul(at as u32 + 1))
}

/// Interrupts are masked from a lock's acquisition to its end.
enum Masked {}

impl SavedContext for Masked {
    type Saved = bool;

    fn enter() -> bool {
        let were_on = primask::read().is_active();
        cortex_m::interrupt::disable();
        were_on
    }

    #[allow(unsafe_code, reason = "interrupts are enabled again")]
    fn leave(were_on: bool) {
        if were_on {
            // SAFETY: interrupts were enabled when this critical section began, so it is the outermost one.
            unsafe { cortex_m::interrupt::enable() };
        }
    }
}

type MaskingLock = InContext<Masked, SpinLock>;

/// The interrupt writes, and the main loop reads.
static TO_MAIN: SeqLock<Value> = SeqLock::new([0; 16]);
/// The main loop writes, and the interrupt reads, without waiting.
static TO_INTERRUPT: SeqLatch<Value> = SeqLatch::new([0; 16]);
/// The same, where the interrupt tries to read and may fail.
static TO_TRYING: SeqLock<Value> = SeqLock::new([0; 16]);
/// The same, where the main loop masks interrupts while it writes.
static TO_KEPT_OUT: SeqLock<Value> = SeqLock::new([0; 16]);
/// Both write; the main loop masks interrupts in each call.
static BY_BOTH: SeqLock<Value> = SeqLock::new([0; 16]);
/// Both write, and the lock masks interrupts, also while a guard exists.
static BY_BOTH_MASKING: SeqLock<Value, MaskingLock> =
    SeqLock::with_lock([0; 16], MaskingLock::UNLOCKED);
/// Both write, without a lock.
static UNLOCKED: [AtomicU32; 16] = [const { AtomicU32::new(0) }; 16];

/// The counters of the interrupt and of the main loop.
#[derive(Debug)]
struct Counters {
    interrupts: AtomicU32,
    torn: AtomicU32,
    torn_without_lock: AtomicU32,
    /// Failed attempts to read in the main loop.
    failed_in_main: AtomicU32,
    /// Failed attempts to read in the interrupt.
    failed_in_interrupt: AtomicU32,
    /// New values that the interrupt read.
    new_in_interrupt: AtomicU32,
}

static COUNTERS: Counters = Counters {
    interrupts: AtomicU32::new(0),
    torn: AtomicU32::new(0),
    torn_without_lock: AtomicU32::new(0),
    failed_in_main: AtomicU32::new(0),
    failed_in_interrupt: AtomicU32::new(0),
    new_in_interrupt: AtomicU32::new(0),
};

fn count(counter: &AtomicU32, happened: bool) {
    // ORDERING: Relaxed: a counter; there is one processor, and nothing else goes with it.
    counter.fetch_add(happened.into(), Relaxed);
}

fn check(seen: Value) -> u32 {
    count(&COUNTERS.torn, seen != value(seen[0]));
    seen[0]
}

fn add_one(current: &mut Value) {
    *current = value(current[0].wrapping_add(1));
}

fn add_one_without_lock() {
    // ORDERING: Relaxed on purpose: these words have no count, so that they are torn.
    let new = value(UNLOCKED[0].load(Relaxed).wrapping_add(1));
    // ORDERING: Relaxed on purpose, as these words have no count. The last word is stored first, so
    // that the first word, which is the number, is old for as long as possible.
    UNLOCKED.iter().zip(new).rev().for_each(|(word, new)| word.store(new, Relaxed));
}

fn read_without_lock() {
    // ORDERING: Relaxed on purpose: no count validates the words.
    let seen = UNLOCKED.each_ref().map(|word| word.load(Relaxed));
    count(&COUNTERS.torn_without_lock, seen != value(seen[0]));
}

#[exception]
fn SysTick() {
    static mut LAST: u32 = 0;
    // ORDERING: Relaxed: a counter, which only this handler changes.
    let number = COUNTERS.interrupts.fetch_add(1, Relaxed) + 1;

    TO_MAIN.set(value(number));
    let seen = check(TO_INTERRUPT.read());
    count(&COUNTERS.new_in_interrupt, seen != *LAST);
    *LAST = seen;
    match TO_TRYING.try_read() {
        Some(value) => _ = check(value),
        None => count(&COUNTERS.failed_in_interrupt, true),
    }
    check(TO_KEPT_OUT.read());
    BY_BOTH.update(add_one);
    BY_BOTH_MASKING.update(add_one);
    read_without_lock();
    add_one_without_lock();
}

fn one_round(number: u32) {
    TO_INTERRUPT.set(value(number));
    TO_TRYING.set(value(number));
    TO_KEPT_OUT.within::<CriticalSection>().set(value(number));
    BY_BOTH.within::<CriticalSection>().update(add_one);
    add_one(&mut BY_BOTH_MASKING.write());

    match TO_MAIN.try_read() {
        Some(value) => _ = check(value),
        None => count(&COUNTERS.failed_in_main, true),
    }
    check(TO_MAIN.read());
    check(BY_BOTH.read());
    check(BY_BOTH_MASKING.read());
    for _ in 0..TIMES_WITHOUT_LOCK {
        add_one_without_lock();
        read_without_lock();
    }
}

#[entry]
fn main() -> ! {
    // A prime, so that interrupts hit every instruction of a round.
    let mut timer = interrupt_each(1_499);
    let mut rounds = 0;
    // ORDERING: Relaxed: a counter that ends the loop; the handler runs on the same processor.
    while COUNTERS.interrupts.load(Relaxed) < INTERRUPTS && rounds < MOST_ROUNDS {
        rounds += 1;
        one_round(rounds);
        // A different delay each time, so that interrupts hit different instructions.
        cortex_m::asm::delay(rounds.wrapping_mul(2_654_435_761) >> 24);
    }
    timer.disable_interrupt();

    // ORDERING: Relaxed: the timer is off, so no handler changes a counter any more.
    let get = |counter: &AtomicU32| counter.load(Relaxed);
    let interrupts = get(&COUNTERS.interrupts);
    let updates = interrupts + rounds;
    let [calls, masking] = [BY_BOTH.read()[0], BY_BOTH_MASKING.read()[0]];
    let without_lock = interrupts + rounds * TIMES_WITHOUT_LOCK;
    let lost_without_lock = without_lock - get(&UNLOCKED[0]);
    hprintln!("{} interrupts, {} rounds of the main loop", interrupts, rounds);
    hprintln!("{:?}", COUNTERS);
    hprintln!("{} updates, and {} lost without a lock", updates, lost_without_lock);
    assert_eq!(interrupts, INTERRUPTS, "the timer does not interrupt");
    assert_eq!(get(&COUNTERS.torn), 0);
    assert_eq!([calls, masking], [updates; 2], "updates were lost");
    assert_eq!(check(TO_MAIN.read()), interrupts);
    assert!(get(&COUNTERS.failed_in_main) > 0, "the interrupt never hit the main loop's read");
    assert!(
        get(&COUNTERS.failed_in_interrupt) > 0,
        "the interrupt never hit the main loop's write"
    );
    assert!(get(&COUNTERS.new_in_interrupt) > 0, "the interrupt never saw a new value");
    assert!(
        get(&COUNTERS.torn_without_lock) > 0,
        "nothing is torn without a lock, so the test shows nothing"
    );
    assert!(lost_without_lock > 0, "no update is lost without a lock, so the test shows nothing");
    hprintln!("torn 0, lost 0");
    succeed()
}
