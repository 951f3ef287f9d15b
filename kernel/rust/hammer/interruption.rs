// SPDX-License-Identifier: GPL-2.0
//! Interruptions of the processor on which a writer works.

use core::ffi::c_void;

use crate::action::{Action, Subject};
use crate::tally::Tally;

/// The values of `enum hammer_interruption`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum InterruptionKind {
    HardInterrupt,
    SoftInterrupt,
    WorkQueue,
}

unsafe extern "C" {
    /// # Safety
    /// `arg` is good for `call` until `hammer_interruption_stop` returns.
    fn hammer_interruption_start(
        kind: u32,
        call: extern "C" fn(arg: *mut c_void),
        arg: *const c_void,
    );
    safe fn hammer_interruption_stop(kind: u32);
    safe fn hammer_section_begin();
    safe fn hammer_section_end();
    /// Returns how often the interruption came behind the section in which it was raised.
    #[link_name = "hammer_held_off"]
    pub(crate) safe fn held_off() -> u64;
    /// Returns how often it came inside.
    #[link_name = "hammer_came_inside"]
    pub(crate) safe fn came_inside() -> u64;
}

/// An interruption, and what it does when it comes.
pub(crate) struct Interruption<'a, S> {
    pub(crate) kind: InterruptionKind,
    pub(crate) action: Action,
    pub(crate) subject: &'a S,
    pub(crate) tally: Tally,
}

impl<S: Subject> Interruption<'_, S> {
    /// Interrupts the processor of this thread, which is bound to it, until `work` returns.
    pub(crate) fn run_during(&self, work: impl FnOnce()) {
        let arg = core::ptr::from_ref(self).cast();
        // SAFETY: `self` lives at least until it was stopped, below.
        unsafe { hammer_interruption_start(self.kind as u32, on_interruption::<S>, arg) };
        work();
        hammer_interruption_stop(self.kind as u32);
    }
}

extern "C" fn on_interruption<S: Subject>(arg: *mut c_void) {
    // SAFETY: the promise of `run_during`; it is only ever shared.
    let interruption = unsafe { &*arg.cast::<Interruption<'_, S>>() };
    interruption.action.perform(interruption.subject, &interruption.tally);
}

/// Calls `body` inside of a section that has to keep the interruption out, which is raised before in some calls.
#[inline]
pub(crate) fn in_section<R>(body: impl FnOnce() -> R) -> R {
    hammer_section_begin();
    let result = body();
    hammer_section_end();
    result
}
