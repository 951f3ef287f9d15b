// SPDX-License-Identifier: MIT OR Apache-2.0
//! The context of bare metal: the program's own `critical-section` implementation.

use super::Context;

/// Blocks what the program's [`critical_section`] implementation blocks: interrupts on a single core, and
/// other cores where there are several.
///
/// A critical section has to nest properly, so this is a [`Context`] for calls
/// ([`set`](crate::Within::set), [`update`](crate::Within::update), [`read`](crate::Within::read)) and not
/// for guards.
///
/// ```
/// use tearfree::{SeqLock, context::CriticalSection};
/// static TEMPERATURE: SeqLock<(u32, i16)> = SeqLock::new((0, 0));
/// TEMPERATURE.within::<CriticalSection>().update(|t| { t.0 += 1; t.1 = 215; });
/// assert_eq!(TEMPERATURE.read(), (1, 215));
/// ```
#[derive(Debug)]
pub enum CriticalSection {}

impl Context for CriticalSection {
    #[inline]
    fn with<R>(body: impl FnOnce() -> R) -> R {
        critical_section::with(|_| body())
    }
}
