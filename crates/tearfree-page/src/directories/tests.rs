// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a user has pages, tried in a folder that stands for the root of the file system.

use std::os::unix::fs::{PermissionsExt, chown, symlink};

use tempfile::TempDir;

use super::*;

/// A folder with `run`, `shm`, `tmp` and a user, who is not root.
struct Machine {
    folder: TempDir,
    roots: [PathBuf; 3],
    uid: u32,
}

impl Machine {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let roots = ["run", "shm", "tmp"].map(|name| folder.path().join(name));
        let machine = Machine { folder, roots, uid: geteuid().as_raw().max(1) };
        for path in ["run", "shm", "tmp"] {
            fs::create_dir(machine.path(path)).unwrap();
            // Only root can create a directory of root's.
            machine.set_mode(path, if geteuid().is_root() { 0o1777 } else { 0o700 });
        }
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn set_mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Creates a directory of the user's.
    fn create(&self, path: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(&path).unwrap();
        chown(&path, Some(self.uid), None).unwrap();
        path
    }

    fn create_page(&self, directory: &str) -> PathBuf {
        let directory = self.create(directory);
        fs::write(directory.join(PAGE), "").unwrap();
        directory
    }

    /// The user, with this `$XDG_RUNTIME_DIR`.
    fn user(&self, runtime: Option<PathBuf>) -> User<'_> {
        let [run, shm, tmp] = &self.roots;
        User { uid: self.uid, run, runtime, shared: [shm, tmp] }
    }

    fn first(&self, runtime: Option<PathBuf>) -> Option<PathBuf> {
        self.user(runtime).first()
    }

    /// The user's directory in one for all users.
    fn shared(&self, shared: &str) -> String {
        format!("{shared}/tearfree-{}", self.uid)
    }
}

#[test]
fn a_runtime_directory_counts_if_it_is_one_of_this_user() {
    let machine = Machine::new();
    let shared = machine.path(&machine.shared("shm"));
    let file = machine.path("file");
    fs::write(&file, "").unwrap();
    chown(&file, Some(machine.uid), None).unwrap();
    // The last one belongs to root: `su` keeps the variable.
    for none in
        [None, Some("relative".into()), Some(machine.path("none")), Some(file), Some("/".into())]
    {
        assert_eq!(machine.first(none.clone()), Some(shared.clone()), "{none:?}");
    }
    let login = machine.create(&format!("run/user/{}", machine.uid));
    for none in [None, Some("relative".into()), Some("/".into())] {
        assert_eq!(machine.first(none.clone()), Some(login.join("tearfree")), "{none:?}");
    }
    let named = machine.create("named");
    assert_eq!(machine.first(Some(named.clone())), Some(named.join("tearfree")));
}

#[test]
fn without_a_runtime_directory_pages_are_in_memory_or_beside_temporary_files() {
    let machine = Machine::new();
    fs::remove_dir(machine.path("shm")).unwrap();
    assert_eq!(machine.first(None), Some(machine.path(&machine.shared("tmp"))));
    fs::remove_dir(machine.path("tmp")).unwrap();
    let error = machine.user(None).find("a").unwrap_err();
    assert!(matches!(&error, Error::NoDirectory(_)), "{error}");
    assert!(error.to_string().contains("set XDG_RUNTIME_DIR"), "{error}");
}

#[test]
fn a_directory_where_others_can_exchange_files_is_not_used() {
    let machine = Machine::new();
    machine.set_mode("shm", 0o777);
    assert_eq!(machine.first(None), Some(machine.path(&machine.shared("tmp"))));
    machine.set_mode("tmp", 0o775);
    assert_eq!(machine.first(None), None);
}

#[test]
fn root_has_the_systems_directory_where_it_can_write() {
    let mut machine = Machine::new();
    machine.uid = 0;
    let named = machine.path("shm");
    assert_eq!(machine.first(Some(named)), Some(machine.path("run/tearfree")));
    assert_eq!(machine.user(None).system(), None);
    // As in a service whose runtime directory alone is writable. Root can write everywhere here.
    fs::create_dir(machine.path("run/tearfree")).unwrap();
    machine.set_mode("run", 0o555);
    assert_eq!(machine.first(None), Some(machine.path("run/tearfree")));
    machine.set_mode("run", 0o755);
    fs::remove_dir_all(machine.path("run")).unwrap();
    let shared = geteuid().is_root().then(|| machine.path("shm/tearfree-0"));
    assert_eq!(machine.first(None), shared, "beside files of other users, only root's is safe");
}

#[test]
fn a_page_is_found_in_each_directory_of_this_user() {
    let machine = Machine::new();
    let runtime = machine.create("runtime");
    let both = |runtime: &Path| {
        let user = machine.user(Some(runtime.to_owned()));
        (user.find("a").unwrap(), user.find_own("a").unwrap())
    };
    let new = runtime.join("tearfree/a");
    assert_eq!(both(&runtime), (new.clone(), new.clone()), "nowhere: it would be new");
    let system = machine.create_page("run/tearfree/a");
    assert_eq!(both(&runtime), (system, new), "readers find the system's page");
    for own in ["tmp", "shm"] {
        machine.create(&machine.shared(own));
        let page = machine.create_page(&format!("{}/a", machine.shared(own)));
        assert_eq!(both(&runtime), (page.clone(), page), "{own}: it was written without a login");
    }
    machine.create("runtime/tearfree");
    let page = machine.create_page("runtime/tearfree/a");
    assert_eq!(both(&runtime), (page.clone(), page));
}

#[test]
fn a_directory_that_another_user_may_have_made_is_refused() {
    let machine = Machine::new();
    let hostile = machine.path(&machine.shared("shm"));
    let victim = machine.create("victim");
    machine.create_page("victim/a");
    let refused = |what: &str| {
        for error in [machine.user(None).find("a"), machine.user(None).find_own("a")] {
            let error = error.unwrap_err();
            assert!(
                matches!(&error, Error::Owner { path, .. } if *path == hostile),
                "{what}: {error}"
            );
            assert!(error.to_string().contains("XDG_RUNTIME_DIR"), "{what}: {error}");
        }
    };
    symlink(&victim, &hostile).unwrap();
    refused("a link");
    fs::remove_file(&hostile).unwrap();
    fs::write(&hostile, "").unwrap();
    refused("a file");
    fs::remove_file(&hostile).unwrap();
    machine.create(&machine.shared("shm"));
    machine.create_page(&format!("{}/a", machine.shared("shm")));
    for mode in [0o777, 0o720, 0o702, 0o1777] {
        machine.set_mode(&machine.shared("shm"), mode);
        refused("a directory for others");
    }
    machine.set_mode(&machine.shared("shm"), 0o700);
    assert!(machine.user(None).find("a").is_ok());
    if geteuid().is_root() {
        chown(&hostile, Some(machine.uid + 1), None).unwrap();
        refused("of another user");
        let system = machine.create_page("run/tearfree/a");
        assert_eq!(machine.user(None).find("a").unwrap(), system);
        assert!(machine.user(None).find_own("a").is_err(), "a writer would write there");
        let runtime = machine.create("runtime");
        let user = machine.user(Some(runtime));
        assert!(!user.own().contains(&hostile), "nor is it listed");
        assert!(user.find_own("a").is_ok(), "it does not matter with a runtime directory");
    }
}
