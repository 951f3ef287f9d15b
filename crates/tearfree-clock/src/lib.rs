// SPDX-License-Identifier: MIT OR Apache-2.0
#![doc = include_str!("lib.md")]

mod alarm;
mod best_source;
mod clock;
mod discipline;
mod error;
mod fields;
mod first_slope;
pub mod host;
mod host_time;
mod keeper;
pub mod kernel;
mod line;
mod namespace;
mod offset;
mod record;
mod sample;
mod settings;
mod shown;
mod source;
mod status;
mod test_clock;
mod window;

// The names by which files that `tearfree-vdso` compiles, too, find what is of other crates here.
use tearfree_page::{SlotView, payload};

pub use alarm::Woken;
pub use clock::Clock;
pub use discipline::Discipline;
pub use error::Error;
pub use fields::Record;
pub use host_time::host_ns;
pub use keeper::{Keeper, TICK, TickReport};
pub use line::{Line, MAX_SLEW_PPB, NEVER, SHIFT, counts_in};
pub use record::DEFAULT_NAME;
pub use sample::{HostState, Sample};
pub use settings::Settings;
pub use shown::ShownClock;
pub use source::Source;
pub use status::{Bounded, Status};
pub use test_clock::{MAX_SPEED, TestClock, TestSettings};
