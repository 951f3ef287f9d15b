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

    /// Its address; looked up at the first call, which the setup of this library makes.
    ///
    /// A C library that lacks it lacks it for the program, too: then the program ends.
    #[inline]
    pub(crate) fn get(&self) -> *mut c_void {
        // ORDERING: P12. An address, which says all there is; pairs with the store in `find`.
        let found = self.found.load(Ordering::Relaxed);
        if found.is_null() { self.find() } else { found }
    }

    #[cold]
    fn find(&self) -> *mut c_void {
        // SAFETY: a name that ends with a zero.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        if found.is_null() {
            // SAFETY: it takes nothing, and ends the process.
            unsafe { libc::abort() };
        }
        // ORDERING: P12. Whoever stores stores the same; pairs with `get`.
        self.found.store(found, Ordering::Relaxed);
        found
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
        // SAFETY: the C library's function of this name has this type; see its manual page.
        unsafe {
            core::mem::transmute::<*mut core::ffi::c_void, extern "C" fn($($type),*) -> $ret>(
                NEXT.get(),
            )
        }
    }};
}
pub(crate) use original;
