// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that threads allocate, publish and free.
//!
//! A thread runs again and again, and what it allocates has to be at the same address each time. So
//! the n-th allocation of a thread is one block, which is kept; each run puts its own value there. To
//! other threads that value is a plain store to each word of the block. Which words it has is learnt
//! on the way: if a thread gets at a new one, all is begun again.
#![expect(unsafe_code, reason = "what a block holds is read through pointers")]

use core::any::Any;
use core::cell::{Cell, RefCell};
use core::mem;
use core::ops::Range;

use crate::replay;

/// Where the number of a word's value is read from its memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader(pub(crate) unsafe fn(*const ()) -> u64);

/// Words at one place of a block are of one type: see `alloc`.
impl PartialEq for Reader {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Reader {
    /// # Safety
    /// At `word` is a word of the type that this is the reader of.
    pub(crate) unsafe fn read(self, word: *const ()) -> u64 {
        // SAFETY: the function is that of the type whose word is at `word`.
        unsafe { (self.0)(word) }
    }
}

struct Block {
    /// The thread that allocated it, and how many allocations that one had made before.
    of: (usize, usize),
    addresses: Range<usize>,
    /// A `Cell<T>`.
    memory: &'static dyn Any,
}

thread_local! {
    static BLOCKS: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// The addresses of the block that has this one.
pub(crate) fn block_of(address: usize) -> Option<Range<usize>> {
    BLOCKS.with_borrow(|blocks| {
        let all = blocks.iter().map(|block| &block.addresses);
        all.into_iter().find(|addresses| addresses.contains(&address)).cloned()
    })
}

/// The block of one allocation, with `value` in it.
fn filled<T: 'static>(of: (usize, usize), value: T) -> *mut T {
    BLOCKS.with_borrow_mut(|blocks| {
        let mut all = blocks.iter().filter(|block| block.of == of);
        if let Some(block) = all.find_map(|block| block.memory.downcast_ref::<Cell<T>>()) {
            // The old value has words that other runs know, which its destructor would take away.
            mem::forget(block.replace(value));
            return block.as_ptr();
        }
        let block: &'static Cell<T> = Box::leak(Box::new(Cell::new(value)));
        let start = block.as_ptr().addr();
        let addresses = start..start + size_of::<T>();
        blocks.push(Block { of, addresses, memory: block });
        block.as_ptr()
    })
}

/// Allocates memory for `value`: what `Box::into_raw(Box::new(value))` is without a checker.
///
/// An access by a thread that has not synchronised with the allocation is a data race. All that threads
/// share of `value` has to be this crate's atomics and cells. It is never dropped, nor is its memory
/// given back: an address comes but once in an execution, so this finds no ABA.
///
/// # Safety
/// In each execution the value has the same words at the same places, as a structure has. An enum whose
/// variants have different ones is none.
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
    let Some(of) = replay::next_allocation() else { return Box::into_raw(Box::new(value)) };
    let block = filled(of, value);
    let start = block.addr();
    // SAFETY: the caller promises that each word that was seen in the block is there now, and what is
    // asked for lies in the block.
    let read = |reader: Reader, address| unsafe {
        reader.read(block.wrapping_byte_add(address - start).cast_const().cast())
    };
    replay::allocated(start..start + size_of::<T>(), read);
    block
}

/// Frees what [`alloc`] allocated: what `drop(Box::from_raw(memory))` is without a checker, but for the
/// destructor. All other accesses have to happen before it; one that comes later is a use after free.
///
/// Outside of a program this does nothing.
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
