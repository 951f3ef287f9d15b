// SPDX-License-Identifier: MIT OR Apache-2.0
#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(not(all(
    target_os = "linux",
    target_pointer_width = "64",
    target_endian = "little",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
compile_error!("tearfree-vdso is for Linux on 64-bit machines, x86-64 or little-endian AArch64");

mod machine;

const MACHINE: machine::Machine =
    if cfg!(target_arch = "x86_64") { machine::X86_64 } else { machine::AARCH64 };

/// The image, an ELF file of less than [`HOST_FUNCTIONS_OFFSET`] bytes. It is mapped from its first byte on, readable
/// and executable.
pub static IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/image.so"));

/// Where the page of the clock is mapped, read-only and shared, in bytes behind the beginning of the image. Up to there
/// the image is followed by zeros.
pub const PAGE_OFFSET: usize = MACHINE.page_offset;

/// Where the addresses of [`HOST_FUNCTIONS`] in this process are, 8 bytes each. They are stored before the program
/// runs. Where an address is 0, the image makes a system call.
pub const HOST_FUNCTIONS_OFFSET: usize = PAGE_OFFSET - machine::HOST_FUNCTIONS_LEN;

/// The functions of the kernel's own vDSO that the image calls.
pub const HOST_FUNCTIONS: &[&str] = MACHINE.host_functions;

/// The functions of the image.
pub const FUNCTIONS: &[&str] = MACHINE.functions;

/// The version of these functions.
pub const VERSION: &str = MACHINE.version;
