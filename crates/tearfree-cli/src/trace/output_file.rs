// SPDX-License-Identifier: MIT OR Apache-2.0
//! The file of the diagram: checked before the run, and replaced in one step after it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::outcome::Problem;

const ADVICE: &str =
    "Nothing was run. Name a file that you may write to, in a folder that exists, with --svg FILE.";

/// A file that is known to be writable.
pub(crate) enum OutputFile {
    /// A regular file. `temporary`, in the same folder, replaces it at the end.
    Replace { path: PathBuf, temporary: NamedTempFile },
    /// A device or a pipe, which is written directly.
    Direct { path: PathBuf, file: File },
}

impl OutputFile {
    /// Checks that `path` can be written, without changing it.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        Self::try_open(path).map_err(|error| {
            Problem::new(
                format_args!("cannot write {}: {}", path.display(), system_message(&error)),
                ADVICE,
            )
        })
    }

    fn try_open(path: &Path) -> io::Result<Self> {
        let old = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            old => Some(old?),
        };
        let Some(old) = old else {
            let temporary = temporary_beside(path)?;
            return Ok(OutputFile::Replace { path: path.to_owned(), temporary });
        };
        // Fails for a folder and for a file that this user may not write to.
        let file = OpenOptions::new().write(true).open(path)?;
        if !old.is_file() {
            return Ok(OutputFile::Direct { path: path.to_owned(), file });
        }
        // Replaces the file itself, not a link to it, and keeps its permissions.
        let path = fs::canonicalize(path)?;
        let temporary = temporary_beside(&path)?;
        temporary.as_file().set_permissions(old.permissions())?;
        Ok(OutputFile::Replace { path, temporary })
    }

    /// Writes the file. Programs that open it see the old contents or all of the new ones.
    pub(crate) fn write(self, contents: &str) -> Result<(), Problem> {
        let path = match &self {
            OutputFile::Replace { path, .. } | OutputFile::Direct { path, .. } => path.clone(),
        };
        self.try_write(contents).map_err(|error| {
            Problem::new(
                format_args!("cannot write {}: {error}", path.display()),
                "Free some space there, or name another file with --svg FILE, and run it again.",
            )
        })
    }

    fn try_write(self, contents: &str) -> io::Result<()> {
        match self {
            OutputFile::Direct { mut file, .. } => file.write_all(contents.as_bytes()),
            OutputFile::Replace { path, mut temporary } => {
                temporary.write_all(contents.as_bytes())?;
                temporary.persist(path)?;
                Ok(())
            }
        }
    }
}

/// Formats the system's message, without the path of the temporary file that `tempfile` adds.
fn system_message(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" at path ").next().unwrap_or_default().to_owned()
}

fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut builder = Builder::new();
    builder.prefix(".tearfree-").suffix(".svg");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As for any new file; the umask of the user applies.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(parent.unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_is_unchanged_until_the_new_one_is_written() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("out.svg");
        fs::write(&path, "old")?;
        let Ok(unused) = OutputFile::open(&path) else { panic!("the file is writable") };
        drop(unused);
        assert_eq!(fs::read_to_string(&path)?, "old");
        let Ok(used) = OutputFile::open(&path) else { panic!("the file is writable") };
        assert!(used.write("new").is_ok());
        assert_eq!(fs::read_to_string(&path)?, "new");
        assert_eq!(fs::read_dir(folder.path())?.count(), 1, "nothing is left behind");
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_and_a_device_is_written_directly() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let (path, link) = (folder.path().join("out.svg"), folder.path().join("link.svg"));
        fs::write(&path, "old")?;
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o640);
        fs::set_permissions(&path, private)?;
        std::os::unix::fs::symlink(&path, &link)?;
        let Ok(linked) = OutputFile::open(&link) else { panic!("the file is writable") };
        assert!(linked.write("new").is_ok());
        assert_eq!(fs::read_to_string(&path)?, "new");
        assert!(fs::symlink_metadata(&link)?.is_symlink());
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path)?.permissions());
        assert_eq!(mode & 0o777, 0o640, "the permissions stay");
        let Ok(device) = OutputFile::open(Path::new("/dev/null")) else { panic!("it is writable") };
        assert!(matches!(device, OutputFile::Direct { .. }));
        assert!(device.write("new").is_ok());
        assert!(!fs::metadata("/dev/null")?.is_file());
        Ok(())
    }
}
