// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions of the C library that ours stand in for.

#![allow(unsafe_code, reason = "functions are found by their names")]

use core::ffi::{CStr, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// A function of the next library that has this name.
pub(crate) struct Next {
    name: &'static CStr,
    found: AtomicPtr<c_void>,
}

impl Next {
    pub(crate) const fn new(name: &'static CStr) -> Self {
        Next { name, found: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Its address. It is looked up here only for a program that has threads, or asks for the time,
    /// before this object is set up.
    ///
    /// A C library that lacks it lacks it for the program, too: then the program ends.
    #[inline]
    pub(crate) fn get(&self) -> *mut c_void {
        // ORDERING: Relaxed: the address of code that is there from the start; nothing else is
        // published.
        let found = self.found.load(Ordering::Relaxed);
        if found.is_null() { self.found_late() } else { found }
    }

    #[cold]
    fn found_late(&self) -> *mut c_void {
        let found = self.find();
        if found.is_null() {
            // SAFETY: it takes nothing, and ends the process.
            unsafe { libc::abort() };
        }
        found
    }

    fn find(&self) -> *mut c_void {
        // SAFETY: a name that ends with a zero.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        // ORDERING: Relaxed: every thread that looks it up stores the same address.
        self.found.store(found, Ordering::Relaxed);
        found
    }
}

/// Looks up all of them: the loader takes locks for that, which a signal handler must not.
pub(crate) fn find_all() {
    unsafe extern "C" {
        #[link_name = "__start_tearfree_next"]
        static FIRST: c_void;
        #[link_name = "__stop_tearfree_next"]
        static END: c_void;
    }
    let (mut entry, end) = ((&raw const FIRST).cast::<&Next>(), (&raw const END).cast());
    while entry < end {
        // SAFETY: the linker puts the two names around what `original` left in the section.
        unsafe { *entry }.find();
        entry = entry.wrapping_add(1);
    }
}

/// Defines functions that take the place of the C library's.
///
/// Pointers that may be null are options of references, so that no code here looks behind a bad one
/// that the C library would not look behind either. `next` is the original.
macro_rules! interpose {
    ($($(#[doc = $doc:literal])+ fn $name:ident($next:ident; $($arg:ident: $type:ty),*) -> $ret:ty
        $body:block)+) => {
        $(
            $(#[doc = $doc])+
            #[unsafe(no_mangle)]
            pub(crate) extern "C" fn $name($($arg: $type),*) -> $ret {
                let $next = $crate::next::original!($name: extern "C" fn($($type),*) -> $ret);
                $body
            }
        )+
    };
}
pub(crate) use interpose;

/// A function of the C library, by its name and type.
macro_rules! original {
    ($name:ident: extern "C" fn($($type:ty),*) -> $ret:ty) => {{
        static NEXT: $crate::next::Next = {
            let name = concat!(stringify!($name), "\0").as_bytes();
            $crate::next::Next::new(match core::ffi::CStr::from_bytes_with_nul(name) {
                Ok(name) => name,
                Err(_) => panic!("a name has no zero in it"),
            })
        };
        #[used]
        #[unsafe(link_section = "tearfree_next")]
        static ENTRY: &$crate::next::Next = &NEXT;
        // SAFETY: the C library's function of this name has this type; see its manual page.
        unsafe {
            core::mem::transmute::<*mut core::ffi::c_void, extern "C" fn($($type),*) -> $ret>(
                NEXT.get(),
            )
        }
    }};
}
pub(crate) use original;
