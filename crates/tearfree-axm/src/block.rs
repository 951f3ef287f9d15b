// SPDX-License-Identifier: MIT OR Apache-2.0
//! Blocks of memory that threads allocate.
//!
//! A thread runs again and again, and what it allocates has to be at the same address each time. So
//! the n-th allocation of a thread is one block, which is kept; each run puts its own value there.
#![expect(unsafe_code, reason = "words of a block are read through pointers")]

use core::any::Any;
use core::cell::{Cell, RefCell};
use core::mem;
use core::ops::Range;

/// Reads the bits of a word's value from its memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader(pub(crate) unsafe fn(*const ()) -> u64);

/// All readers are equal: words at one offset of a block have one type, see `alloc`.
impl PartialEq for Reader {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Reader {
    /// # Safety
    /// `word` points to a word of the type that this reads.
    pub(crate) unsafe fn read(self, word: *const ()) -> u64 {
        // SAFETY: the function is that of the type whose word is at `word`.
        unsafe { (self.0)(word) }
    }
}

struct Block {
    /// The thread that allocated it, and the number of its earlier allocations.
    allocation: (usize, usize),
    addresses: Range<usize>,
    /// A `Cell<T>`.
    memory: &'static dyn Any,
}

thread_local! {
    static BLOCKS: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// Returns the addresses of the block that contains `address`.
pub(crate) fn block_of(address: usize) -> Option<Range<usize>> {
    BLOCKS.with_borrow(|blocks| {
        let all = blocks.iter().map(|block| &block.addresses);
        all.into_iter().find(|addresses| addresses.contains(&address)).cloned()
    })
}

/// Returns the block of one allocation, with `value` in it.
pub(crate) fn filled<T: 'static>(allocation: (usize, usize), value: T) -> *mut T {
    BLOCKS.with_borrow_mut(|blocks| {
        let mut all = blocks.iter().filter(|block| block.allocation == allocation);
        if let Some(block) = all.find_map(|block| block.memory.downcast_ref::<Cell<T>>()) {
            // Not dropped: other runs know the words of the old value.
            mem::forget(block.replace(value));
            return block.as_ptr();
        }
        let block: &'static Cell<T> = Box::leak(Box::new(Cell::new(value)));
        let start = block.as_ptr().addr();
        let addresses = start..start + size_of::<T>();
        blocks.push(Block { allocation, addresses, memory: block });
        block.as_ptr()
    })
}
