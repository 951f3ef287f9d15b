// SPDX-License-Identifier: MIT OR Apache-2.0
//! The atomics do what those of `core` do: outside of a program, and in a thread that is alone.

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use tearfree_axm::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8,
    AtomicU16, AtomicU32, AtomicU64, AtomicUsize, Plain, Program,
};

/// Calls every method of an atomic, and returns all results.
macro_rules! all_calls {
    ($atomic:expr, $word:ty; $($update:ident)*) => {{
        let (atomic, mut seen) = ($atomic, Vec::new());
        let values: [$word; 4] = [3, 1, <$word>::MAX, <$word>::MIN];
        for value in values {
            seen.push(atomic.load(Acquire));
            $(seen.push(atomic.$update(value, AcqRel));)*
            seen.push(atomic.swap(value, SeqCst));
            for result in [
                atomic.compare_exchange(value, 5, AcqRel, Acquire),
                atomic.compare_exchange(value, 6, SeqCst, Relaxed),
                atomic.compare_exchange_weak(5, 7, Release, Relaxed),
                atomic.fetch_update(AcqRel, Acquire, |old| old.checked_add(1)),
                atomic.fetch_update(AcqRel, Acquire, |_| None),
            ] {
                seen.extend(result.err().into_iter().chain(result.ok()));
                seen.push(<$word>::from(result.is_ok()));
            }
        }
        atomic.store(9, Release);
        seen.push(atomic.load(SeqCst));
        format!("{seen:?}")
    }};
}

macro_rules! integers {
    ($($test:ident: $name:ident $word:ty;)*) => {$(
        #[test]
        fn $test() {
            macro_rules! calls {
                ($made:expr) => {
                    all_calls!($made, $word; fetch_add fetch_sub fetch_and fetch_nand fetch_or
                        fetch_xor fetch_max fetch_min)
                };
            }
            let expected = calls!(core::sync::atomic::$name::new(100));
            assert_eq!(calls!($name::new(100)), expected, "outside of a program");
            let program = Program::new(()).thread(|()| calls!($name::new(100)));
            assert_eq!(program.explore().seen(), [expected], "in a thread");
            let mut word = $name::from(4);
            *word.get_mut() += 1;
            assert_eq!((word.load(Relaxed), $name::default().load(Relaxed)), (5, 0));
            assert_eq!(format!("{word:?}"), concat!(stringify!($name), "(5)"));
            assert_eq!(word.into_inner(), 5);
        }
    )*};
}

integers! {
    u8_is_as_in_core: AtomicU8 u8;
    u16_is_as_in_core: AtomicU16 u16;
    u32_is_as_in_core: AtomicU32 u32;
    u64_is_as_in_core: AtomicU64 u64;
    usize_is_as_in_core: AtomicUsize usize;
    i8_is_as_in_core: AtomicI8 i8;
    i16_is_as_in_core: AtomicI16 i16;
    i32_is_as_in_core: AtomicI32 i32;
    i64_is_as_in_core: AtomicI64 i64;
    isize_is_as_in_core: AtomicIsize isize;
}

#[test]
fn bool_is_as_in_core() {
    macro_rules! calls {
        ($made:expr) => {{
            let (flag, mut seen) = ($made, Vec::new());
            for value in [true, false, false, true, true] {
                seen.push(flag.fetch_xor(value, AcqRel));
                seen.push(flag.fetch_or(value, Release));
                seen.push(flag.fetch_nand(value, Acquire));
                seen.push(flag.fetch_and(value, Relaxed));
                seen.push(flag.swap(value, SeqCst));
            }
            seen.push(flag.fetch_update(AcqRel, Acquire, |old| Some(!old)).is_ok());
            seen.push(flag.load(SeqCst));
            format!("{seen:?}")
        }};
    }
    let expected = calls!(core::sync::atomic::AtomicBool::new(false));
    assert_eq!(calls!(AtomicBool::new(false)), expected);
    let program = Program::new(()).thread(|()| calls!(AtomicBool::new(false)));
    assert_eq!(program.explore().seen(), [expected]);
}

/// Two nodes of the state, and a pointer to one of them.
#[test]
fn a_pointer_publishes_what_was_stored_before() {
    let explore = |order| {
        let node: &Plain = Box::leak(Box::new(Plain::new(0)));
        Program::new(AtomicPtr::<Plain>::default())
            .silent(move |head| {
                node.set(7);
                head.store(core::ptr::from_ref(node).cast_mut(), order);
            })
            .thread(move |head| match head.load(Acquire) {
                found if found.is_null() => "nothing".to_owned(),
                found => {
                    assert_eq!(found.cast_const(), core::ptr::from_ref(node));
                    node.get().to_string()
                }
            })
            .explore()
    };
    let report = explore(Release);
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(report.seen(), ["7", "nothing"]);
    let failures = explore(Relaxed).failures;
    assert!(failures.keys().any(|failure| failure.starts_with("data race")), "{failures:?}");
}

#[test]
fn calls_that_the_checker_cannot_see_are_refused() {
    type Call = fn(AtomicUsize) -> usize;
    let calls: [(Call, &str); 2] =
        [(|mut word| *word.get_mut(), "get_mut"), (AtomicUsize::into_inner, "into_inner")];
    for (call, name) in calls {
        let report = Program::new(()).silent(|()| _ = call(AtomicUsize::new(1))).explore();
        let failure = report.failures.keys().next().unwrap();
        assert!(failure.ends_with(&format!(": `{name}` in a thread of a program")), "{failure}");
    }
}
