// SPDX-License-Identifier: MIT OR Apache-2.0
//! A copy of the repository's tree, in which one file at a time is changed.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::list::Mutant;

/// A copy of the tree.
pub(crate) struct Tree {
    root: PathBuf,
}

/// A changed file of the copy.
#[must_use = "the file stays changed until `restore`"]
pub(crate) struct Planted {
    file: PathBuf,
    original: String,
}

impl Tree {
    /// Copies all files that git tracks or would add from `original` to `root`. A file that is there already
    /// keeps its time, so that cargo builds only what changed since the last copy.
    pub(crate) fn copy(original: &Path, root: &Path) -> io::Result<Self> {
        let files = list_files(original)?;
        for file in &files {
            copy_file(&original.join(file), &root.join(file))?;
        }
        remove_others(root, root, &files)?;
        Ok(Self { root: root.to_owned() })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the change of a mutant.
    pub(crate) fn plant(&self, mutant: &Mutant) -> io::Result<Planted> {
        let file = self.root.join(&mutant.file);
        let original = fs::read_to_string(&file)?;
        fs::write(&file, original.replacen(&mutant.from, &mutant.to, 1))?;
        Ok(Planted { file, original })
    }
}

impl Planted {
    /// Writes the original again. Its time is new, so that cargo builds it again.
    pub(crate) fn restore(self) -> io::Result<()> {
        fs::write(self.file, self.original)
    }
}

/// The files that git tracks or would add, as paths below `root`.
fn list_files(root: &Path) -> io::Result<HashSet<PathBuf>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let listed = git.output()?;
    if !listed.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&listed.stderr).into_owned()));
    }
    let names = listed.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let paths = names.map(|name| PathBuf::from(OsStr::from_bytes(name)));
    // A deleted file is still in git's index; a link to nothing is a file, too.
    Ok(paths.filter(|path| root.join(path).symlink_metadata().is_ok()).collect())
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    if from.is_symlink() {
        let target = fs::read_link(from)?;
        if fs::read_link(to).ok().as_ref() == Some(&target) {
            return Ok(());
        }
        let _ = fs::remove_file(to);
        return std::os::unix::fs::symlink(target, to);
    }
    if to.is_symlink() {
        fs::remove_file(to)?;
    }
    let content = fs::read(from)?;
    if fs::read(to).ok().as_ref() != Some(&content) {
        fs::write(to, content)?;
    }
    fs::set_permissions(to, from.metadata()?.permissions())
}

/// Removes files that the tree no longer has. What a test built stays: folders with the name `target`.
fn remove_others(root: &Path, folder: &Path, files: &HashSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if entry.file_name() != "target" {
                remove_others(root, &path, files)?;
            }
        } else if path.strip_prefix(root).is_ok_and(|below| !files.contains(below)) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn modified(file: &Path) -> SystemTime {
        file.metadata().unwrap().modified().unwrap()
    }

    /// A repository with a few files, and its copy.
    fn copied() -> (tempfile::TempDir, PathBuf, Tree) {
        let scratch = tempfile::tempdir().unwrap();
        let original = scratch.path().join("original");
        fs::create_dir_all(original.join("src")).unwrap();
        assert!(
            Command::new("git").args(["init", "-q"]).arg(&original).status().unwrap().success()
        );
        fs::write(original.join(".gitignore"), "ignored\n").unwrap();
        fs::write(original.join("ignored"), "").unwrap();
        fs::write(original.join("src/a.rs"), "right\n").unwrap();
        std::os::unix::fs::symlink("src/a.rs", original.join("link")).unwrap();
        let tree = Tree::copy(&original, &scratch.path().join("copy")).unwrap();
        (scratch, original, tree)
    }

    #[test]
    fn a_copy_has_the_files_that_git_would_add() {
        let (_scratch, _original, tree) = copied();
        assert_eq!(fs::read_to_string(tree.root().join("src/a.rs")).unwrap(), "right\n");
        assert_eq!(fs::read_link(tree.root().join("link")).unwrap(), Path::new("src/a.rs"));
        assert!(!tree.root().join("ignored").exists());
    }

    #[test]
    fn a_second_copy_changes_only_what_differs() {
        let (_scratch, original, tree) = copied();
        let (kept, left) = (tree.root().join("src/a.rs"), tree.root().join("left"));
        let before = modified(&kept);
        fs::write(&left, "of an older tree").unwrap();
        fs::write(original.join("new"), "new").unwrap();
        Tree::copy(&original, tree.root()).unwrap();
        assert_eq!(modified(&kept), before);
        assert!(!left.exists() && tree.root().join("new").exists());
        // A mutant that was left by a killed run is gone, too.
        fs::write(&kept, "wrong\n").unwrap();
        Tree::copy(&original, tree.root()).unwrap();
        assert_eq!(fs::read_to_string(&kept).unwrap(), "right\n");
    }

    #[test]
    fn a_mutant_is_planted_and_removed_and_each_changes_the_time_of_the_file() {
        let (_scratch, original, tree) = copied();
        let file = tree.root().join("src/a.rs");
        let long_ago = SystemTime::UNIX_EPOCH;
        let forget = || fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago);
        let mutant = Mutant {
            file: "src/a.rs".into(),
            from: "right".into(),
            to: "wrong".into(),
            ..Mutant::default()
        };
        forget().unwrap();
        let planted = tree.plant(&mutant).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "wrong\n");
        assert_ne!(modified(&file), long_ago);
        forget().unwrap();
        planted.restore().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "right\n");
        assert_ne!(modified(&file), long_ago);
        assert_eq!(fs::read_to_string(original.join("src/a.rs")).unwrap(), "right\n");
    }
}
