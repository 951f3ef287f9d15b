// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Alarm`: sleeps until the next tick, or until the host's clock is set.

use core::time::Duration;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec as Timeout, poll};
use rustix::io::{Errno, read};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// Why a sleep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Woken {
    /// The time was up.
    ByTime,
    /// `CLOCK_REALTIME` was set, or the host resumed from suspend.
    ByClockSet,
    /// A signal arrived.
    BySignal,
}

/// A timer that the kernel cancels when the clock is set (`TFD_TIMER_CANCEL_ON_SET`).
#[derive(Debug)]
pub(crate) struct Alarm {
    timer: OwnedFd,
}

impl Alarm {
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let alarm = Alarm { timer: timerfd_create(TimerfdClockId::Realtime, flags)? };
        alarm.arm()?;
        Ok(alarm)
    }

    /// Sets the timer to a time that never comes; only its cancellation is of interest.
    fn arm(&self) -> io::Result<()> {
        const NEVER: Timespec = Timespec { tv_sec: i64::MAX / 4_000_000_000, tv_nsec: 0 };
        const NOTHING: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
        let once = Itimerspec { it_interval: NOTHING, it_value: NEVER };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        timerfd_settime(&self.timer, flags, &once)?;
        Ok(())
    }

    /// Sleeps for at most `time`.
    pub(crate) fn sleep(&self, time: Duration) -> Woken {
        let timeout = Timeout {
            tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(time.subsec_nanos()),
        };
        let mut events = [PollFd::from_borrowed_fd(self.timer.as_fd(), PollFlags::IN)];
        match poll(&mut events, Some(&timeout)) {
            Ok(0) => Woken::ByTime,
            Ok(_) => self.was_cancelled(),
            Err(_) => Woken::BySignal,
        }
    }

    fn was_cancelled(&self) -> Woken {
        let cancelled = read(&self.timer, &mut [0_u8; 8]) == Err(Errno::CANCELED);
        // If this fails, the next tick still comes by the timeout of `poll`.
        let _ = self.arm();
        if cancelled { Woken::ByClockSet } else { Woken::ByTime }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::fd::AsRawFd;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_sleep_takes_its_time() {
        let alarm = Alarm::new().expect("a timer");
        for time in [Duration::ZERO, Duration::from_millis(30), Duration::from_millis(1001)] {
            let start = Instant::now();
            assert_eq!(alarm.sleep(time), Woken::ByTime);
            assert!(start.elapsed() >= time, "{time:?}");
        }
    }

    /// No test sets the clock. The kernel says what it would do then.
    #[test]
    fn the_kernel_cancels_the_timer_when_the_clock_is_set() {
        let alarm = Alarm::new().expect("a timer");
        let path = format!("/proc/self/fdinfo/{}", alarm.timer.as_raw_fd());
        let info = fs::read_to_string(path).expect("/proc is mounted");
        let line =
            |name: &str| info.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        assert_eq!(line("clockid:"), Some("0"), "CLOCK_REALTIME: {info}");
        // TFD_TIMER_ABSTIME and TFD_TIMER_CANCEL_ON_SET.
        assert_eq!(line("settime flags:"), Some("03"), "{info}");
    }
}
