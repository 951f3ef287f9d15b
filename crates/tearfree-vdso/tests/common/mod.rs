// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the tests and the example share: the image in this process, and its functions.

#![allow(unsafe_code, reason = "code that is mapped here is called by its address")]
#![allow(dead_code, reason = "each program uses a part of it")]

pub(crate) mod elf;

use core::ffi::c_void;
use core::mem::transmute;
use core::ptr::{null_mut, slice_from_raw_parts};
use std::fs::{File, read_to_string};
use std::os::fd::AsRawFd;
use std::path::Path;

use elf::Elf;
use tearfree_vdso::{HOST_FUNCTIONS, HOST_FUNCTIONS_OFFSET, IMAGE, PAGE_OFFSET, VERSION};

pub(crate) type OnClock = unsafe extern "C" fn(i32, *mut libc::timespec) -> i32;
pub(crate) type GetTimeOfDay = unsafe extern "C" fn(*mut libc::timeval, *mut c_void) -> i32;
pub(crate) type Time = unsafe extern "C" fn(*mut i64) -> i64;
pub(crate) type GetCpu = unsafe extern "C" fn(*mut u32, *mut u32, *mut c_void) -> isize;

/// The functions of a vDSO. Those that AArch64 has not are `None`.
#[derive(Clone, Copy)]
pub(crate) struct Functions {
    pub(crate) clock_gettime: OnClock,
    pub(crate) clock_getres: OnClock,
    pub(crate) gettimeofday: GetTimeOfDay,
    pub(crate) time: Option<Time>,
    pub(crate) getcpu: Option<GetCpu>,
}

/// Returns the name of a function of the vDSO on this machine.
pub(crate) fn name(function: &str) -> String {
    let prefix = if cfg!(target_arch = "x86_64") { "__vdso_" } else { "__kernel_" };
    format!("{prefix}{function}")
}

impl Functions {
    /// Finds the functions of the vDSO that is mapped at `base`, as a C library does.
    fn find(elf: &Elf<'_>, base: usize) -> Self {
        let address = |function| elf.find_by_hash(&name(function), VERSION).map(|at| base + at);
        let needed = |function| address(function).unwrap_or_else(|| panic!("no {function}"));
        Functions {
            // SAFETY: a function of this name and version has this type.
            clock_gettime: unsafe { transmute::<usize, OnClock>(needed("clock_gettime")) },
            // SAFETY: as above.
            clock_getres: unsafe { transmute::<usize, OnClock>(needed("clock_getres")) },
            // SAFETY: as above.
            gettimeofday: unsafe { transmute::<usize, GetTimeOfDay>(needed("gettimeofday")) },
            // SAFETY: as above.
            time: unsafe { transmute::<usize, Option<Time>>(address("time").unwrap_or(0)) },
            // SAFETY: as above.
            getcpu: unsafe { transmute::<usize, Option<GetCpu>>(address("getcpu").unwrap_or(0)) },
        }
    }

    /// Reads a clock in nanoseconds.
    pub(crate) fn ns(&self, clock: i32) -> u64 {
        let mut time = libc::timespec { tv_sec: -1, tv_nsec: -1 };
        // SAFETY: there is room for a time.
        let result = unsafe { (self.clock_gettime)(clock, &raw mut time) };
        assert_eq!(result, 0, "clock {clock}");
        assert!((0..1_000_000_000).contains(&time.tv_nsec), "{time:?}");
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    }
}

/// Returns the kernel's own vDSO: its bytes and its address. `None`: this machine has none, such as some emulators.
pub(crate) fn kernel_vdso() -> Option<(&'static [u8], usize)> {
    // SAFETY: it takes a number, and returns a number.
    let base = unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) } as usize;
    let maps = read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.starts_with(&format!("{base:x}-")))?;
    let end = line.split([' ', '-']).nth(1)?;
    let len = usize::from_str_radix(end, 16).ok()? - base;
    let bytes = slice_from_raw_parts(base as *const u8, len);
    // SAFETY: the vDSO is mapped for as long as this process runs, and never changes.
    Some((unsafe { &*bytes }, base))
}

/// Returns the functions of the kernel's own vDSO.
pub(crate) fn kernel_functions() -> Option<Functions> {
    let (bytes, base) = kernel_vdso()?;
    Some(Functions::find(&Elf::new(bytes), base))
}

/// The image in this process, with the page of a clock behind it. It stays mapped.
pub(crate) fn map(page: &Path) -> Functions {
    map_with(page, None)
}

/// As [`map`], with another function in place of the kernel's `clock_gettime`.
pub(crate) fn map_with(page: &Path, clock_gettime: Option<OnClock>) -> Functions {
    let base = reserve();
    // SAFETY: the memory is new, writable, and long enough.
    unsafe { base.copy_from_nonoverlapping(IMAGE.as_ptr(), IMAGE.len()) };
    if let Some((bytes, vdso)) = kernel_vdso() {
        let kernel = Elf::new(bytes);
        for (at, name) in HOST_FUNCTIONS.iter().enumerate() {
            let Some(found) = kernel.find_by_hash(name, VERSION) else { continue };
            // SAFETY: inside of the mapping, which is longer.
            let to = unsafe { base.add(HOST_FUNCTIONS_OFFSET + at * 8) };
            // SAFETY: writable memory of this function, where no one else is yet.
            unsafe { to.cast::<usize>().write_unaligned(vdso + found) };
        }
    }
    if let Some(clock_gettime) = clock_gettime {
        // SAFETY: inside of the mapping, which is longer.
        let to = unsafe { base.add(HOST_FUNCTIONS_OFFSET) };
        // SAFETY: writable memory of this function, where no one else is yet.
        unsafe { to.cast::<OnClock>().write_unaligned(clock_gettime) };
    }
    let code = libc::PROT_READ | libc::PROT_EXEC;
    // SAFETY: this function's own mapping.
    assert_eq!(unsafe { libc::mprotect(base.cast(), PAGE_OFFSET, code) }, 0);
    map_page(base, page);
    Functions::find(&Elf::new(IMAGE), base.addr())
}

/// Maps memory for the image and the page, at an address that one of any size can have.
fn reserve() -> *mut u8 {
    let (len, flags) = (2 * PAGE_OFFSET, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping, where the system chooses.
    let base = unsafe { libc::mmap(null_mut(), len, access, flags, -1, 0) };
    assert_ne!(base, libc::MAP_FAILED);
    base.cast()
}

fn map_page(base: *mut u8, page: &Path) {
    let file = File::open(page.join("page")).expect("the page has a file");
    // SAFETY: the second half of the reserved memory begins there.
    let at = unsafe { base.add(PAGE_OFFSET) };
    let flags = libc::MAP_SHARED | libc::MAP_FIXED;
    // SAFETY: it replaces memory that was reserved for it.
    let mapped =
        unsafe { libc::mmap(at.cast(), 4096, libc::PROT_READ, flags, file.as_raw_fd(), 0) };
    assert_eq!(mapped, at.cast());
}
