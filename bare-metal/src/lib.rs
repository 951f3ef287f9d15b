// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the programs here share: a timer that interrupts them, and how they end.
#![no_std]

use core::panic::PanicInfo;

use cortex_m::Peripherals;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_semihosting::{debug, hprintln};

/// Has the timer interrupt the program each time that this many ticks of the processor's clock are over.
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

/// Ends the program, and the emulator with it.
pub fn succeed() -> ! {
    debug::exit(debug::EXIT_SUCCESS);
    unreachable!("the emulator has ended")
}

/// A panic ends the emulator with an error.
#[panic_handler]
fn fail(info: &PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    debug::exit(debug::EXIT_FAILURE);
    loop {
        cortex_m::asm::bkpt();
    }
}
