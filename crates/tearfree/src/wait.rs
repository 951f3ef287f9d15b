// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a thread waits for another one: it spins, then yields, then sleeps.
//!
//! A write section is as short as a copy, so spinning nearly always suffices. If it does not, the writer
//! was preempted in the middle, and a reader that spins may occupy the processor that the writer needs.
//! So the reader yields, then sleeps. Each step ends by itself and the caller loads the count after each,
//! so a wait is never longer than the write section plus one step.

/// Spinning steps; step `n` pauses `2^n` times, so that all of them take a few microseconds.
const SPINS: u32 = 7;
/// Steps that offer the processor to the threads that are ready, the writer among them.
#[cfg(feature = "std")]
const YIELDS: u32 = 12;
/// The first sleep; each further one is twice as long, up to `LONGEST_SLEEP`.
#[cfg(feature = "std")]
const FIRST_SLEEP: core::time::Duration = core::time::Duration::from_micros(20);
/// The longest sleep, and so the most by which a reader can oversleep the end of a write section.
#[cfg(feature = "std")]
const LONGEST_SLEEP: core::time::Duration = core::time::Duration::from_millis(1);

/// Yields the processor to other threads, once, where there is an operating system.
pub(crate) fn yield_processor() {
    #[cfg(feature = "std")]
    std::thread::yield_now();
}

/// One wait: each step spins, yields or sleeps, depending on how many steps came before.
#[derive(Debug)]
pub(crate) struct SpinWait {
    step: u32,
    #[cfg(feature = "std")]
    deadline: Option<std::time::Instant>,
}

impl SpinWait {
    pub(crate) fn new() -> Self {
        SpinWait {
            step: 0,
            #[cfg(feature = "std")]
            deadline: None,
        }
    }

    /// Creates a wait that ends at `deadline`; `None` is a time that no clock can reach.
    #[cfg(feature = "std")]
    pub(crate) fn with_deadline(deadline: Option<std::time::Instant>) -> Self {
        SpinWait { step: 0, deadline }
    }

    /// Returns whether the deadline has passed.
    #[cfg(feature = "std")]
    pub(crate) fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| std::time::Instant::now() >= deadline)
    }

    /// Makes one step. Only sleeping steps can be long, and they end at the deadline.
    pub(crate) fn wait(&mut self) {
        #[cfg(feature = "std")]
        if self.step >= SPINS {
            self.yield_or_sleep();
            self.step = self.step.saturating_add(1);
            return;
        }
        self.spin();
        self.step = (self.step + 1).min(SPINS);
    }

    /// Returns whether the last step yielded the processor. A sleep does not count: it is so long that the
    /// other side moves meanwhile, whichever processor it runs on.
    pub(crate) fn has_yielded(&self) -> bool {
        #[cfg(feature = "std")]
        return (SPINS + 1..=SPINS + YIELDS).contains(&self.step);
        #[cfg(not(feature = "std"))]
        return false;
    }

    /// Continues with spinning, because the other side has moved and so is running.
    pub(crate) fn spin_again(&mut self) {
        self.step = self.step.min(SPINS - 1);
    }

    fn spin(&self) {
        let pauses = if cfg!(miri) { 1 } else { 1_u32 << self.step.min(SPINS) };
        for _ in 0..pauses {
            crate::sync::pause();
        }
    }

    #[cfg(feature = "std")]
    fn yield_or_sleep(&self) {
        let past = self.step - SPINS;
        if past < YIELDS {
            yield_processor();
            return;
        }
        std::thread::sleep(self.next_sleep(past - YIELDS));
    }

    /// Returns how long to sleep after so many sleeps: twice as long each time, and not beyond the deadline.
    #[cfg(feature = "std")]
    fn next_sleep(&self, sleeps: u32) -> core::time::Duration {
        let sleep = FIRST_SLEEP.saturating_mul(1 << sleeps.min(10)).min(LONGEST_SLEEP);
        let now = std::time::Instant::now();
        self.deadline.map_or(sleep, |deadline| sleep.min(deadline.saturating_duration_since(now)))
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn only_a_step_that_yielded_the_processor_has_yielded() {
        let mut spin_wait = SpinWait::new();
        let steps = SPINS + YIELDS + 2;
        let yielded: Vec<_> = (0..steps)
            .map(|_| {
                spin_wait.wait();
                spin_wait.has_yielded()
            })
            .collect();
        let yields = yielded.iter().filter(|&&yielded| yielded).count();
        assert_eq!(yields, YIELDS as usize, "{yielded:?}");
        assert!(yielded[SPINS as usize..].starts_with(&[true; YIELDS as usize]), "{yielded:?}");
    }

    #[test]
    fn a_wait_that_spins_again_yields_after_its_spins_only() {
        let mut spin_wait = SpinWait::new();
        (0..SPINS + 3).for_each(|_| spin_wait.wait());
        assert!(spin_wait.has_yielded());
        spin_wait.spin_again();
        assert!(!spin_wait.has_yielded(), "spins again");
        spin_wait.wait();
        assert!(!spin_wait.has_yielded(), "the last spin");
        spin_wait.wait();
        assert!(spin_wait.has_yielded());
    }

    #[test]
    fn sleeps_double_up_to_a_millisecond_and_end_at_the_deadline() {
        let sleeps = [0, 1, 2, 5, 6, u32::MAX];
        let micros = |spin_wait: SpinWait| sleeps.map(|n| spin_wait.next_sleep(n).as_micros());
        assert_eq!(micros(SpinWait::new()), [20, 40, 80, 640, 1000, 1000]);
        let now = std::time::Instant::now();
        let far = now.checked_add(core::time::Duration::from_secs(3600));
        assert_eq!(micros(SpinWait::with_deadline(far)), [20, 40, 80, 640, 1000, 1000]);
        assert_eq!(micros(SpinWait::with_deadline(Some(now))), [0; 6], "it is over");
    }
}
