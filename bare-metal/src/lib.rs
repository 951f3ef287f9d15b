// SPDX-License-Identifier: MIT OR Apache-2.0
//! The timer and the exit of all programs.
#![no_std]

use core::panic::PanicInfo;

use cortex_m::Peripherals;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_semihosting::{debug, hprintln};

/// Starts a timer that interrupts the program after every `ticks` of the processor's clock.
///
/// # Panics
/// At the second call.
pub fn interrupt_each(ticks: u32) -> SYST {
    let mut timer = Peripherals::take().expect("the first call").SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(ticks);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
    timer
}

/// Ends the program and the emulator successfully.
pub fn succeed() -> ! {
    debug::exit(debug::EXIT_SUCCESS);
    unreachable!("the emulator has ended")
}

/// Prints the panic and ends the emulator with an error.
#[panic_handler]
fn fail(info: &PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    debug::exit(debug::EXIT_FAILURE);
    loop {
        cortex_m::asm::bkpt();
    }
}
