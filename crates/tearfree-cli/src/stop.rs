// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ctrl-C and SIGTERM: the first signal requests the end of the run, the second ends the program at once.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::io;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::outcome::{Problem, Signal};

/// How often a run checks for signals.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Whether a signal requested the end of the run.
pub(crate) struct Stop {
    /// The number of the signal that arrived, or 0.
    signal: Arc<AtomicUsize>,
}

impl Stop {
    /// Installs handlers for SIGINT and SIGTERM.
    pub(crate) fn new() -> Result<Self, Problem> {
        Self::register().map_err(failed)
    }

    fn register() -> io::Result<Self> {
        let signal = Arc::new(AtomicUsize::new(0));
        let second = Arc::new(AtomicBool::new(false));
        for number in [SIGINT, SIGTERM] {
            // The actions of one signal run in this order, so the first one finds `second` unset.
            flag::register_conditional_shutdown(number, 128 + number, Arc::clone(&second))?;
            flag::register(number, Arc::clone(&second))?;
            flag::register_usize(
                number,
                Arc::clone(&signal),
                usize::try_from(number).unwrap_or(0),
            )?;
        }
        Ok(Self { signal })
    }

    /// Returns a socket that becomes readable when a signal arrives, for a run that sleeps in a system call.
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    pub(crate) fn wakener(&self) -> Result<UnixStream, Problem> {
        let connect = || {
            let (wakener, end) = UnixStream::pair()?;
            for number in [SIGINT, SIGTERM] {
                signal_hook::low_level::pipe::register(number, end.try_clone()?)?;
            }
            io::Result::Ok(wakener)
        };
        connect().map_err(failed)
    }

    /// Returns the signal that arrived, if one did.
    pub(crate) fn signal(&self) -> Option<Signal> {
        // ORDERING: Relaxed; the number is all there is, nothing is published with it.
        let number = self.signal.load(Ordering::Relaxed);
        match i32::try_from(number) {
            Ok(SIGINT) => Some(Signal::Interrupt),
            Ok(SIGTERM) => Some(Signal::Terminate),
            _ => None,
        }
    }
}

fn failed(error: io::Error) -> Problem {
    Problem::new(
        format_args!("cannot install handlers for SIGINT and SIGTERM: {error}"),
        "Nothing was run. Run the command outside the sandbox that forbids it.",
    )
}

/// Sleeps until `deadline`, and polls `ended`. Returns false if `ended` became true first.
pub(crate) fn sleep_until(deadline: Instant, ended: impl Fn() -> bool) -> bool {
    loop {
        if ended() {
            return false;
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        thread::sleep(left.min(POLL_INTERVAL));
    }
}
