// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that threads allocate, publish and free.
//!
//! To other threads the value of an allocation is a plain store to each word of its block. Which words
//! a block has is found out during the search: if a thread accesses a new one, the search starts again.
#![expect(unsafe_code, reason = "words of a block are read through pointers")]

use crate::block::{Reader, block_of, filled};
use crate::replay;

/// Allocates memory for `value`, as `Box::into_raw(Box::new(value))` does.
///
/// An access by a thread that has not synchronised with the allocation is a data race. Threads may
/// share this crate's atomics and cells in `value`, and nothing else. The value is never dropped and its
/// memory never reused: an execution has each address once, so ABA mistakes are not found.
///
/// # Safety
/// In each execution the value must have the same words at the same offsets, as a structure has. An enum
/// whose variants have different words does not.
///
/// # Examples
/// A node that is published by its address.
/// ```
/// use std::ptr;
/// use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
/// use tearfree_axm::cell::UnsafeCell;
/// use tearfree_axm::{AtomicPtr, Program, heap};
///
/// let program = |publish| {
///     Program::new(AtomicPtr::<UnsafeCell<u32>>::new(ptr::null_mut()))
///         .silent(move |head| {
///             // SAFETY: a cell has one word.
///             let node = unsafe { heap::alloc(UnsafeCell::new(7)) };
///             head.store(node, publish);
///         })
///         .thread(|head| {
///             // SAFETY: nodes are never freed.
///             let node = unsafe { head.load(Acquire).as_ref() };
///             // SAFETY: the checker reports writes beside this.
///             node.map_or("none".into(), |node| node.with(|value| unsafe { *value }.to_string()))
///         })
/// };
/// assert_eq!(program(Release).explore().seen(), ["7", "none"]);
/// assert!(program(Relaxed).explore().failures.keys().next().unwrap().starts_with("data race"));
/// ```
#[track_caller]
pub unsafe fn alloc<T: 'static>(value: T) -> *mut T {
    let Some(allocation) = replay::next_allocation() else { return Box::into_raw(Box::new(value)) };
    let block = filled(allocation, value);
    let start = block.addr();
    // SAFETY: the caller promises that each word that was seen in the block is there now, and what is
    // asked for lies in the block.
    let read = |reader: Reader, address| unsafe {
        reader.read(block.wrapping_byte_add(address - start).cast_const().cast())
    };
    replay::allocated(start..start + size_of::<T>(), read);
    block
}

/// Frees what [`alloc`] allocated, without running its destructor.
///
/// All other accesses have to happen before it; a later one is reported as a use after free. Outside of
/// a program this does nothing.
///
/// # Examples
/// A reader that holds on to what the writer frees.
/// ```
/// use std::sync::atomic::Ordering::{AcqRel, Acquire};
/// use tearfree_axm::{AtomicPtr, AtomicUsize, Program, heap};
///
/// let report = Program::new(AtomicPtr::<AtomicUsize>::default())
///     .silent(|head| {
///         // SAFETY: one word.
///         head.store(unsafe { heap::alloc(AtomicUsize::new(1)) }, std::sync::atomic::Ordering::Release);
///         heap::free(head.swap(std::ptr::null_mut(), AcqRel));
///     })
///     .silent(|head| {
///         // SAFETY: the memory itself stays.
///         if let Some(node) = unsafe { head.load(Acquire).as_ref() } {
///             node.load(Acquire);
///         }
///     })
///     .explore();
/// assert!(report.failures.keys().any(|failure| failure.starts_with("data race")));
/// ```
///
/// # Panics
/// In a thread of a program, if no thread has allocated this.
#[track_caller]
pub fn free<T>(memory: *mut T) {
    if !replay::is_running() {
        return;
    }
    let block = block_of(memory.addr()).filter(|block| block.start == memory.addr());
    replay::freed(block.expect("memory is freed that no thread has allocated"));
}
