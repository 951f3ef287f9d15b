// SPDX-License-Identifier: MIT OR Apache-2.0
//! The image in place of the vDSO of real programs, dynamic and static. The tracer here is for tests: it maps the image
//! into one program, at its start.

#![cfg(target_arch = "x86_64")]
#![allow(unsafe_code, reason = "a program is stopped and changed by ptrace")]

mod common;

use core::time::Duration;
use std::fs::{self, File};
use std::io::Error;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use common::elf::Elf;
use tearfree_clock::{Clock, TestClock, TestSettings};
use tearfree_vdso::{HOST_FUNCTIONS, HOST_FUNCTIONS_OFFSET, IMAGE, PAGE_OFFSET, VERSION};

/// 2030-06-01 00:00:00.987654321, in nanoseconds since 1970.
const AT_NS: u64 = 1_906_502_400_987_654_321;
/// How long any wait may take.
const LIMIT: Duration = Duration::from_secs(60);
/// `syscall; int3`.
const CALL: [u8; 3] = [0x0f, 0x05, 0xcc];

/// A program that has been started and stopped before its first instruction.
struct Stopped {
    child: Child,
    memory: File,
    registers: libc::user_regs_struct,
}

impl Stopped {
    /// Starts a program; its output goes to a file.
    fn start(command: &mut Command, output: &Path) -> Self {
        command.stdout(File::create(output).expect("a file")).stdin(Stdio::null());
        let ask_for_tracer = || {
            // SAFETY: it asks to be traced by its parent, this thread.
            match unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) } {
                -1 => Err(Error::last_os_error()),
                _ => Ok(()),
            }
        };
        // SAFETY: between fork and exec it makes one system call, and allocates nothing.
        unsafe { command.pre_exec(ask_for_tracer) };
        let child = command.spawn().expect("the program starts");
        let path = format!("/proc/{}/mem", child.id());
        wait_stopped(&child);
        let memory = File::options().read(true).write(true).open(path).expect("its memory");
        let mut stopped = Stopped { child, memory, registers: zeros() };
        stopped.registers = stopped.read_registers();
        stopped
    }

    fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    fn read_registers(&self) -> libc::user_regs_struct {
        let mut registers = zeros();
        // SAFETY: there is room for the registers, and the program is stopped by this thread.
        let result =
            unsafe { libc::ptrace(libc::PTRACE_GETREGS, self.pid(), 0, &raw mut registers) };
        assert_eq!(result, 0, "{}", Error::last_os_error());
        registers
    }

    fn write_registers(&self, registers: &libc::user_regs_struct) {
        // SAFETY: registers that this program had, or that make a system call.
        let result = unsafe { libc::ptrace(libc::PTRACE_SETREGS, self.pid(), 0, registers) };
        assert_eq!(result, 0, "{}", Error::last_os_error());
    }

    fn read_word(&self, address: u64) -> u64 {
        let mut word = [0; 8];
        self.memory.read_exact_at(&mut word, address).expect("its memory can be read");
        u64::from_le_bytes(word)
    }

    fn write(&self, bytes: &[u8], address: u64) {
        self.memory.write_all_at(bytes, address).expect("its memory can be written");
    }

    /// Has the program make a system call, and returns the result.
    fn call(&self, number: libc::c_long, arguments: [u64; 6]) -> u64 {
        let mut code = CALL;
        self.memory.read_exact_at(&mut code, self.registers.rip).expect("its code can be read");
        self.write(&CALL, self.registers.rip);
        let [rdi, rsi, rdx, r10, r8, r9] = arguments;
        let rax = number.cast_unsigned();
        self.write_registers(&libc::user_regs_struct {
            rax,
            orig_rax: u64::MAX,
            rdi,
            rsi,
            rdx,
            r10,
            r8,
            r9,
            ..self.registers
        });
        // SAFETY: the program is stopped by this thread, and stops again behind the call.
        let result = unsafe { libc::ptrace(libc::PTRACE_CONT, self.pid(), 0, 0) };
        assert_eq!(result, 0, "{}", Error::last_os_error());
        wait_stopped(&self.child);
        let result = self.read_registers().rax;
        self.write(&code, self.registers.rip);
        assert!(result.cast_signed() >= 0, "system call {number}: error {}", -result.cast_signed());
        result
    }

    /// Maps a file, and returns the address.
    fn map(&self, file: &Path, at: u64, len: usize, access: i32, flags: i32) -> u64 {
        let mut path = file.as_os_str().as_bytes().to_vec();
        path.push(0);
        // Below the stack, where nothing is yet.
        let text = (self.registers.rsp - 4096) & !63;
        self.write(&path, text);
        let flags = u64::from(flags.cast_unsigned());
        let open = u64::from((libc::O_RDONLY | libc::O_CLOEXEC).cast_unsigned());
        let opened = self.call(libc::SYS_open, [text, open, 0, 0, 0, 0]);
        let access = u64::from(access.cast_unsigned());
        let mapped = self.call(libc::SYS_mmap, [at, len as u64, access, flags, opened, 0]);
        self.call(libc::SYS_close, [opened, 0, 0, 0, 0, 0]);
        mapped
    }

    /// Puts the image in place of the vDSO.
    fn replace_vdso(&self, image: &Path, page: &Path) {
        let code = libc::PROT_READ | libc::PROT_EXEC;
        let base = self.map(image, 0, 2 * PAGE_OFFSET, code, libc::MAP_PRIVATE);
        let at = base + PAGE_OFFSET as u64;
        let shared = libc::MAP_SHARED | libc::MAP_FIXED;
        assert_eq!(self.map(&page.join("page"), at, 4096, libc::PROT_READ, shared), at);
        let entry = self.vdso_entry();
        self.write_host_functions(base, self.read_word(entry));
        self.write(&base.to_le_bytes(), entry);
        self.write_registers(&self.registers);
    }

    /// Stores the addresses of the kernel's functions, which are as far from its vDSO as in this process.
    fn write_host_functions(&self, base: u64, vdso: u64) {
        let (bytes, _) = common::kernel_vdso().expect("the program has a vDSO, so has this one");
        let kernel = Elf::new(bytes);
        for (at, name) in HOST_FUNCTIONS.iter().enumerate() {
            let found = kernel.find_by_hash(name, VERSION).map_or(0, |found| vdso + found as u64);
            self.write(&found.to_le_bytes(), base + (HOST_FUNCTIONS_OFFSET + at * 8) as u64);
        }
    }

    /// Returns where the auxiliary vector has the address of the vDSO.
    fn vdso_entry(&self) -> u64 {
        let arguments = self.read_word(self.registers.rsp);
        let mut at = self.registers.rsp + 8 + (arguments + 1) * 8;
        while self.read_word(at) != 0 {
            at += 8; // the environment
        }
        at += 8;
        while self.read_word(at) != libc::AT_SYSINFO_EHDR {
            assert_ne!(self.read_word(at), 0, "the program has no vDSO");
            at += 16;
        }
        at + 8
    }

    /// Lets the program run, and waits for its end.
    fn run(mut self) {
        // SAFETY: the program is stopped by this thread, with its own registers.
        let result = unsafe { libc::ptrace(libc::PTRACE_DETACH, self.pid(), 0, 0) };
        assert_eq!(result, 0, "{}", Error::last_os_error());
        let end = Instant::now() + LIMIT;
        while self.child.try_wait().expect("a child").is_none() {
            assert!(Instant::now() < end, "the program has not ended after {LIMIT:?}");
            thread::sleep(Duration::from_millis(2));
        }
        let status = self.child.wait().expect("it has ended");
        assert!(status.success(), "the program ended with {status}");
    }
}

fn zeros() -> libc::user_regs_struct {
    // SAFETY: numbers, for which zeros are values.
    unsafe { core::mem::zeroed() }
}

/// Waits until the program is stopped by SIGTRAP.
fn wait_stopped(child: &Child) {
    let (end, mut status) = (Instant::now() + LIMIT, 0);
    loop {
        // SAFETY: there is room for the status of a child.
        let found = unsafe {
            libc::waitpid(child.id().cast_signed(), &raw mut status, libc::__WALL | libc::WNOHANG)
        };
        if found != 0 {
            assert!(found > 0, "{}", Error::last_os_error());
            break;
        }
        assert!(Instant::now() < end, "the program has not stopped after {LIMIT:?}");
        thread::sleep(Duration::from_micros(100));
    }
    let is_stopped = libc::WIFSTOPPED(status) && libc::WSTOPSIG(status) == libc::SIGTRAP;
    assert!(is_stopped, "the program is in state {status:#x} instead");
}

/// A frozen clock, and the image as a file that is as long as the part before the page.
struct Fixture {
    folder: tempfile::TempDir,
    page: PathBuf,
    image: PathBuf,
}

impl Fixture {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("with blanks ").tempdir().expect("a folder");
        let (page, image) = (folder.path().join("clock"), folder.path().join("image.so"));
        TestClock::create(&page, TestSettings::new().at_ns(AT_NS).speed(0.0)).expect("a new page");
        let mut bytes = IMAGE.to_vec();
        bytes.resize(PAGE_OFFSET, 0);
        fs::write(&image, bytes).expect("the folder is ours");
        Fixture { folder, page, image }
    }

    /// Runs a program on the clock, and returns its output.
    fn output(&self, command: &mut Command) -> String {
        let output = self.folder.path().join("output");
        let stopped = Stopped::start(command, &output);
        stopped.replace_vdso(&self.image, &self.page);
        stopped.run();
        fs::read_to_string(output).expect("it is text")
    }

    /// Compiles `times.c`, and checks what the program sees. Without the compiler it is left out.
    fn check_times(&self, compiler: &[&str]) {
        let program = self.folder.path().join(compiler[0]);
        let mut command = Command::new(compiler[0]);
        command.args(&compiler[1..]).arg("-o").arg(&program);
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/times.c"));
        match command.stderr(Stdio::null()).status() {
            Ok(status) if status.success() => {}
            _ => return eprintln!("left out: {compiler:?} builds no program here"),
        }
        let mono = Clock::open_page(&self.page).expect("a clock").now();
        let seen = self.output(&mut Command::new(program));
        let seen: Vec<u64> = seen.lines().map(|line| line.parse().expect("a number")).collect();
        let expected = [AT_NS, mono, mono, AT_NS, AT_NS / 1000, AT_NS / 1_000_000_000];
        assert_eq!(seen, expected, "{compiler:?}");
    }
}

#[test]
fn date_shows_the_time_of_the_clock_also_with_an_empty_environment() {
    let fixture = Fixture::new();
    let mut date = Command::new("date");
    assert_eq!(fixture.output(date.arg("+%s.%N")), "1906502400.987654321\n");
    let mut date = Command::new("/bin/date");
    let date = date.env_clear().args(["-u", "+%Y-%m-%d"]);
    assert_eq!(fixture.output(date), "2030-06-01\n");
}

#[test]
fn dynamic_and_static_programs_see_the_same_nanosecond() {
    let fixture = Fixture::new();
    for compiler in [&["cc"][..], &["cc", "-static"], &["musl-gcc", "-static"]] {
        fixture.check_times(compiler);
    }
}
