// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs that wait, sleep, panic, race, or are refused.

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use tearfree_axm::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Plain, Program, Report, fence, pause, sleeps,
};

fn only_failure(report: &Report) -> &str {
    assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
    report.failures.keys().next().unwrap()
}

#[test]
fn a_failed_assertion_comes_with_its_execution() {
    let report = Program::new((AtomicUsize::new(0), AtomicUsize::new(0)))
        .silent(|(x, y)| {
            x.store(1, Relaxed);
            y.store(1, Relaxed);
        })
        .silent(|(x, y)| {
            if y.load(Acquire) == 1 {
                assert_eq!(x.load(Relaxed), 1, "stale");
            }
        })
        .explore();
    let failure = only_failure(&report);
    let expected = format!("thread 1 panicked at {}:{}: ", file!(), line!() - 5);
    assert!(failure.starts_with(&expected) && failure.contains("stale"), "{failure}");
    let execution = report.failures.values().next().unwrap();
    let loaded = |what: &str, from: &str| {
        let mut lines = execution.lines();
        lines.any(|line| line.contains(what) && line.ends_with(from))
    };
    assert!(loaded("load m1 = 1 Acquire at ", ", from 0:1"), "{execution}");
    assert!(loaded("load m0 = 0 Relaxed at ", ", from the start"), "{execution}");
}

#[test]
fn the_last_thread_sees_the_stores_of_all_others() {
    let report = Program::new(AtomicUsize::new(0))
        .silent(|x| x.store(1, Relaxed))
        .silent(|x| x.store(2, Relaxed))
        .after(|x| x.load(Relaxed).to_string())
        .explore();
    assert_eq!(report.seen(), ["1", "2"]);
}

#[test]
fn a_spin_lock_protects_plain_data() {
    let add_one = |(lock, data): &(AtomicBool, Plain)| {
        while lock.swap(true, Acquire) {
            pause();
        }
        data.set(data.get() + 1);
        lock.store(false, Release);
    };
    let state = || (AtomicBool::new(false), Plain::new(0));
    let report = Program::new(state())
        .silent(add_one)
        .silent(add_one)
        .silent(add_one)
        .after(|(_, data)| data.get().to_string())
        .explore();
    assert_eq!((report.seen(), report.executions), (vec!["3"], 6), "{:?}", report.failures);
    assert_ne!(report.cut, 0, "a thread that finds the lock taken is cut");
    let once_more = Program::new(state()).silent(add_one).silent(add_one).pauses(1).explore();
    assert_eq!(once_more.executions, 4, "each may find the lock taken once, and then free");
}

#[test]
fn a_lock_without_its_orderings_does_not_protect() {
    for (taken, freed) in [(Relaxed, Release), (Acquire, Relaxed)] {
        let add_one = move |(lock, data): &(AtomicBool, Plain)| {
            while lock.swap(true, taken) {
                pause();
            }
            data.set(data.get() + 1);
            lock.store(false, freed);
        };
        let state = (AtomicBool::new(false), Plain::new(0));
        let report = Program::new(state).silent(add_one).silent(add_one).explore();
        assert!(report.failures.keys().all(|failure| failure.starts_with("data race")));
        assert!(!report.failures.is_empty());
    }
}

/// Explores a thread that sleeps while the word is zero, and one that changes the word and may wake it.
fn sleeper(wakes: bool) -> Report {
    Program::new(AtomicU32::new(0))
        .thread(|word| {
            word.wait(0);
            format!("{} slept, {}", sleeps(), word.load(Relaxed))
        })
        .silent(move |word| {
            word.store(1, Relaxed);
            if wakes {
                word.wake_all();
            }
        })
        .explore()
}

#[test]
fn a_thread_that_is_woken_goes_on() {
    let report = sleeper(true);
    // In the first one it wakes spuriously.
    assert_eq!(report.seen(), ["0 slept, 0", "0 slept, 1", "1 slept, 1"]);
    assert!(report.failures.is_empty(), "{:?}", report.failures);
}

#[test]
fn a_thread_that_is_not_woken_sleeps_for_ever() {
    let report = sleeper(false);
    assert_eq!(report.seen(), ["0 slept, 0", "0 slept, 1"]);
    assert_eq!(only_failure(&report), "a thread sleeps for ever");
}

/// It might have been woken later by the thread that was cut.
#[test]
fn a_thread_that_sleeps_beside_a_cut_one_is_cut_too() {
    let program = || {
        let program = Program::new((AtomicU32::new(0), AtomicBool::new(false)));
        program
            .silent(|(word, _)| {
                while word.load(Relaxed) == 0 {
                    word.wait(0);
                }
            })
            .silent(|(word, flag)| {
                while !flag.load(Acquire) {
                    pause();
                }
                word.store(1, Relaxed);
                word.wake_all();
            })
    };
    let report = program().silent(|(_, flag)| flag.store(true, Release)).explore();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert!(report.executions > 0 && report.cut > 0, "{report:?}");
    let report = program().explore();
    assert!(only_failure(&report).starts_with("no execution ended"), "{report:?}");
}

#[test]
fn an_exchange_that_fails_is_a_load() {
    let report = Program::new(AtomicU64::new(0))
        .thread(|x| format!("{:?}", x.compare_exchange(0, 1, AcqRel, Acquire)))
        .thread(|x| format!("{:?}", x.compare_exchange(0, 2, SeqCst, Relaxed)))
        .explore();
    assert_eq!(report.seen(), ["Err(2), Ok(0)", "Ok(0), Err(1)"]);
}

#[test]
fn destructors_of_a_run_that_is_cut_short_add_no_events() {
    struct Guard<'a>(&'a AtomicUsize);
    impl Drop for Guard<'_> {
        fn drop(&mut self) {
            let count = self.0.load(Relaxed);
            assert_eq!(count % 2, 1, "the guard made it odd");
            self.0.store(count + 1, Release);
        }
    }
    let report = Program::new((AtomicUsize::new(0), AtomicUsize::new(0)))
        .thread(|(count, other)| {
            count.store(count.load(Relaxed) + 1, Relaxed);
            let _guard = Guard(count);
            other.load(Relaxed).to_string()
        })
        .silent(|(_, other)| other.store(1, Relaxed))
        .after(|(count, _)| count.load(Relaxed).to_string())
        .explore();
    assert_eq!(report.seen(), ["0, 2", "1, 2"], "{:?}", report.failures);
}

#[test]
fn without_a_program_an_atomic_behaves_as_in_core() {
    let word = AtomicUsize::new(1);
    word.store(2, Relaxed);
    assert_eq!((word.fetch_add(1, Relaxed), word.swap(7, AcqRel)), (2, 3));
    assert_eq!(word.compare_exchange(7, 8, AcqRel, Relaxed), Ok(7));
    // Threads start with the last value.
    let report = Program::new(word).thread(|word| word.load(Relaxed).to_string()).explore();
    assert_eq!(report.seen(), ["8"]);
}

#[test]
#[should_panic(expected = "use a smaller program")]
fn a_program_that_is_too_large_is_refused() {
    let report = Program::new(AtomicUsize::new(0))
        .silent(|x| (0..200).for_each(|value| x.store(value, Relaxed)))
        .explore();
    drop(report);
}

/// As in `core`, in a thread and outside of one.
#[test]
fn orderings_that_an_access_cannot_have_are_refused() {
    type Access = fn(&AtomicUsize);
    let accesses: [(Access, &str); 8] = [
        (|x| _ = x.load(Release), "a release load"),
        (|x| _ = x.load(AcqRel), "an acquire-release load"),
        (|x| x.store(1, Acquire), "an acquire store"),
        (|x| x.store(1, AcqRel), "an acquire-release store"),
        (|x| _ = x.compare_exchange(1, 2, AcqRel, Release), "a release load"),
        (|x| _ = x.compare_exchange(0, 2, AcqRel, AcqRel), "an acquire-release load"),
        (|_| fence(Relaxed), "a relaxed fence"),
        (|x| _ = x.compare_exchange(0, 2, Relaxed, Release), "a release load"),
    ];
    for (access, what) in accesses {
        let report = Program::new(AtomicUsize::new(0)).silent(access).explore();
        let expected = format!("no such thing as {what}");
        assert!(only_failure(&report).ends_with(&expected), "{report:?}");
        let outside = std::panic::catch_unwind(|| access(&AtomicUsize::new(0)));
        assert!(outside.is_err(), "{what}");
    }
}

#[test]
fn a_program_of_which_no_execution_ends_is_a_failure() {
    let wait = |x: &AtomicUsize| {
        while x.load(Acquire) == 0 {
            pause();
        }
    };
    let report = Program::new(AtomicUsize::new(0)).silent(wait).explore();
    assert!(only_failure(&report).starts_with("no execution ended"), "{report:?}");
    // Two threads that wait for each other.
    let report = Program::new((AtomicUsize::new(0), AtomicUsize::new(0)))
        .silent(move |(x, y)| {
            wait(x);
            y.store(1, Release);
        })
        .silent(move |(x, y)| {
            wait(y);
            x.store(1, Release);
        })
        .pauses(3)
        .explore();
    assert!(only_failure(&report).starts_with("no execution ended"), "{report:?}");
}

/// Returns the message with which the checker refuses a program.
fn refused<S>(program: &Program<'_, S>) -> String {
    let explored = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| program.explore()));
    let payload = explored.expect_err("the program was not refused");
    payload.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_body_that_is_not_deterministic_is_refused() {
    let runs = core::cell::Cell::new(0);
    let next = || runs.replace(runs.get() + 1);
    // Each time another outcome, another value, or another word.
    let returns = Program::new(AtomicUsize::new(0)).thread(|_| next().to_string());
    let stores = Program::new(AtomicUsize::new(0)).silent(|x| {
        x.store(next(), Relaxed);
        x.load(Relaxed);
    });
    let loads = Program::new([AtomicUsize::new(0), AtomicUsize::new(0)]).silent(|words| {
        words[next() % 2].load(Relaxed);
    });
    // Its first run alone does something else.
    let is_first = core::cell::Cell::new(true);
    let begins = Program::new(AtomicUsize::new(0)).silent(|x| {
        x.store(usize::from(is_first.replace(false)), Relaxed);
        x.load(Relaxed);
    });
    for refused in [refused(&returns), refused(&stores), refused(&loads), refused(&begins)] {
        assert!(refused.starts_with("the body of thread 0 is not deterministic"), "{refused}");
    }
}

#[test]
fn words_that_bodies_make_are_separate_variables() {
    let read = |start| {
        move |_: &AtomicUsize| {
            let own = Box::new(AtomicUsize::new(start));
            own.load(Relaxed).to_string()
        }
    };
    let report = Program::new(AtomicUsize::new(0)).thread(read(7)).thread(read(8)).explore();
    assert_eq!(report.seen(), ["7, 8"]);

    let write = |_: &AtomicUsize| {
        let own = Box::new(Plain::new(0));
        own.set(1);
    };
    let report = Program::new(AtomicUsize::new(0)).silent(write).silent(write).explore();
    assert!(report.failures.is_empty(), "{:?}", report.failures);

    // One after the other at one address, and beside what the state has.
    let in_turn = |x: &AtomicUsize| {
        let values = [1, 3].map(|start| {
            let own = AtomicUsize::new(start);
            own.store(start + own.load(Relaxed), Relaxed);
            own.load(Relaxed) + 10 * x.load(Relaxed)
        });
        format!("{values:?}")
    };
    let report =
        Program::new(AtomicUsize::new(0)).thread(in_turn).silent(|x| x.store(1, Relaxed)).explore();
    assert_eq!(report.seen(), ["[12, 16]", "[2, 16]", "[2, 6]"]);
}

#[test]
fn a_word_that_a_body_makes_and_publishes_is_refused() {
    let program = Program::new(AtomicUsize::new(0)).silent(|x| {
        let made: &AtomicUsize = Box::leak(Box::new(AtomicUsize::new(1)));
        made.store(9, Relaxed);
        x.store(core::ptr::from_ref(made).addr(), Release);
        x.load(Relaxed);
    });
    let refused = refused(&program);
    assert!(refused.contains("not deterministic") && refused.contains("use `heap::alloc`"));
}
