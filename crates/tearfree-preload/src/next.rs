// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions of the C library that this object replaces, found by `dlsym(RTLD_NEXT)`.

#![allow(unsafe_code, reason = "functions are found by their names")]

use core::ffi::{CStr, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

/// A pointer of C, passed on as it is.
pub(crate) type Pointer = *mut c_void;

/// A function of the next library that has this name.
pub(crate) struct Next {
    name: &'static CStr,
    found: AtomicPtr<c_void>,
}

impl Next {
    pub(crate) const fn new(name: &'static CStr) -> Self {
        Next { name, found: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Returns the function's address. It is looked up here only if the program calls it before this
    /// object is set up.
    ///
    /// If the C library lacks the function, the program cannot have it either, and is aborted.
    #[inline]
    pub(crate) fn get(&self) -> *mut c_void {
        // ORDERING: P12. An address, which says all there is; pairs with the store in `find`.
        let found = self.found.load(Ordering::Relaxed);
        if found.is_null() { self.find_or_abort() } else { found }
    }

    #[cold]
    fn find_or_abort(&self) -> *mut c_void {
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
        // ORDERING: P12. Whoever stores stores the same; pairs with `get`.
        self.found.store(found, Ordering::Relaxed);
        found
    }
}

/// Looks up all functions at once: the loader takes locks for that, which a signal handler must not.
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

/// Defines functions that replace the C library's. In their bodies `next` is the original.
///
/// Pointers that may be null are options of references. No code here dereferences a pointer that the
/// C library would not dereference.
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

/// Expands to a function of the C library, by its name and type.
macro_rules! original {
    ($name:ident: extern "C" fn($($type:ty),*) -> $ret:ty) => {{
        static NEXT: $crate::next::Next = {
            let name = concat!(stringify!($name), "\0").as_bytes();
            $crate::next::Next::new(match core::ffi::CStr::from_bytes_with_nul(name) {
                Ok(name) => name,
                Err(_) => panic!("a function name contains a zero byte"),
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
