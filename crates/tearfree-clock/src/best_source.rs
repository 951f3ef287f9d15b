// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which counter of this machine a clock is computed from.

use std::fs;

use crate::source::Source;

/// The file in which Linux names the counter that it trusts.
const CLOCKSOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

impl Source {
    /// Returns the best counter of this machine, and why it was chosen.
    ///
    /// The TSC is chosen if the processor reports that it is invariant and the kernel uses it as its own
    /// clock source; the virtual counter of AArch64 if the kernel uses it.
    #[must_use]
    pub fn best() -> (Self, String) {
        let kernel = fs::read_to_string(CLOCKSOURCE).unwrap_or_default();
        Self::choose(Self::processor_counter(), kernel.trim())
    }

    /// As [`best`](Self::best), by the processor's counter and the name of the kernel's clock source.
    fn choose(counter: Result<Self, &'static str>, kernel: &str) -> (Self, String) {
        match (counter, kernel) {
            (Ok(Source::Tsc), "tsc") => (Source::Tsc, "invariant, and the kernel's own".to_owned()),
            (Ok(Source::Cntvct), "arch_sys_counter") => {
                (Source::Cntvct, "the kernel's own".to_owned())
            }
            (Ok(_), "") => (Source::Host, "the kernel does not name its clock source".to_owned()),
            (Ok(_), kernel) => (Source::Host, format!("the kernel's clock source is {kernel}")),
            (Err(reason), _) => (Source::Host, reason.to_owned()),
        }
    }

    /// Returns the processor's counter, or why it cannot be used.
    fn processor_counter() -> Result<Self, &'static str> {
        #[cfg(target_arch = "x86_64")]
        return match is_invariant() {
            true => Ok(Source::Tsc),
            false => Err("the processor does not report an invariant TSC"),
        };
        #[cfg(target_arch = "aarch64")]
        return Ok(Source::Cntvct);
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        return Err("no counter of this processor is supported");
    }
}

/// Whether the TSC runs at one rate in all power states of the processor.
#[cfg(target_arch = "x86_64")]
fn is_invariant() -> bool {
    use core::arch::x86_64::__cpuid;
    const ADVANCED_POWER: u32 = 0x8000_0007;
    const INVARIANT: u32 = 1 << 8;
    __cpuid(0x8000_0000).eax >= ADVANCED_POWER && __cpuid(ADVANCED_POWER).edx & INVARIANT != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_chosen_only_if_the_kernel_trusts_it() {
        let chosen = |counter, kernel| Source::choose(counter, kernel).0;
        assert_eq!(chosen(Ok(Source::Tsc), "tsc"), Source::Tsc);
        assert_eq!(chosen(Ok(Source::Cntvct), "arch_sys_counter"), Source::Cntvct);
        for kernel in
            ["", "hpet", "acpi_pm", "kvm-clock", "hyperv_clocksource_tsc_page", "tsc-early"]
        {
            assert_eq!(chosen(Ok(Source::Tsc), kernel), Source::Host, "{kernel}");
            assert_eq!(chosen(Ok(Source::Cntvct), kernel), Source::Host, "{kernel}");
        }
        let (source, reason) = Source::choose(Err("the processor has none"), "tsc");
        assert_eq!((source, reason.as_str()), (Source::Host, "the processor has none"));
    }
}
