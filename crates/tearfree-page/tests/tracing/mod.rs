// SPDX-License-Identifier: MIT OR Apache-2.0
//! Traces processes with ptrace: `faults` kills them between two instructions, `interleavings` has them
//! take turns.

use core::ffi::c_void;
use core::ptr::null_mut;
use std::fs;
use std::io::Error;

use libc::pid_t;

/// A system call that a process is about to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SystemCall {
    pub(crate) number: i64,
    pub(crate) arguments: [u64; 6],
}

/// Why a traced process does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It enters or leaves a system call, under [`Tracee::distinguish_calls`].
    Call,
    /// A signal was sent to it, or it made a step.
    Signal(i32),
    /// It has started this process or thread, which is traced too.
    Started(pid_t),
    Exited(i32),
    Killed(i32),
}

/// How far a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// It enters or leaves a system call.
    Call,
    /// It has made one instruction, or one system call.
    Instruction,
}

/// A traced process or thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tracee {
    pid: pid_t,
}

/// Called by the process that is to be traced, by its parent: stops it until the parent resumes it.
pub(crate) fn trace_me() {
    assert!(may_be_traced(), "{}", Error::last_os_error());
    stop();
}

/// Asks the kernel to be traced by the parent; returns whether it agreed.
pub(crate) fn may_be_traced() -> bool {
    // SAFETY: a request to the kernel, which touches no memory.
    unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, null_mut::<()>(), 0) == 0 }
}

/// Stops this process until its tracer lets it go on.
pub(crate) fn stop() {
    // SAFETY: sends a signal to this thread, and touches no memory.
    unsafe { libc::raise(libc::SIGSTOP) };
}

impl Tracee {
    pub(crate) fn new(pid: u32) -> Self {
        Tracee { pid: pid_t::try_from(pid).expect("a process ID") }
    }

    pub(crate) fn started(pid: pid_t) -> Self {
        Tracee { pid }
    }

    /// Has stops at system calls reported as [`Stop::Call`], also traces what the process starts, and
    /// kills all of them when this process ends.
    pub(crate) fn distinguish_calls(self) {
        let options = libc::PTRACE_O_TRACESYSGOOD
            | libc::PTRACE_O_TRACEFORK
            | libc::PTRACE_O_TRACECLONE
            | libc::PTRACE_O_EXITKILL;
        self.set_options(options);
    }

    fn set_options(self, options: i32) {
        let options = usize::try_from(options).expect("a few bits");
        // SAFETY: the process is stopped, and it is ours.
        let set = unsafe {
            libc::ptrace(libc::PTRACE_SETOPTIONS, self.pid, null_mut::<()>(), options as *mut ())
        };
        assert_eq!(set, 0, "{}", Error::last_os_error());
    }

    /// Resumes it, and delivers a signal to it unless that is zero. Returns false if it was killed.
    pub(crate) fn resume(self, until: Until, signal: i32) -> bool {
        let how = match until {
            Until::Call => libc::PTRACE_SYSCALL,
            Until::Instruction => libc::PTRACE_SINGLESTEP,
        };
        let signal = usize::try_from(signal).expect("a signal");
        // SAFETY: the process is stopped, and it is ours.
        let resumed =
            unsafe { libc::ptrace(how, self.pid, null_mut::<()>(), signal as *mut ()) } == 0;
        let error = Error::last_os_error();
        assert!(resumed || error.raw_os_error() == Some(libc::ESRCH), "{error}");
        resumed
    }

    /// Waits until it stops or ends.
    pub(crate) fn wait(self) -> Stop {
        self.wait_with(0).expect("it has stopped")
    }

    /// Returns why it does not run, if it has stopped or ended.
    pub(crate) fn try_wait(self) -> Option<Stop> {
        self.wait_with(libc::WNOHANG)
    }

    /// Waits until any traced process stops or ends.
    pub(crate) fn wait_any() -> (Self, Stop) {
        wait_for(-1, 0).expect("one has stopped")
    }

    fn wait_with(self, options: i32) -> Option<Stop> {
        wait_for(self.pid, options).map(|(_, stop)| stop)
    }

    fn event_message(self) -> pid_t {
        let mut message: libc::c_ulong = 0;
        // SAFETY: the process is stopped and ours, and the kernel stores one word.
        let got = unsafe {
            libc::ptrace(libc::PTRACE_GETEVENTMSG, self.pid, null_mut::<()>(), &raw mut message)
        };
        assert_eq!(got, 0, "{}", Error::last_os_error());
        pid_t::try_from(message).expect("a process ID")
    }

    /// Attaches to a child that asked for nothing, and stops it. Only its own system calls are reported. `None` where
    /// processes cannot be traced.
    pub(crate) fn attach(pid: u32) -> Option<Self> {
        let tracee = Self::new(pid);
        let none = null_mut::<()>();
        // SAFETY: a request to the kernel, which touches no memory.
        if unsafe { libc::ptrace(libc::PTRACE_ATTACH, tracee.pid, none, none) } != 0 {
            return None;
        }
        // It may be about to start its program, which stops it too.
        while tracee.wait() != Stop::Signal(libc::SIGSTOP) {
            assert!(tracee.resume(Until::Call, 0), "it ended by itself");
        }
        tracee.set_options(libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_EXITKILL);
        Some(tracee)
    }

    /// Lets it go on untraced.
    pub(crate) fn detach(self) {
        let none = null_mut::<()>();
        // SAFETY: the process is stopped, and it is ours.
        let detached = unsafe { libc::ptrace(libc::PTRACE_DETACH, self.pid, none, none) };
        assert_eq!(detached, 0, "{}", Error::last_os_error());
    }

    /// Kills it and waits for its end.
    pub(crate) fn kill(self) {
        // SAFETY: the process is ours, and not yet waited for.
        unsafe { libc::kill(self.pid, libc::SIGKILL) };
        while !matches!(self.wait(), Stop::Killed(_) | Stop::Exited(_)) {}
    }

    /// Returns the system call that it is about to enter, if it is.
    pub(crate) fn call(self) -> Option<SystemCall> {
        const ENTRY: u8 = 1;
        let [first, _, _, number, arguments @ ..] = self.information();
        (first.to_ne_bytes()[0] == ENTRY).then(|| SystemCall {
            number: number.cast_signed(),
            arguments: core::array::from_fn(|i| arguments[i]),
        })
    }

    /// Has the processor stop it, by SIGTRAP, after each access to one of these words, at most four.
    /// Returns false where that is not possible.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn watch(self, words: &[u64]) -> bool {
        // For each word: enabled in this process, loads and stores, eight bytes.
        let control = |i: usize| 1 << (2 * i) | 0b1011 << (16 + 4 * i);
        self.set_debug_register(7, 0)
            && words.iter().enumerate().all(|(i, &word)| self.set_debug_register(i, word))
            && self.set_debug_register(7, (0..words.len()).map(control).sum())
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn watch(self, words: &[u64]) -> bool {
        words.is_empty()
    }

    #[cfg(target_arch = "x86_64")]
    fn set_debug_register(self, register: usize, value: u64) -> bool {
        let offset = core::mem::offset_of!(libc::user, u_debugreg) + 8 * register;
        // SAFETY: the process is stopped and ours; the kernel checks the register and its value.
        let set = unsafe {
            libc::ptrace(libc::PTRACE_POKEUSER, self.pid, offset as *mut (), value as *mut ())
        };
        set == 0
    }

    /// Returns which of the watched words it has accessed, and forgets it.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn accessed(self) -> Option<usize> {
        let offset = core::mem::offset_of!(libc::user, u_debugreg) + 8 * 6;
        // SAFETY: the process is stopped and ours.
        let status = unsafe {
            libc::ptrace(libc::PTRACE_PEEKUSER, self.pid, offset as *mut (), null_mut::<()>())
        };
        self.set_debug_register(6, 0);
        (0..4).find(|i| status >> i & 1 == 1)
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn accessed(self) -> Option<usize> {
        None
    }

    /// Returns where it has mapped a file, which may have been removed since.
    pub(crate) fn mapping_of(self, file: &str) -> Option<u64> {
        let maps = fs::read_to_string(format!("/proc/{}/maps", self.pid)).ok()?;
        let is_file = |line: &&str| line.trim_end_matches(" (deleted)").ends_with(file);
        let line = maps.lines().find(is_file)?;
        u64::from_str_radix(line.split('-').next()?, 16).ok()
    }

    /// Returns what `PTRACE_GET_SYSCALL_INFO` says: the reason of the stop, in the first byte; the
    /// instruction pointer; the stack pointer; the number of a system call, and its arguments.
    fn information(self) -> [u64; 11] {
        const GET_SYSCALL_INFO: libc::c_uint = 0x420e;
        let mut words = [0_u64; 11];
        let len = size_of_val(&words) as *mut ();
        // SAFETY: the process is stopped and ours, and the kernel stores at most `len` bytes.
        let got = unsafe { libc::ptrace(GET_SYSCALL_INFO, self.pid, len, words.as_mut_ptr()) };
        assert!(got > 0, "{}", Error::last_os_error());
        words
    }

    /// Returns whether it sleeps in a system call. Not at a guess: the kernel answers only while the
    /// process is off the queue of its processor, so only another process, a signal or a timer can end
    /// the sleep.
    pub(crate) fn is_asleep(self) -> bool {
        let in_call = fs::read_to_string(format!("/proc/{}/syscall", self.pid));
        let is_off = in_call.is_ok_and(|text| text.starts_with(|first: char| first.is_numeric()));
        // In that file a process that is stopped for its tracer looks the same.
        is_off && self.state() == Some('S')
    }

    /// Returns whether the system answers questions about a process that has stopped.
    pub(crate) fn knows_calls(self) -> bool {
        self.call().is_none()
            && self.state() == Some('t')
            && fs::read(format!("/proc/{}/syscall", self.pid)).is_ok()
    }

    /// Returns the state as in `/proc/PID/stat`.
    fn state(self) -> Option<char> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    }

    /// Returns the nanoseconds that it has spent on a processor.
    pub(crate) fn processor_time(self) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/schedstat", self.pid)).unwrap_or_default();
        text.split(' ').next().and_then(|first| first.parse().ok()).expect("nanoseconds")
    }

    /// Returns what one of its file descriptors stands for.
    pub(crate) fn path_of_descriptor(self, descriptor: u64) -> String {
        let link = fs::read_link(format!("/proc/{}/fd/{descriptor}", self.pid));
        link.map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Copies bytes out of its memory; returns how many there were.
    pub(crate) fn read(self, address: u64, to: &mut [u8]) -> usize {
        let local = libc::iovec { iov_base: to.as_mut_ptr().cast::<c_void>(), iov_len: to.len() };
        let there = usize::try_from(address).expect("an address");
        let remote = libc::iovec { iov_base: there as *mut c_void, iov_len: to.len() };
        // SAFETY: the kernel copies from the other process into `to`, and no more than fits.
        let copied = unsafe {
            libc::process_vm_readv(self.pid, &raw const local, 1, &raw const remote, 1, 0)
        };
        usize::try_from(copied).unwrap_or(0)
    }

    /// Returns the text at an address, up to the zero behind it; empty if it is not readable.
    pub(crate) fn read_text(self, address: u64) -> String {
        // Within one memory page, which is readable or not as a whole.
        let left = 4096 - usize::try_from(address % 4096).expect("small");
        let mut bytes = vec![0; left.min(256)];
        let copied = self.read(address, &mut bytes);
        let text = bytes[..copied].split(|&byte| byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }
}

fn wait_for(pid: pid_t, options: i32) -> Option<(Tracee, Stop)> {
    let mut status = 0;
    // SAFETY: the status is ours, and so are the processes.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, options | libc::__WALL) };
    if waited == 0 {
        return None;
    }
    assert!(waited > 0, "{}", Error::last_os_error());
    let tracee = Tracee { pid: waited };
    let stop = if libc::WIFEXITED(status) {
        Stop::Exited(libc::WEXITSTATUS(status))
    } else if libc::WIFSIGNALED(status) {
        Stop::Killed(libc::WTERMSIG(status))
    } else if libc::WSTOPSIG(status) == libc::SIGTRAP | 0x80 {
        Stop::Call
    } else if matches!(status >> 16, libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_CLONE) {
        Stop::Started(tracee.event_message())
    } else {
        Stop::Signal(libc::WSTOPSIG(status))
    };
    Some((tracee, stop))
}
