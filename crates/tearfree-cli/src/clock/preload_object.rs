// SPDX-License-Identifier: MIT OR Apache-2.0
//! The shared object that `clock exec` preloads: installed by a package, or embedded in this program and written to a
//! file. DESIGN.md says why, and where.

use core::time::Duration;
use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, Permissions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{
    MemfdFlags, SealFlags, StatVfsMountFlags, fcntl_add_seals, memfd_create, statvfs,
};
use rustix::process::geteuid;

use crate::outcome::Problem;

/// The object in this program. The C library of other systems has other functions.
#[cfg(target_env = "gnu")]
const EMBEDDED: Option<&[u8]> = Some(tearfree_embed::cdylib_bytes!(tearfree_preload));
#[cfg(not(target_env = "gnu"))]
const EMBEDDED: Option<&[u8]> = None;

/// The name of an installed object.
const INSTALLED: &str = "libtearfree_preload.so";
/// How the names of files with an embedded object begin. Behind it comes a number that other builds do not have.
const PLACED: &str = concat!("libtearfree_preload-", env!("CARGO_PKG_VERSION"), "-");
/// How long objects of other builds of this version are kept.
const KEPT: Duration = Duration::from_secs(3600);

/// An object that programs can load.
#[derive(Debug)]
pub(super) struct PreloadObject {
    path: PathBuf,
    /// Keeps the object, if it is in the memory of this process.
    _memory: Option<File>,
}

impl PreloadObject {
    /// Finds the object of an installation, or writes the embedded one to a file.
    pub(super) fn find() -> Result<Self, Problem> {
        if let Some(path) = installed(&env::current_exe().unwrap_or_default()) {
            return Ok(Self { path, _memory: None });
        }
        let object = EMBEDDED.filter(|object| !object.is_empty()).ok_or_else(|| {
            Problem::new(
                "this build of the command has no object that shows programs a clock",
                format!(
                    "Install {INSTALLED}, built for glibc, in ../lib/tearfree beside this program."
                ),
            )
        })?;
        Self::place(object, directories()).map_err(|error| {
            Problem::new(
                format_args!(
                    "cannot write the object that shows programs a clock to a file: {error}"
                ),
                "Set XDG_CACHE_HOME to a directory of yours from which programs can be run.",
            )
        })
    }

    /// Writes the object to the first directory that can have it, otherwise to memory.
    fn place(object: &[u8], directories: impl IntoIterator<Item = PathBuf>) -> io::Result<Self> {
        let mut directories = directories.into_iter();
        match directories.find_map(|directory| place_in(&directory, object).ok()) {
            Some(path) => Ok(Self { path, _memory: None }),
            None => Self::in_memory(object),
        }
    }

    /// Writes the object to memory, where programs of this user can load it as long as this process runs.
    fn in_memory(object: &[u8]) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        // Linux before 6.3 does not have the first of these, and a later one can insist on it. A library is mapped, not
        // executed, so it does not need the permission.
        let file = memfd_create(INSTALLED, flags | MemfdFlags::NOEXEC_SEAL)
            .or_else(|_| memfd_create(INSTALLED, flags))?;
        let mut file = File::from(file);
        file.write_all(object)?;
        fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW)?;
        // Not /proc/self: many programs close the files that they inherit, Python's `subprocess` among them.
        let path = format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd());
        Ok(Self { path: path.into(), _memory: Some(file) })
    }

    /// Returns the list of objects to preload: this one, then those of the user.
    pub(super) fn preload_list(&self) -> OsString {
        let mut all = self.path.clone().into_os_string();
        if let Some(others) = env::var_os("LD_PRELOAD").filter(|others| !others.is_empty()) {
            all.push(":");
            all.push(others);
        }
        all
    }
}

/// Returns the object that belongs to the installation of this program, `lib/tearfree` beside its `bin`.
fn installed(program: &Path) -> Option<PathBuf> {
    let directory = program.parent()?.parent()?.join("lib/tearfree");
    let object = directory.join(INSTALLED);
    let is_trusted = [&directory, &object]
        .iter()
        .all(|path| fs::metadata(path).is_ok_and(|found| is_trusted(&found)));
    (is_trusted && is_loadable(&object)).then_some(object)
}

/// Returns the directories for the embedded object: that of the pages, because a program that can read the clock there
/// can read the object, then the user's cache, which is created if it is needed.
fn directories() -> impl Iterator<Item = PathBuf> {
    let pages = tearfree_page::directories().into_iter().take(1);
    let is_absolute = |path: &PathBuf| path.is_absolute();
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(is_absolute);
    let cache =
        cache.or_else(|| env::home_dir().filter(is_absolute).map(|home| home.join(".cache")));
    let cache = cache.map(|cache| cache.join("tearfree")).into_iter();
    pages.chain(cache.filter(|cache| create(cache).is_ok()))
}

/// Creates a directory of the cache, and the cache, but not the home of the user.
fn create(directory: &Path) -> io::Result<()> {
    let parent = directory.parent().into_iter();
    parent.chain([directory]).try_for_each(|path| {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if !path.is_dir() => Err(error),
            _ => Ok(()),
        }
    })
}

/// Writes the object to a file in a directory, unless it is there.
fn place_in(directory: &Path, object: &[u8]) -> io::Result<PathBuf> {
    let path = directory.join(placed_name(object));
    if !is_loadable(&path) || !is_trusted(&fs::symlink_metadata(directory)?) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    if !has_object(&path, object) {
        // A running program may have mapped the file that is there, so it is replaced and not changed.
        let mut file =
            tempfile::Builder::new().prefix(".libtearfree_preload-").tempfile_in(directory)?;
        file.write_all(object)?;
        file.as_file().set_permissions(Permissions::from_mode(0o644))?;
        file.persist(&path)?;
        remove_other_builds(directory, &path);
    }
    Ok(path)
}

/// Returns the name of the file of an object. Programs of another build go on with theirs.
fn placed_name(object: &[u8]) -> String {
    // FNV-1a. It tells builds apart; that the file is this object is checked by its bytes.
    let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    format!("{PLACED}{:016x}.so", object.iter().fold(0xcbf2_9ce4_8422_2325, mix))
}

/// Removes old objects of other builds of this version, of which only a developer has many.
fn remove_other_builds(directory: &Path, kept: &Path) {
    let is_old = |path: &Path| {
        let written = fs::symlink_metadata(path).and_then(|found| found.modified());
        written.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > KEPT))
    };
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let is_object = entry.file_name().as_bytes().starts_with(PLACED.as_bytes());
        if is_object && entry.path() != kept && is_old(&entry.path()) {
            // If this fails, the file takes some space.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether a file is this object, and no other user can change it.
fn has_object(path: &Path, object: &[u8]) -> bool {
    let is_ours =
        fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && is_trusted(&found));
    is_ours && fs::read(path).is_ok_and(|bytes| bytes == object)
}

/// Whether a file or directory belongs to this user or root, and no other user can change it.
fn is_trusted(found: &Metadata) -> bool {
    let is_owner = found.uid() == 0 || found.uid() == geteuid().as_raw();
    is_owner && !found.is_symlink() && found.mode() & 0o022 == 0
}

/// Whether the loader can load a file from this path, if it is there. A blank and a colon end a path in its list, and a
/// dollar sign begins one of its variables.
fn is_loadable(path: &Path) -> bool {
    let is_in_list = |byte: &u8| !b" :$".contains(byte);
    let directory = path.parent().unwrap_or(path);
    let is_executable =
        statvfs(directory).is_ok_and(|found| !found.f_flag.contains(StatVfsMountFlags::NOEXEC));
    path.is_absolute() && path.as_os_str().as_bytes().iter().all(is_in_list) && is_executable
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::time::SystemTime;

    const OBJECT: &[u8] = b"an object";

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
    }

    fn make(path: &Path) -> PathBuf {
        fs::create_dir_all(path).expect("the folder is ours");
        set_mode(path, 0o755);
        path.to_owned()
    }

    /// Returns where the object is placed, and checks that it is whole there.
    fn placed(directories: &[PathBuf]) -> PreloadObject {
        let mut rest = directories.iter().cloned();
        let placed = PreloadObject::place(OBJECT, rest.by_ref()).expect("memory takes it");
        let used = directories.iter().position(|directory| placed.path.starts_with(directory));
        let unused = used.map_or(0, |used| directories.len() - used - 1);
        assert_eq!(rest.len(), unused, "a directory that is not needed is not created");
        assert_eq!(fs::read(&placed.path).expect("it is there"), OBJECT);
        placed
    }

    #[test]
    fn the_object_is_written_once_and_replaced_if_it_differs() {
        let folder = folder();
        let path = placed(&[folder.path().to_owned()]).path;
        assert_eq!(path.parent(), Some(folder.path()));
        let identity = || fs::metadata(&path).map(|found| found.ino()).expect("it is there");
        let first = identity();
        placed(&[folder.path().to_owned()]);
        assert_eq!(identity(), first, "written again");
        fs::write(&path, "damaged").expect("it is ours");
        let running = File::open(&path).expect("it is there");
        placed(&[folder.path().to_owned()]);
        assert_eq!(running.metadata().expect("it is open").len(), 7, "changed under a program");
        set_mode(&path, 0o666);
        placed(&[folder.path().to_owned()]);
        assert_eq!(fs::metadata(&path).expect("it is there").mode() & 0o777, 0o644);
        assert_eq!(
            fs::read_dir(folder.path()).expect("a folder").count(),
            1,
            "a file is left over"
        );
    }

    #[test]
    fn other_builds_of_this_version_are_removed_after_an_hour() {
        let folder = folder();
        let write = |name: &str, age: Duration| {
            let file = File::create(folder.path().join(name)).expect("the folder is ours");
            file.set_modified(SystemTime::now() - age).expect("the file is ours");
        };
        let (build, other) = (format!("{PLACED}1.so"), "libtearfree_preload-0.0.1-1.so");
        write(&build, 2 * KEPT);
        write(&format!("{PLACED}2.so"), KEPT / 2);
        write(other, 1000 * KEPT);
        placed(&[folder.path().to_owned()]);
        assert!(!folder.path().join(build).exists(), "an old build");
        assert_eq!(
            fs::read_dir(folder.path()).expect("a folder").count(),
            3,
            "what is new, and {other}"
        );
    }

    #[test]
    fn a_directory_that_others_control_or_the_loader_cannot_name_is_passed_over() {
        let folder = folder();
        let own = |name: &str| make(&folder.path().join(name));
        let shared = own("shared");
        set_mode(&shared, 0o775);
        let link = folder.path().join("link");
        symlink(own("target"), &link).expect("a link");
        let missing = folder.path().join("missing");
        let fine = own("fine");
        let passed =
            [missing, shared, link, own("a space"), own("a:colon"), own("a$LIB"), "./x".into()];
        for directory in &passed {
            let path = placed(&[directory.clone(), fine.clone(), own("next")]).path;
            assert_eq!(path.parent(), Some(&*fine), "{}", directory.display());
        }
        let memory = placed(&passed);
        assert!(memory.path.starts_with("/proc"), "{}", memory.path.display());
        assert!(fs::write(&memory.path, "changed").is_err(), "others may change it");
    }

    #[test]
    fn the_object_of_an_installation_is_used_if_no_other_user_can_change_it() {
        let folder = folder();
        let program = folder.path().join("bin/tearfree");
        let directory = make(&folder.path().join("lib/tearfree"));
        assert_eq!(installed(&program), None, "there is none");
        let object = directory.join(INSTALLED);
        fs::write(&object, OBJECT).expect("the folder is ours");
        set_mode(&object, 0o644);
        assert_eq!(installed(&program).as_ref(), Some(&object));
        for path in [&object, &directory] {
            let mode = fs::metadata(path).expect("it is there").mode();
            set_mode(path, 0o777);
            assert_eq!(installed(&program), None, "{}", path.display());
            set_mode(path, mode);
        }
        let blank = folder.path().join("a b");
        fs::rename(folder.path().join("lib"), make(&blank).join("lib")).expect("both are ours");
        assert_eq!(installed(&blank.join("bin/tearfree")), None, "a space in the path");
    }

    #[test]
    fn the_cache_is_created_in_a_home_that_is_there() {
        let folder = folder();
        let cache = folder.path().join(".cache/tearfree");
        create(&cache).expect("the folder is ours");
        create(&cache).expect("it is there");
        assert_eq!(fs::metadata(&cache).expect("it is there").mode() & 0o777, 0o700);
        assert!(create(&folder.path().join("missing/.cache/tearfree")).is_err());
    }
}
