// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Layout`: the offsets in the kernel's page, by version: `struct vdso_data`, since 6.15 `vdso_clock`.

/// A layout of the page's first clock, in bytes.
///
/// ```text
/// +0 seq u32   +4 clock_mode s32   +8 cycle_last u64   [+16 max_cycles u64]
/// mask u64   mult u32   shift u32   { sec u64, nsec u64 << shift } x 12, by the number of the clock
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Layout {
    /// The kernel versions that have this layout.
    pub name: &'static str,
    /// The offset of the first clock in `[vvar]`.
    pub clock: usize,
    /// Whether the field `max_cycles` exists.
    pub has_max_cycles: bool,
}

/// The known layouts for this processor. They cannot be confused: each has the multiplier elsewhere.
#[cfg(target_arch = "x86_64")]
pub(super) const KNOWN: &[Layout] = &[
    Layout { name: "Linux 6.18", clock: 0, has_max_cycles: true },
    Layout { name: "Linux 6.12", clock: 128, has_max_cycles: true },
    Layout { name: "Linux 6.1", clock: 128, has_max_cycles: false },
];
#[cfg(target_arch = "aarch64")]
pub(super) const KNOWN: &[Layout] =
    &[Layout { name: "Linux 6.1 to 6.18", clock: 0, has_max_cycles: false }];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) const KNOWN: &[Layout] = &[];

/// The number of clocks with a base time.
const BASES: usize = 12;

impl Layout {
    pub(super) const fn mode(self) -> usize {
        self.clock + 4
    }

    pub(super) const fn cycle_last(self) -> usize {
        self.clock + 8
    }

    pub(super) const fn max_cycles(self) -> usize {
        self.clock + 16
    }

    pub(super) const fn mask(self) -> usize {
        self.clock + if self.has_max_cycles { 24 } else { 16 }
    }

    pub(super) const fn mult(self) -> usize {
        self.mask() + 8
    }

    pub(super) const fn shift(self) -> usize {
        self.mask() + 12
    }

    pub(super) const fn base(self, clock: usize) -> usize {
        self.mask() + 16 + clock * 16
    }

    pub(super) const fn end(self) -> usize {
        self.base(BASES)
    }
}
