// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree vdso --watch`: shows each step of the kernel's count as it happens.

use core::num::NonZeroU64;
use core::time::Duration;
use std::thread;

use serde::Serialize;
use tearfree_clock::kernel::{FindError, KernelClock, KernelPage, Snapshot};

use crate::outcome::{Outcome, Problem};
use crate::stop::Stop;
use crate::terminal::{self, OutputState};

/// How often the page is polled: several times between two updates, of which there are 100 to 1000 a second.
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// An update of the page. The names of the fields are those of the JSON object.
#[derive(Debug, Serialize)]
struct PageUpdate {
    before: u32,
    after: u32,
    /// The number of updates since the last poll.
    updates: u32,
    #[serde(serialize_with = "terminal::as_string")]
    cycles: u64,
    mult: u32,
    #[serde(serialize_with = "terminal::as_optional_string")]
    monotonic_ns: Option<u64>,
}

pub(super) fn run(
    page: &KernelPage,
    count: Option<NonZeroU64>,
    json: bool,
    stop: &Stop,
) -> Result<Outcome, Problem> {
    let mut left = count.map(u64::from);
    let mut last = snapshot(page)?;
    while left != Some(0) && stop.signal().is_none() {
        thread::sleep(POLL_INTERVAL);
        let next = snapshot(page)?;
        if next.count == last.count {
            continue;
        }
        let step = PageUpdate {
            before: last.count,
            after: next.count,
            updates: next.count.wrapping_sub(last.count) / 2,
            cycles: next.cycle_last.wrapping_sub(last.cycle_last),
            mult: next.mult,
            monotonic_ns: page.read(KernelClock::Monotonic),
        };
        let text = if json { terminal::json_line(&step)? } else { step.text() };
        if terminal::print(&text)? == OutputState::Closed {
            break;
        }
        left = left.map(|left| left - 1);
        last = next;
    }
    Ok(Outcome::new(0, stop.signal()))
}

fn snapshot(page: &KernelPage) -> Result<Snapshot, Problem> {
    Ok(page.snapshot(KernelClock::Monotonic).ok_or(FindError::UnknownLayout)?)
}

impl PageUpdate {
    fn text(&self) -> String {
        format!(
            "count {} -> {}, {} update{}, {} cycles later, mult {}\n",
            self.before,
            self.after,
            self.updates,
            if self.updates == 1 { "" } else { "s" },
            self.cycles,
            self.mult
        )
    }
}
