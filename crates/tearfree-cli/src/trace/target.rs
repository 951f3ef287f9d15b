// SPDX-License-Identifier: MIT OR Apache-2.0
//! The file that the picture goes to: checked before the run, replaced in one step after it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::outcome::Problem;

const ADVICE: &str =
    "Nothing was run. Name a file that you may write to, in a folder that exists, with --svg FILE.";

/// Where the picture will go, known to be writable.
pub(crate) enum Target {
    /// A new file beside `path`, which takes its place at the end.
    Replace { path: PathBuf, temporary: NamedTempFile },
    /// A device or a pipe: nothing to replace.
    Direct { path: PathBuf, file: File },
}

impl Target {
    /// Makes sure that `path` can be written, without changing what is there.
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        Self::try_open(path).map_err(|error| {
            Problem::new(format_args!("cannot write {}: {}", path.display(), plain(&error)), ADVICE)
        })
    }

    fn try_open(path: &Path) -> io::Result<Self> {
        let old = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            old => Some(old?),
        };
        let Some(old) = old else {
            let temporary = temporary_beside(path)?;
            return Ok(Target::Replace { path: path.to_owned(), temporary });
        };
        // Fails for a folder and for a file that this user may not write to.
        let file = OpenOptions::new().write(true).open(path)?;
        if !old.is_file() {
            return Ok(Target::Direct { path: path.to_owned(), file });
        }
        // Replace the file itself, not a link to it, and keep its permissions.
        let path = fs::canonicalize(path)?;
        let temporary = temporary_beside(&path)?;
        temporary.as_file().set_permissions(old.permissions())?;
        Ok(Target::Replace { path, temporary })
    }

    /// Writes the picture; whoever opens the file sees the old one or the whole new one.
    pub(crate) fn write(self, picture: &str) -> Result<(), Problem> {
        let path = match &self {
            Target::Replace { path, .. } | Target::Direct { path, .. } => path.clone(),
        };
        self.try_write(picture).map_err(|error| {
            Problem::new(
                format_args!("cannot write {}: {error}", path.display()),
                "Free some space there, or name another file with --svg FILE, and run it again.",
            )
        })
    }

    fn try_write(self, picture: &str) -> io::Result<()> {
        match self {
            Target::Direct { mut file, .. } => file.write_all(picture.as_bytes()),
            Target::Replace { path, mut temporary } => {
                temporary.write_all(picture.as_bytes())?;
                temporary.persist(path)?;
                Ok(())
            }
        }
    }
}

/// The system's own words, without the name of the temporary file that `tempfile` adds.
fn plain(error: &io::Error) -> String {
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
        // What any program gives a new file; the user's umask takes its part away.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(parent.unwrap_or(Path::new(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_stays_as_it_is_until_the_picture_is_written() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("out.svg");
        fs::write(&path, "old")?;
        let Ok(unused) = Target::open(&path) else { panic!("the file is writable") };
        drop(unused);
        assert_eq!(fs::read_to_string(&path)?, "old");
        let Ok(used) = Target::open(&path) else { panic!("the file is writable") };
        assert!(used.write("new").is_ok());
        assert_eq!(fs::read_to_string(&path)?, "new");
        assert_eq!(fs::read_dir(folder.path())?.count(), 1, "nothing is left behind");
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_followed_and_a_device_is_written_into() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let (path, link) = (folder.path().join("out.svg"), folder.path().join("link.svg"));
        fs::write(&path, "old")?;
        std::os::unix::fs::symlink(&path, &link)?;
        let Ok(linked) = Target::open(&link) else { panic!("the file is writable") };
        assert!(linked.write("new").is_ok());
        assert_eq!(fs::read_to_string(&path)?, "new");
        assert!(fs::symlink_metadata(&link)?.is_symlink());
        let Ok(device) = Target::open(Path::new("/dev/null")) else { panic!("it is writable") };
        assert!(matches!(device, Target::Direct { .. }));
        assert!(device.write("new").is_ok());
        assert!(!fs::metadata("/dev/null")?.is_file());
        Ok(())
    }
}
