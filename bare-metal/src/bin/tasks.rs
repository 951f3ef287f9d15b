// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tasks of embassy's executor wait for values that a timer interrupt publishes, and see each change.
//!
//! The processor sleeps meanwhile, so after a lost wake-up the program never ends.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use cortex_m_rt::{entry, exception};
use cortex_m_semihosting::hprintln;
use embassy_executor::{Executor, Spawner, task};
use tearfree::lock::SpinLock;
use tearfree::{Claim, OneCopy, SeqLock, Writer};
use tearfree_bare_metal::{interrupt_each, succeed};

const CHANGES: u32 = 5_000;
const TASKS: usize = 3;

type Reading = (u32, u32);

static READING: SeqLock<Reading, SpinLock> = SeqLock::with_lock((0, 0), SpinLock::new());
/// The number that each task saw last.
static SEEN: [AtomicU32; TASKS] = [const { AtomicU32::new(0) }; TASKS];
static ENDED: AtomicU32 = AtomicU32::new(0);

/// Publishes the next change when all tasks have seen the last one. So each change has one wake-up, and the loss
/// of one is not hidden by the next.
#[exception]
fn SysTick() {
    static mut WRITER: Option<Writer<Claim<'static, Reading, OneCopy>>> = None;
    let writer = WRITER.get_or_insert_with(|| READING.try_claim().expect("there is one writer"));
    let (number, _) = writer.get();
    // ORDERING: Relaxed: numbers that say how far each task is; the lock orders what the tasks read.
    if number < CHANGES && SEEN.iter().all(|seen| seen.load(Relaxed) == number) {
        writer.set((number + 1, !number));
    }
}

#[task(pool_size = TASKS)]
async fn follow(task: usize) {
    let (mut last, mut seen) = (0, READING.version());
    while last < CHANGES {
        READING.changed(seen).await;
        let ((number, check), version) = READING.read_versioned();
        assert_eq!((number, check), (last + 1, !last), "a change was missed or torn");
        (last, seen) = (number, version);
        // A different delay each time, so that the interrupt hits any step of the next wait.
        cortex_m::asm::delay(number.wrapping_mul(2_654_435_761) >> 22);
        // ORDERING: Relaxed: a number for the handler, which stores nothing that this task read.
        SEEN[task].store(number, Relaxed);
    }
    // ORDERING: Relaxed: a counter; one processor runs all tasks.
    if ENDED.fetch_add(1, Relaxed) + 1 == TASKS as u32 {
        hprintln!("{} tasks saw each of {} changes", TASKS, CHANGES);
        succeed()
    }
}

fn start(spawner: Spawner) {
    for number in 0..TASKS {
        spawner.must_spawn(follow(number));
    }
    interrupt_each(97);
}

#[entry]
fn main() -> ! {
    static mut EXECUTOR: Option<Executor> = None;
    EXECUTOR.insert(Executor::new()).run(start)
}
