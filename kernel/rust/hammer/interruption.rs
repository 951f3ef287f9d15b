// SPDX-License-Identifier: GPL-2.0
//! Interruptions of the processor on which a writer works.

use core::ffi::c_void;

use crate::locks::Subject;
use crate::race::Deed;
use crate::tally::Tally;

/// The twin of `enum hammer_interruption`.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Kind {
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
}

/// What comes in between, and what it does then.
pub(crate) struct Interruption<'a, S> {
    pub(crate) kind: Kind,
    pub(crate) deed: Deed,
    pub(crate) subject: &'a S,
    pub(crate) tally: Tally,
}

impl<S: Subject> Interruption<'_, S> {
    /// Lets it come, on the processor that this thread stays on, for as long as `meanwhile` takes.
    pub(crate) fn comes_during(&self, meanwhile: impl FnOnce()) {
        let arg = core::ptr::from_ref(self).cast();
        // SAFETY: `self` lives at least until it was stopped, below.
        unsafe { hammer_interruption_start(self.kind as u32, on_interruption::<S>, arg) };
        meanwhile();
        hammer_interruption_stop(self.kind as u32);
    }
}

extern "C" fn on_interruption<S: Subject>(arg: *mut c_void) {
    // SAFETY: the promise of `comes_during`; it is only ever shared.
    let interruption = unsafe { &*arg.cast::<Interruption<'_, S>>() };
    interruption.deed.done_to(interruption.subject, &interruption.tally);
}
