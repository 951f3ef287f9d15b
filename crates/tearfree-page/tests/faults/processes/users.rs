// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files that belong to another user. Only root can make them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use rustix::fs::{XattrFlags, setxattr};
use rustix::io::Errno;
use tearfree_page::{ByteReader, Error, Options, Owner, Reader, Writer, remove};
use tempfile::TempDir;

use crate::left_out::leave_out;

use super::process::{Process, is_root, may_unshare};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("files_of_another_user_are_refused", refused),
    ("a_writer_is_recorded_with_its_rights", rights),
    ("owners_are_known_by_name_and_by_group", names),
    ("access_control_lists_give_no_other_user_a_page", lists),
];

const OTHER: u32 = 1;

fn refused() {
    if !is_root("files_of_another_user_are_refused") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    drop(Writer::create(&page, 5_u64, &Options::new()).unwrap());
    chown(page.join("page"), Some(OTHER), None).unwrap();
    for error in [
        Reader::<u64>::open(&page).unwrap_err(),
        ByteReader::open(&page).unwrap_err(),
        ByteReader::open_owned_by(&page, Owner::User(0)).unwrap_err(),
    ] {
        assert!(matches!(&error, Error::Owner { uid: OTHER, .. }), "{error}");
        assert!(error.to_string().contains("belongs to user 1 and has permissions 644"), "{error}");
    }
    for owner in [Owner::User(OTHER), Owner::Any] {
        assert_eq!(Reader::<u64>::open_owned_by(&page, owner).unwrap().get(), Ok(5));
        assert_eq!(ByteReader::open_owned_by(&page, owner).unwrap().generation(), 0);
    }
    // Its owner could exchange the files of a writer.
    chown(page.join("page"), Some(0), None).unwrap();
    chown(&page, Some(OTHER), None).unwrap();
    for error in [
        Writer::create(&page, 5_u64, &Options::new()).unwrap_err(),
        Writer::<u64>::take_over(&page, &Options::new()).unwrap_err(),
        remove(&page).unwrap_err(),
    ] {
        assert!(matches!(&error, Error::Owner { uid: OTHER, .. }), "{error}");
    }
    let error = Reader::<u64>::open(&page).unwrap_err();
    assert!(matches!(&error, Error::Owner { uid: OTHER, .. }), "{error}");
    assert_eq!(Reader::<u64>::open_owned_by(&page, Owner::Any).unwrap().get(), Ok(5));
}

fn rights() {
    if !is_root("a_writer_is_recorded_with_its_rights") {
        return;
    }
    let folder = TempDir::new().unwrap();
    let pages = folder.path().join("pages");
    fs::create_dir(&pages).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    chown(&pages, Some(OTHER), None).unwrap();
    assert!(Process::start(&["other-user", pages.to_str().unwrap()]).wait_exit().success());
}

/// Creates a page with the rights of another user, who is not the one that started this process.
pub(crate) fn effective(folder: &str) {
    // SAFETY: the call takes a number; this process has one thread.
    assert_eq!(unsafe { libc::seteuid(OTHER) }, 0);
    let page = Path::new(folder).join("page");
    let writer = Writer::create(&page, 5_u64, &Options::new()).expect("its own folder");
    assert_eq!(writer.identity().unwrap().uid(), OTHER);
    assert_eq!(Reader::<u64>::open(&page).unwrap().writer().unwrap().uid(), OTHER);
}

/// Returns an access control list by which user 4242 may do everything, as the kernel stores it.
fn list_for_other_user() -> Vec<u8> {
    const NO_ID: u32 = u32::MAX;
    let (owner, user, group, mask, others) = (1_u16, 2_u16, 4_u16, 16_u16, 32_u16);
    let entries = [
        (owner, 7, NO_ID),
        (user, 7, 4242),
        (group, 5, NO_ID),
        (mask, 7, NO_ID),
        (others, 5, NO_ID),
    ];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        list.extend(tag.to_le_bytes());
        list.extend(u16::to_le_bytes(permissions));
        list.extend(u32::to_le_bytes(id));
    }
    list
}

/// The permissions of a group's bits are the most that such a list can give.
fn lists() {
    // Not each file system has such lists; memory file systems have.
    let folder = TempDir::new_in("/dev/shm").unwrap();
    let set =
        |path: &Path, name: &str| setxattr(path, name, &list_for_other_user(), XattrFlags::empty());
    if set(folder.path(), "system.posix_acl_default") == Err(Errno::OPNOTSUPP) {
        leave_out("/dev/shm has no access control lists");
        return;
    }
    let page = folder.path().join("page");
    let mode = |file: &str| fs::metadata(page.join(file)).unwrap().mode() & 0o777;
    drop(Writer::create(&page, 5_u64, &Options::new()).unwrap());
    assert_eq!([mode(""), mode("page"), mode("lock")], [0o755, 0o644, 0o600]);
    assert_eq!(Reader::<u64>::open(&page).unwrap().get(), Ok(5));
    drop(Writer::create(&page, 6_u64, &Options::new().mode(0o600)).unwrap());
    assert_eq!(mode("page"), 0o600, "a private page");

    for file in ["page", ""] {
        let permissions = fs::metadata(page.join(file)).unwrap().permissions();
        set(&page.join(file), "system.posix_acl_access").unwrap();
        let error = Reader::<u64>::open(&page).unwrap_err();
        assert!(error.to_string().contains("only its owner may write there"), "{error}");
        let error = Writer::<u64>::take_over(&page, &Options::new()).unwrap_err();
        assert!(matches!(error, Error::Owner { .. }), "{error}");
        fs::set_permissions(page.join(file), permissions).unwrap();
    }
    assert_eq!(Reader::<u64>::open(&page).unwrap().get(), Ok(6));
}

/// Users and groups of a system of this test's own: one is in the group by its own entry, one by the group's.
const USERS: &str = "root:x:0:0::/:/bin/sh\nann:x:4001:4100::/:/bin/sh\nbob:x:4002:4002::/:/bin/sh\ncid:x:4003:4003::/:/bin/sh\n";
const GROUPS: &str = "root:x:0:\ndesk:x:4100:bob\nempty:x:4101:\n";

fn names() {
    if !may_unshare("owners_are_known_by_name_and_by_group", &["--mount"]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    drop(Writer::create(&page, 5_u64, &Options::new()).unwrap());
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (file, text) in
        [("passwd", USERS), ("group", GROUPS), ("nsswitch.conf", "passwd: files\ngroup: files\n")]
    {
        fs::write(folder.path().join(file), text).unwrap();
    }
    let (folder, page) = (folder.path().to_str().unwrap(), page.to_str().unwrap());
    let start = |role: &str, mount: &str| {
        let wrapper = ["unshare", "--mount", "sh", "-c", &format!("{mount}; exec \"$0\" \"$@\"")];
        assert!(
            Process::start_under(&wrapper, &["users", role, page]).wait_exit().success(),
            "{role}"
        );
    };
    start(
        "known",
        &format!(
            "mount -t tmpfs tearfree /etc && cp {folder}/passwd {folder}/group {folder}/nsswitch.conf /etc"
        ),
    );
    start("unknown", "mount -t tmpfs tearfree /etc");
}

/// Opens a page of each of the users.
pub(crate) fn known(page: &str) {
    let opens = |owner: &str| {
        let owner = owner.parse().unwrap();
        match Reader::<u64>::open_owned_by(page, owner) {
            Ok(_) => true,
            Err(Error::Owner { .. }) => false,
            Err(error) => panic!("{error}"),
        }
    };
    let owners =
        ["root", "ann", "bob", "cid", "4002", "group:desk", "group:4100", "group:empty", "any"];
    for (uid, trusting) in [
        (0, &["root", "any"][..]),
        (4001, &["ann", "group:desk", "group:4100", "any"]),
        (4002, &["bob", "4002", "group:desk", "group:4100", "any"]),
        (4003, &["cid", "any"]),
        // A user without a name, whose files have the group.
        (4004, &["any"]),
    ] {
        for file in [page.to_owned(), format!("{page}/page")] {
            chown(file, Some(uid), Some(4100)).unwrap();
        }
        let opened = owners.into_iter().filter(|owner| opens(owner)).collect::<Vec<_>>();
        assert_eq!(opened, trusting, "user {uid}");
    }
    assert_eq!(Owner::user_name("bob").unwrap(), Owner::User(4002));
    assert_eq!(Owner::group("desk").unwrap(), Owner::Group(4100));
    let error = Reader::<u64>::open_owned_by(page, Owner::Group(4100)).unwrap_err();
    assert!(error.to_string().contains("only members of group 4100 are trusted"), "{error}");
    unknown_names();
}

/// Looks up names in a system that has none.
pub(crate) fn unknown(page: &str) {
    assert!(matches!(Owner::user_name("root"), Err(Error::NoUser(_))));
    assert!(matches!(Owner::group("root"), Err(Error::NoGroup(_))));
    chown(page, Some(4001), None).unwrap();
    let error = Reader::<u64>::open_owned_by(page, Owner::Group(4100)).unwrap_err();
    assert!(matches!(error, Error::Owner { .. }), "{error}");
    unknown_names();
}

fn unknown_names() {
    for name in ["nemo", "", "+5", "-1", "4294967296", "root\0", "group", "Any"] {
        let error = name.parse::<Owner>().unwrap_err();
        assert!(matches!(&error, Error::NoUser(given) if given == name), "{error}");
        let error = format!("group:{name}").parse::<Owner>().unwrap_err();
        assert!(matches!(&error, Error::NoGroup(given) if given == name), "{error}");
    }
}
