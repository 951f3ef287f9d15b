// SPDX-License-Identifier: MIT OR Apache-2.0
#![doc = include_str!("lib.md")]

mod alarm;
mod clock;
mod discipline;
mod error;
pub mod host;
mod keeper;
pub mod kernel;
mod line;
mod namespace;
mod offset;
mod record;
mod sample;
mod settings;
mod source;
mod status;
mod test_clock;
mod window;

pub use alarm::Woken;
pub use clock::Clock;
pub use discipline::Discipline;
pub use error::Error;
pub use keeper::{Keeper, TICK, TickReport};
pub use line::{Line, MAX_SLEW_PPB, NEVER, SHIFT, counts_in};
pub use record::{DEFAULT_NAME, Record};
pub use sample::{HostState, Sample};
pub use settings::Settings;
pub use source::{Source, host_ns};
pub use status::{Bounded, Status};
pub use test_clock::{MAX_SPEED, TestClock, TestSettings};
