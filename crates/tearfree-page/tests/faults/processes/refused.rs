// SPDX-License-Identifier: MIT OR Apache-2.0
//! System calls that fail: a filter of the kernel makes one of them return an error.

use std::fs;

use tearfree_page::{Error, Options, Reader, Writer};
use tempfile::TempDir;

use super::process::Process;
use super::roles::print_line;
use super::value::{Large, SelfChecking};
use crate::left_out::leave_out;

pub(crate) const TESTS: &[(&str, fn())] =
    &[("refused_system_calls_are_errors_or_not_needed", calls)];

/// What follows when a page is created.
#[derive(Clone, Copy)]
enum Then {
    Created,
    NoSpace,
    Busy,
    /// The system call that the error names.
    Fails(&'static str),
}

/// A system call that fails.
struct Refusal {
    name: &'static str,
    call: libc::c_long,
    /// Refuse it only if this argument has this value.
    argument: Option<(u32, u32)>,
    error: libc::c_int,
    then: Then,
}

const fn refusal(
    name: &'static str,
    call: libc::c_long,
    error: libc::c_int,
    then: Then,
) -> Refusal {
    Refusal { name, call, argument: None, error, then }
}

const SET_LOCK: Option<(u32, u32)> = Some((1, libc::F_OFD_SETLK as u32));
const ADD_SEALS: Option<(u32, u32)> = Some((1, libc::F_ADD_SEALS as u32));
const WIPE_ON_FORK: Option<(u32, u32)> = Some((2, libc::MADV_WIPEONFORK as u32));
/// `MFD_CLOEXEC`, `MFD_ALLOW_SEALING`, and `MFD_NOEXEC_SEAL`, which Linux has since 6.3.
const NOEXEC: Option<(u32, u32)> = Some((1, 1 | 2 | 8));

const REFUSALS: &[Refusal] = &[
    refusal("no file system has fallocate", libc::SYS_fallocate, libc::EOPNOTSUPP, Then::Created),
    refusal("an emulator has no fallocate", libc::SYS_fallocate, libc::ENOSYS, Then::Created),
    refusal("the disk is full", libc::SYS_fallocate, libc::ENOSPC, Then::NoSpace),
    refusal("the quota is used up", libc::SYS_fallocate, libc::EDQUOT, Then::NoSpace),
    refusal("the file is too large", libc::SYS_fallocate, libc::EFBIG, Then::NoSpace),
    refusal("the disk is broken", libc::SYS_fallocate, libc::EIO, Then::Fails("allocate")),
    refusal("the disk is full late", libc::SYS_pwrite64, libc::ENOSPC, Then::NoSpace),
    refusal("the disk breaks late", libc::SYS_pwrite64, libc::EIO, Then::Fails("write")),
    refusal("no permissions", libc::SYS_fchmod, libc::EPERM, Then::Fails("set the permissions of")),
    refusal("no new name", libc::SYS_renameat2, libc::EIO, Then::Fails("rename the new page in")),
    // Elsewhere the call without flags is the same one.
    #[cfg(target_arch = "x86_64")]
    refusal("no exchange", libc::SYS_renameat2, libc::EINVAL, Then::Created),
    Refusal { argument: SET_LOCK, ..refusal("locked", libc::SYS_fcntl, libc::EAGAIN, Then::Busy) },
    Refusal { argument: SET_LOCK, ..refusal("denied", libc::SYS_fcntl, libc::EACCES, Then::Busy) },
    Refusal {
        argument: SET_LOCK,
        ..refusal("no locks", libc::SYS_fcntl, libc::ENOLCK, Then::Fails("lock"))
    },
    Refusal {
        argument: WIPE_ON_FORK,
        ..refusal("Linux 4.13", libc::SYS_madvise, libc::EINVAL, Then::Created)
    },
];

const SEALED_REFUSALS: &[Refusal] = &[
    Refusal {
        argument: NOEXEC,
        ..refusal("Linux 6.2", libc::SYS_memfd_create, libc::EINVAL, Then::Created)
    },
    refusal(
        "no files",
        libc::SYS_memfd_create,
        libc::EMFILE,
        Then::Fails("create the memory file"),
    ),
    refusal("no memory", libc::SYS_fallocate, libc::ENOSPC, Then::NoSpace),
    Refusal {
        argument: ADD_SEALS,
        ..refusal("unsealed", libc::SYS_fcntl, libc::EPERM, Then::Fails("seal"))
    },
];

fn calls() {
    for refusal in REFUSALS.iter().chain(SEALED_REFUSALS) {
        let folder = TempDir::new().unwrap();
        let page = folder.path().join("page");
        // Not by that process: what a first writer sets up in it has to be refused too.
        drop(Writer::create(&page, 5_u64, &Options::new()).unwrap());
        let mut process = Process::start(&["refused-call", refusal.name, page.to_str().unwrap()]);
        match process.read_line().as_str() {
            "as expected" => assert!(process.wait_exit().success()),
            "no filters" => return leave_out("system calls cannot be filtered here"),
            other => panic!("{}: {other}", refusal.name),
        }
    }
}

/// Creates a page while a system call fails.
pub(crate) fn refused_call(name: &str, page: &str) {
    let find = |refusals: &'static [Refusal]| refusals.iter().find(|refusal| refusal.name == name);
    if let Some(refusal) = find(SEALED_REFUSALS) {
        if !refuse(refusal) {
            return print_line("no filters");
        }
        let created = Writer::create_sealed("page", Large::from_number(7), &Options::new());
        expect(refusal, created.map(|writer| writer.get().number()));
        return print_line("as expected");
    }
    let refusal = find(REFUSALS).expect("one of the cases");
    let before = Reader::<u64>::open(page).expect("a page");
    if !refuse(refusal) {
        return print_line("no filters");
    }
    let options = Options::new().replace(true);
    let created = Writer::create(page, Large::from_number(7), &options);
    let is_created = created.is_ok();
    expect(refusal, created.map(|writer| writer.get().number()));
    let files = fs::read_dir(page).unwrap().count();
    assert_eq!(files, 2, "an unfinished page was left");
    if !is_created {
        assert_eq!(Reader::<u64>::open(page).expect("as before").get(), Ok(5));
        assert_eq!((before.get(), before.generation()), (Ok(5), 0));
    }
    print_line("as expected");
}

fn expect(refusal: &Refusal, created: Result<u64, Error>) {
    match (refusal.then, created) {
        (Then::Created, Ok(value)) => assert_eq!(value, 7),
        (Then::NoSpace, Err(Error::NoSpace { needed, .. })) => assert!(needed > size_of::<Large>()),
        (Then::Busy, Err(Error::Busy { pid: Some(_) | None, writer: Some(_), .. })) => {}
        (Then::Fails(expected), Err(Error::System { what, error, .. })) => {
            assert_eq!((what, error.raw_os_error()), (expected, Some(refusal.error)));
        }
        (_, other) => panic!("{}: {other:?}", refusal.name),
    }
}

/// Has the kernel refuse to clear memory in forked children from here on; returns whether it can.
pub(crate) fn refuse_wiping() -> bool {
    REFUSALS.iter().find(|refusal| refusal.argument == WIPE_ON_FORK).is_some_and(refuse)
}

/// Has the kernel refuse the call from here on; returns whether it can.
fn refuse(refusal: &Refusal) -> bool {
    let statement = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let load = |offset: usize| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset as u32);
    let compare = |value: u32, otherwise: u8| libc::sock_filter {
        jf: otherwise,
        ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value)
    };
    let result = |what: u32| statement(libc::BPF_RET | libc::BPF_K, what);
    // The lower half of an argument, in this byte order.
    let low = if cfg!(target_endian = "little") { 0 } else { 4 };
    let (argument, value) = refusal.argument.unwrap_or((0, 0));
    let offset = core::mem::offset_of!(libc::seccomp_data, args) + 8 * argument as usize + low;
    let has_argument = refusal.argument.is_some();
    let mut program = vec![
        load(core::mem::offset_of!(libc::seccomp_data, nr)),
        compare(refusal.call as u32, if has_argument { 3 } else { 1 }),
    ];
    if has_argument {
        program.extend([load(offset), compare(value, 1)]);
    }
    program.push(result(libc::SECCOMP_RET_ERRNO | refusal.error as u32));
    program.push(result(libc::SECCOMP_RET_ALLOW));
    let len = program.len().try_into().expect("a few statements");
    let filter = libc::sock_fprog { len, filter: program.as_mut_ptr() };
    // SAFETY: the call takes numbers only.
    let no_new_privileges = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: the filter and its statements are alive for the length of the call.
    let set =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) };
    no_new_privileges == 0 && set == 0
}
