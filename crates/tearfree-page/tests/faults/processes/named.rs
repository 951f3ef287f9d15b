// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages that are found by name, in the directory of a user who is not root.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tearfree_page::{ByteReader, Error, Options, Owner, Reader, Writer, directories, list, remove};
use tempfile::TempDir;

use super::process::{Process, is_root, may_unshare};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("named_pages_are_in_the_users_directory", named_pages),
    ("users_without_a_runtime_directory_have_one_of_their_own", without_runtime_directory),
    ("a_service_of_root_that_may_write_to_its_directory_alone_is_found", confined_service),
];

/// A user that the system does not know and that has no pages, unlike `nobody`, whom other programs use, too. Each
/// `number` is another one.
fn unknown_user(number: u32) -> u32 {
    2_000_000_000 + 4 * std::process::id() + number
}

fn named_pages() {
    let user = unknown_user(0);
    let folder = TempDir::new().unwrap();
    let runtime = folder.path().join("run time");
    fs::create_dir(&runtime).unwrap();
    let variable = |path: &Path| format!("XDG_RUNTIME_DIR={}", path.display());
    let start = |path: &Path, args: &[&str]| {
        let mut wrapper = vec!["env".to_owned(), variable(path)];
        if rustix::process::geteuid().is_root() {
            let user = user.to_string();
            let options = ["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups"];
            wrapper.extend(options.map(str::to_owned));
        }
        let wrapper: Vec<&str> = wrapper.iter().map(String::as_str).collect();
        assert!(Process::start_under(&wrapper, args).wait_exit().success());
    };
    if rustix::process::geteuid().is_root() {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        chown(&runtime, Some(user), Some(user)).unwrap();
    }
    start(&runtime, &["named", runtime.to_str().unwrap()]);
    if is_root("named_pages_are_in_the_users_directory") {
        // A page of the system, under a name of this test's own.
        let page = SystemPage(format!("test-{}", std::process::id()));
        let name = page.0.as_str();
        let writer = Writer::create(name, 5_u8, &Options::new()).unwrap();
        assert!(list().unwrap().contains(&(name.into(), Path::new("/run/tearfree").join(name))));
        start(&runtime, &["named", "system", name]);
        drop(writer);
        remove(name).unwrap();
        assert!(matches!(Reader::<u8>::open(name), Err(Error::Missing(_))));
    }
}

/// A page that is removed, even if the test fails.
struct SystemPage(String);

impl Drop for SystemPage {
    fn drop(&mut self) {
        let _ = remove(&self.0);
    }
}

/// With `ProtectSystem=strict` and `RuntimeDirectory=tearfree`, systemd leaves it no more of `/run`.
fn confined_service() {
    let test = "a_service_of_root_that_may_write_to_its_directory_alone_is_found";
    if may_unshare(test, &["--mount"]) {
        let mount = "mount -t tmpfs none /run && mkdir -m 755 /run/tearfree && \
                     mount -t tmpfs -o mode=755 none /run/tearfree && mount -o remount,ro /run && exec \"$@\"";
        let wrapper = ["unshare", "--mount", "sh", "-c", mount, "sh"];
        let name = format!("test-{}", std::process::id());
        assert!(Process::start_under(&wrapper, &["named", "service", &name]).wait_exit().success());
    }
}

/// Creates a page where `/run` is read-only.
pub(crate) fn service(name: &str) {
    assert!(fs::create_dir("/run/other").is_err(), "it is not read-only");
    drop(Writer::create(name, 5_u8, &Options::new()).unwrap());
    assert!(Path::new("/run/tearfree").join(name).exists());
    assert_eq!(Reader::<u8>::open(name).unwrap().get(), Ok(5));
    remove(name).unwrap();
}

/// Users of cron, `su`, containers and CI have no runtime directory.
fn without_runtime_directory() {
    let test = "users_without_a_runtime_directory_have_one_of_their_own";
    if !is_root(test) {
        return;
    }
    let (uid, other) = (unknown_user(1), unknown_user(2));
    let shared = SharedDirectory(format!("/dev/shm/tearfree-{uid}").into());
    let user = uid.to_string();
    let wrapper = [
        "env",
        "-u",
        "XDG_RUNTIME_DIR",
        "setpriv",
        "--reuid",
        &user,
        "--regid",
        &user,
        "--clear-groups",
    ];
    let start = |role: &str| {
        let path = shared.0.to_str().unwrap();
        assert!(
            Process::start_under(&wrapper, &["named", role, path]).wait_exit().success(),
            "{role}"
        );
    };
    start("shared");
    assert!(Reader::<u8>::open_owned_by(shared.0.join("load"), Owner::User(uid)).is_ok());
    fs::remove_dir_all(&shared.0).unwrap();

    // Another user was first.
    fs::create_dir(&shared.0).unwrap();
    chown(&shared.0, Some(other), Some(other)).unwrap();
    start("refused");
    fs::remove_dir(&shared.0).unwrap();
    std::os::unix::fs::symlink("/tmp", &shared.0).unwrap();
    start("refused");
}

/// A directory that is removed, even if the test fails.
struct SharedDirectory(PathBuf);

impl Drop for SharedDirectory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
        let _ = fs::remove_file(&self.0);
    }
}

/// Creates and finds a page without a runtime directory.
pub(crate) fn shared(path: &str) {
    let path = Path::new(path);
    rustix::process::umask(rustix::fs::Mode::empty());
    assert!(
        matches!(Reader::<u8>::open("load"), Err(Error::Missing(page)) if page == path.join("load"))
    );
    drop(Writer::create("load", 5_u8, &Options::new()).unwrap());
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o7777, 0o700);
    assert_eq!(Reader::<u8>::open("load").unwrap().get(), Ok(5));
    assert!(list().unwrap().contains(&("load".into(), path.join("load"))));
    assert_eq!(directories(), [path, Path::new("/run/tearfree")]);
    drop(Writer::create("other", 5_u8, &Options::new()).unwrap());
    remove("other").unwrap();
    assert!(matches!(remove("other"), Err(Error::Missing(_))));
}

/// Finds that another user has made the directory of this user's pages.
pub(crate) fn refused(path: &str) {
    for error in [
        Writer::create("load", 1_u8, &Options::new()).unwrap_err(),
        Writer::<u8>::take_over("load", &Options::new()).unwrap_err(),
        Reader::<u8>::open("load").unwrap_err(),
        remove("load").unwrap_err(),
        list().unwrap_err(),
    ] {
        assert!(
            matches!(&error, Error::Owner { path: of, .. } if of == Path::new(path)),
            "{error}"
        );
    }
}

/// Reads a page of the system, until this user has one of that name.
pub(crate) fn system(name: &str) {
    assert_eq!(Reader::<u8>::open(name).unwrap().get(), Ok(5));
    assert!(list().unwrap().iter().any(|(known, _)| known == name));
    assert!(matches!(Writer::<u8>::take_over(name, &Options::new()), Err(Error::Missing(_))));
    let _writer = Writer::create(name, 6_u8, &Options::new()).unwrap();
    assert_eq!(Reader::<u8>::open(name).unwrap().get(), Ok(6), "this user's page comes first");
}

/// Creates, lists and removes pages by name.
pub(crate) fn named(runtime: &str) {
    let directory = Path::new(runtime).join("tearfree");
    let all = directories();
    assert_eq!(all, [directory.as_path(), Path::new("/run/tearfree")]);
    let names = || {
        let pages = list().unwrap().into_iter();
        pages.filter(|(_, path)| path.starts_with(&directory)).collect::<Vec<_>>()
    };
    assert_eq!(names(), []);
    let second = Writer::create("b", 2_u8, &Options::new()).unwrap();
    let first = Writer::create("a.1-x_Y", 1_u8, &Options::new()).unwrap();
    let expected = ["a.1-x_Y", "b"].map(|name| (name.to_owned(), directory.join(name)));
    assert_eq!(names(), expected);
    let mode = fs::metadata(&directory).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o755, "others may read, and only this user may write");
    assert_eq!(Reader::<u8>::open("b").unwrap().get(), Ok(2));
    assert_eq!(ByteReader::open("a.1-x_Y").unwrap().read().unwrap().value, [1]);
    assert_eq!(Reader::<u8>::open(directory.join("b")).unwrap().get(), Ok(2));

    // Neither of these is a page.
    fs::create_dir_all(directory.join("no-page")).unwrap();
    fs::create_dir_all(directory.join("of-another-type/page")).unwrap();
    fs::write(directory.join("a-file"), "").unwrap();
    std::os::unix::fs::symlink(directory.join("b/page"), directory.join("no-page/page")).unwrap();
    assert_eq!(names(), expected);

    drop((first, second));
    assert_eq!(Writer::<u8>::take_over("b", &Options::new()).unwrap().get(), 2);
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o775)).unwrap();
    for name in ["b", "c"] {
        let error = Writer::create(name, 3_u8, &Options::new()).unwrap_err();
        assert!(matches!(&error, Error::Owner { path, .. } if *path == directory), "{error}");
    }
    assert!(!directory.join("c").exists());
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o300)).unwrap();
    let error = list().unwrap_err();
    assert!(
        matches!(&error, Error::System { what: "list", path, .. } if *path == directory),
        "{error}"
    );
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
    remove("b").unwrap();
    assert!(
        matches!(Reader::<u8>::open("b"), Err(Error::Missing(path)) if path == directory.join("b"))
    );
    assert_eq!(names(), expected[..1]);
}
