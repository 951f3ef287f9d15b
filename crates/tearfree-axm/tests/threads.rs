// SPDX-License-Identifier: MIT OR Apache-2.0
//! Threads that threads spawn and join.
#![expect(unsafe_code, reason = "nodes are raw pointers")]

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::Arc;

use tearfree_axm::{
    AtomicBool, AtomicU32, AtomicUsize, Plain, Program, Report, heap, pause, thread,
};

fn only_failure(report: &Report) -> &str {
    assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
    report.failures.keys().next().unwrap()
}

fn seen_without_failure(report: &Report) -> Vec<&str> {
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    report.seen()
}

#[test]
fn a_join_synchronises_with_the_thread() {
    let explore = |joins: bool| {
        Program::new(Arc::new(Plain::new(0)))
            .thread(move |word| {
                let shared = Arc::clone(word);
                let other = thread::spawn(move || shared.set(7));
                if joins {
                    other.join().unwrap();
                }
                word.get().to_string()
            })
            .explore()
    };
    assert_eq!(seen_without_failure(&explore(true)), ["7"]);
    let line = line!() - 9;
    let without = explore(false);
    let both_lines = |failure: &String| {
        let lines = [line, line + 4].map(|line| format!(" at {}:{line}", file!()));
        failure.starts_with("data race") && lines.iter().all(|line| failure.contains(line))
    };
    assert!(!without.failures.is_empty());
    assert!(without.failures.keys().all(both_lines), "{line}: {without:?}");
}

#[test]
fn a_spawn_synchronises_with_the_thread() {
    let explore = |after: bool| {
        Program::new(Plain::new(0))
            .silent(move |word| {
                if !after {
                    word.set(7);
                }
                thread::scope(|scope| {
                    scope.spawn(|| assert_eq!(word.get(), 7));
                    if after {
                        word.set(7);
                    }
                });
            })
            .explore()
    };
    assert!(explore(false).failures.is_empty());
    let failures = explore(true).failures;
    assert!(failures.keys().any(|failure| failure.starts_with("data race")), "{failures:?}");
}

/// That includes threads that its threads spawned in it.
#[test]
fn the_end_of_a_scope_joins_all_its_threads() {
    let report = Program::new([Plain::new(0), Plain::new(0)])
        .thread(|[x, y]| {
            let mut own = 0;
            thread::scope(|scope| {
                scope.spawn(|| {
                    scope.spawn(|| y.set(2));
                    x.set(1);
                    own = 3;
                });
            });
            format!("{} {} {own}", x.get(), y.get())
        })
        .explore();
    assert_eq!(seen_without_failure(&report), ["1 2 3"]);
}

#[test]
fn threads_that_spawn_threads_give_their_results() {
    let report = Program::new(Arc::new(AtomicUsize::new(0)))
        .thread(|count| {
            let ours = Arc::clone(count);
            let child = thread::spawn(move || {
                let theirs = Arc::clone(&ours);
                let grandchild = thread::spawn(move || theirs.fetch_add(1, Relaxed));
                let before = ours.fetch_add(10, Relaxed);
                vec![before, grandchild.join().unwrap()]
            });
            let before = count.fetch_add(100, Relaxed);
            format!("{before} {:?} {}", child.join().unwrap(), count.load(Relaxed))
        })
        .explore();
    // Six orders of three updates.
    assert_eq!(report.executions, 6);
    let seen = [
        "0 [100, 110] 111",
        "0 [101, 100] 111",
        "1 [101, 0] 111",
        "10 [0, 110] 111",
        "11 [0, 10] 111",
        "11 [1, 0] 111",
    ];
    assert_eq!(seen_without_failure(&report), seen);
}

/// A handle can go to another thread.
#[test]
fn a_thread_joins_one_that_it_has_not_spawned() {
    let report = Program::new(Arc::new(Plain::new(0)))
        .thread(|word| {
            let (ours, theirs) = (Arc::clone(word), Arc::clone(word));
            let first = thread::spawn(move || ours.set(5));
            let second = thread::spawn(move || {
                first.join().unwrap();
                theirs.get()
            });
            second.join().unwrap().to_string()
        })
        .explore();
    assert_eq!(seen_without_failure(&report), ["5"]);
}

#[test]
fn a_thread_whose_handle_is_dropped_runs_to_its_end() {
    let report = Program::new(Arc::new(AtomicUsize::new(0)))
        .silent(|word| {
            let shared = Arc::clone(word);
            drop(thread::spawn(move || {
                shared.store(1, Relaxed);
                shared.store(shared.load(Relaxed) + 1, Relaxed);
            }));
        })
        .after(|word| word.load(Relaxed).to_string())
        .explore();
    assert_eq!(seen_without_failure(&report), ["2"]);
}

#[test]
fn a_thread_is_spawned_in_some_executions_only() {
    let report = Program::new((AtomicBool::new(false), AtomicUsize::new(0)))
        .silent(|(flag, count)| {
            thread::scope(|scope| {
                if flag.load(Relaxed) {
                    scope.spawn(|| count.fetch_add(1, Relaxed));
                }
            });
        })
        .silent(|(flag, count)| {
            thread::scope(|scope| {
                scope.spawn(|| count.fetch_add(10, Relaxed));
                flag.store(true, Relaxed);
            });
        })
        .after(|(_, count)| count.load(Relaxed).to_string())
        .explore();
    assert_eq!((seen_without_failure(&report), report.executions), (vec!["10", "11"], 3));
}

#[test]
fn threads_that_wait_for_each_other_are_reported() {
    let line = line!() + 6;
    let report = Program::new(AtomicU32::new(0))
        .silent(|word| {
            thread::scope(|scope| {
                let other = scope.spawn(|| word.wait(0));
                // It should have been called before.
                other.join().unwrap();
                word.store(1, Relaxed);
                word.wake_all();
            });
        })
        .explore();
    assert_eq!(only_failure(&report), "a thread sleeps for ever");
    let execution = &report.failures["a thread sleeps for ever"];
    let joins = format!("joins thread 1 at {}:{line}", file!());
    assert!(execution.contains(&joins), "{joins} is not in\n{execution}");

    let report = Program::new(AtomicBool::new(false))
        .silent(|flag| {
            thread::scope(|scope| {
                scope.spawn(|| {
                    while !flag.load(Acquire) {
                        pause();
                    }
                });
            });
            flag.store(true, Release);
        })
        .explore();
    assert!(only_failure(&report).starts_with("no execution ended"), "{report:?}");
}

#[test]
fn a_failure_in_a_spawned_thread_names_its_line_and_shows_the_spawn() {
    let line = line!() + 4;
    let report = Program::new(())
        .silent(|()| {
            thread::scope(|scope| {
                scope.spawn(|| panic!("the end"));
            });
        })
        .explore();
    let expected = format!("thread 1 panicked at {}:{line}: the end", file!());
    assert_eq!(only_failure(&report), expected);
    let execution = report.failures.values().next().unwrap();
    let spawn = format!("spawn thread 1 at {}:{line}", file!());
    assert!(execution.contains(&spawn), "{spawn} is not in\n{execution}");
}

#[test]
fn too_many_threads_are_refused() {
    let spawned = |count: usize| {
        Program::new(())
            .silent(move |()| {
                thread::scope(|scope| (0..count).for_each(|_| _ = scope.spawn(|| ())));
            })
            .explore()
    };
    assert!(spawned(15).failures.is_empty());
    let refused = spawned(16);
    let failure = only_failure(&refused);
    let expected = format!("thread 0 panicked at {}:", file!());
    assert!(failure.starts_with(&expected), "{failure}");
    assert!(failure.ends_with(": more than 16 threads: use a smaller program"), "{failure}");
}

#[test]
fn a_thread_cannot_be_spawned_once_the_others_have_ended() {
    let report = Program::new(())
        .after(|()| {
            drop(thread::spawn(|| ()));
            String::new()
        })
        .explore();
    let failure = only_failure(&report);
    assert!(failure.ends_with(": a thread is spawned after all others have ended"), "{failure}");
}

/// Words are identified by their addresses, and a word that a thread makes has another one in each run.
#[test]
fn a_word_that_a_thread_lends_to_another_one_is_refused() {
    let lent = Program::new(()).silent(|()| {
        let own = AtomicUsize::new(1);
        own.store(2, Relaxed);
        thread::scope(|scope| _ = scope.spawn(|| own.load(Relaxed)));
    });
    let counted = Program::new(()).silent(|()| {
        let own = Arc::new(AtomicUsize::new(1));
        let theirs = Arc::clone(&own);
        let other = thread::spawn(move || theirs.load(Relaxed));
        own.store(2, Relaxed);
        other.join().unwrap();
    });
    for report in [lent.explore(), counted.explore()] {
        assert!(only_failure(&report).contains("and one of them made it"), "{report:?}");
    }
    // A word that only the new thread uses is allowed.
    let report = Program::new(())
        .thread(|()| {
            let own = AtomicUsize::new(1);
            let other = thread::spawn(move || own.fetch_add(1, Relaxed) + own.load(Relaxed));
            other.join().unwrap().to_string()
        })
        .explore();
    assert_eq!(seen_without_failure(&report), ["3"]);
}

/// A release fence orders stores of its own thread only.
#[test]
fn a_fence_before_a_spawn_does_not_release_what_the_thread_stores() {
    let explore = |fence_is_in_thread: bool| {
        Program::new((Plain::new(0), AtomicBool::new(false)))
            .silent(move |(data, flag)| {
                let fence = || tearfree_axm::fence(Release);
                data.set(1);
                if !fence_is_in_thread {
                    fence();
                }
                thread::scope(|scope| {
                    scope.spawn(move || {
                        if fence_is_in_thread {
                            fence();
                        }
                        flag.store(true, Relaxed);
                    });
                });
            })
            .silent(|(data, flag)| {
                if flag.load(Acquire) {
                    data.get();
                }
            })
            .explore()
    };
    assert!(explore(true).failures.is_empty());
    let failures = explore(false).failures;
    assert!(failures.keys().any(|failure| failure.starts_with("data race")), "{failures:?}");
}

/// Nodes that a thread allocates are at one address in each thread that reaches them.
#[test]
fn threads_share_what_one_of_them_has_allocated() {
    let explore = |joins_first: bool| {
        Program::new(())
            .thread(move |()| {
                // SAFETY: one word.
                let node = unsafe { heap::alloc(Plain::new(1)) };
                // SAFETY: the memory is not reused.
                let node = unsafe { &*node };
                let other = thread::spawn(move || node.set(node.get() + 1));
                if joins_first {
                    other.join().unwrap();
                    return node.get().to_string();
                }
                heap::free(core::ptr::from_ref(node).cast_mut());
                other.join().unwrap();
                String::new()
            })
            .explore()
    };
    assert_eq!(seen_without_failure(&explore(true)), ["2"]);
    let failures = explore(false).failures;
    assert!(failures.keys().any(|failure| failure.starts_with("data race")), "{failures:?}");
}

#[test]
#[should_panic(expected = "the body of thread 1 is not deterministic")]
fn a_spawned_thread_that_is_not_deterministic_is_refused() {
    static RUNS: core::sync::atomic::AtomicUsize = core::sync::atomic::AtomicUsize::new(0);
    let report = Program::new(AtomicUsize::new(0))
        .silent(|word| {
            thread::scope(|scope| {
                scope.spawn(|| word.store(RUNS.fetch_add(1, Relaxed), Relaxed));
            });
        })
        .explore();
    drop(report);
}
