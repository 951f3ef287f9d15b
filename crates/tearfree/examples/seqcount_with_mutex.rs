// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqCountWith`: accounts that are changed under a mutex and read without it.
//!
//! Use it where writers hold a lock anyway, because that lock protects more than what readers read: here a
//! journal that owns memory. A write section requires the guard of that lock, so it cannot be opened
//! without the lock. The data that readers see are your own atomics. If the lock protects nothing else, use
//! `SeqLock`, which has its own; without a lock, `SeqCount`.

use core::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::sync::Mutex;
use std::thread;

use tearfree::SeqCountWith;

type Journal = Mutex<Vec<String>>;

struct Bank {
    journal: Journal,
    count: SeqCountWith<Journal>,
    accounts: [AtomicI64; 3],
}

impl Bank {
    fn transfer(&self, from: usize, to: usize, amount: i64) {
        let mut journal = self.journal.lock().expect("no writer panics");
        // The journal, which readers do not see, is changed before the section, because readers wait for that.
        journal.push(format!("{amount} from {from} to {to}"));
        let _section = self.count.write(&mut journal);
        let add = |account: &AtomicI64, n| account.store(account.load(Relaxed) + n, Relaxed);
        add(&self.accounts[from], -amount);
        add(&self.accounts[to], amount);
    }

    fn balances(&self) -> [i64; 3] {
        self.count.read(|| self.accounts.each_ref().map(|account| account.load(Relaxed)))
    }
}

fn main() {
    let bank = Bank {
        journal: Mutex::default(),
        count: SeqCountWith::new(),
        accounts: [300, 200, 100].map(AtomicI64::new),
    };
    let open = AtomicBool::new(true);
    let audits = thread::scope(|threads| {
        let audit = threads.spawn(|| {
            let mut audits = 0_u64;
            loop {
                let is_last = !open.load(Relaxed);
                assert_eq!(bank.balances().iter().sum::<i64>(), 600, "half of a transfer");
                audits += 1;
                if is_last {
                    return audits;
                }
            }
        });
        let clerks = [0, 1].map(|mine| {
            let bank = &bank;
            threads.spawn(move || {
                for amount in 0..10_000 {
                    bank.transfer(mine, 2, amount % 7);
                    bank.transfer(2, mine, amount % 7);
                }
            })
        });
        for clerk in clerks {
            clerk.join().expect("the clerk has finished");
        }
        open.store(false, Relaxed);
        audit.join().expect("the audit has finished")
    });
    let journal = bank.journal.lock().expect("no writer panicked");
    println!("{} transfers, the last one of {:?}", journal.len(), journal.last());
    println!(
        "{audits} audits without the mutex found 600 each time; at the end {:?}",
        bank.balances()
    );
}
