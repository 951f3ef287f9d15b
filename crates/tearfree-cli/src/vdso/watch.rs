// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree vdso --watch`: each step of the kernel's count, as it happens.

use core::num::NonZeroU64;
use core::time::Duration;
use std::thread;

use serde::Serialize;
use tearfree_clock::kernel::{FindError, KernelClock, KernelPage, Snapshot};

use crate::outcome::{Outcome, Problem};
use crate::stop::Stop;
use crate::terminal::{self, Audience};

/// Some looks for each of the kernel's updates, which come a hundred to a thousand times a second.
const LOOK: Duration = Duration::from_micros(200);

/// An update of the page, under the names that it has in the JSON object.
#[derive(Debug, Serialize)]
struct Step {
    before: u32,
    after: u32,
    /// How many updates were made since the last look.
    updates: u32,
    cycles: u64,
    mult: u32,
    monotonic_ns: Option<u64>,
}

pub(super) fn run(
    page: &KernelPage,
    count: Option<NonZeroU64>,
    json: bool,
    stop: &Stop,
) -> Result<Outcome, Problem> {
    let mut left = count.map(u64::from);
    let mut last = look(page)?;
    while left != Some(0) && stop.signal().is_none() {
        thread::sleep(LOOK);
        let next = look(page)?;
        if next.count == last.count {
            continue;
        }
        let step = Step {
            before: last.count,
            after: next.count,
            updates: next.count.wrapping_sub(last.count) / 2,
            cycles: next.cycle_last.wrapping_sub(last.cycle_last),
            mult: next.mult,
            monotonic_ns: page.read(KernelClock::Monotonic),
        };
        let text = if json { terminal::json_line(&step)? } else { step.text() };
        if terminal::print(&text)? == Audience::Left {
            break;
        }
        left = left.map(|left| left - 1);
        last = next;
    }
    Ok(Outcome::new(0, stop.signal()))
}

fn look(page: &KernelPage) -> Result<Snapshot, Problem> {
    Ok(page.snapshot(KernelClock::Monotonic).ok_or(FindError::UnknownLayout)?)
}

impl Step {
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
