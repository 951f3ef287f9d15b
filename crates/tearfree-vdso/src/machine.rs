// SPDX-License-Identifier: MIT OR Apache-2.0
//! What differs between processors. The build script has this file, too.

/// The names and the layout on one kind of processor.
pub(crate) struct Machine {
    /// The version of all functions, that of the kernel's vDSO.
    pub(crate) version: &'static str,
    /// The functions, by the names of the kernel's.
    pub(crate) functions: &'static [&'static str],
    /// The functions of the kernel that the image calls, in the order in which it finds their addresses.
    pub(crate) host_functions: &'static [&'static str],
    /// Where the page of the clock is: behind the image, at a multiple of the largest size that a page of memory has.
    pub(crate) page_offset: usize,
}

pub(crate) const X86_64: Machine = Machine {
    version: "LINUX_2.6",
    functions: &[
        "__vdso_clock_gettime",
        "__vdso_gettimeofday",
        "__vdso_time",
        "__vdso_clock_getres",
        "__vdso_getcpu",
        "clock_gettime",
        "gettimeofday",
        "time",
        "clock_getres",
        "getcpu",
    ],
    host_functions: &["__vdso_clock_gettime", "__vdso_clock_getres", "__vdso_getcpu"],
    page_offset: 0x2000,
};

pub(crate) const AARCH64: Machine = Machine {
    version: "LINUX_2.6.39",
    functions: &[
        "__kernel_clock_gettime",
        "__kernel_gettimeofday",
        "__kernel_clock_getres",
        "__kernel_rt_sigreturn",
    ],
    host_functions: &["__kernel_clock_gettime", "__kernel_clock_getres"],
    page_offset: 0x10000,
};

/// The addresses of the kernel's functions are in so many bytes before the page.
pub(crate) const HOST_FUNCTIONS_LEN: usize = 64;
