// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Follower` and `ByteFollower`: read the page that a name has now.

use core::mem::MaybeUninit;
use core::time::Duration;
use std::path::Path;

use crate::byte_reader::ByteReader;
use crate::error::{Error, ReadError, check_size};
use crate::files::Owner;
use crate::follow::{Follow, Opened};
use crate::payload::Payload;
use crate::reader::Reader;
use crate::schema::Schema;
use crate::sleep::Sleep;
use crate::status::Reading;
use crate::waited::Waited;
use crate::waiting::{self, Sealed, Wait};

impl<T: Payload> Opened for Reader<T> {
    type Value = T;

    fn open(page: &Path, owner: Owner, _schema: Option<&Schema>) -> Result<Self, Error> {
        Self::open_owned_by(page, owner)
    }

    fn page(&self) -> &ByteReader {
        self.as_bytes()
    }

    fn read(&self) -> Result<Reading<T>, ReadError> {
        self.read()
    }
}

impl Opened for ByteReader {
    type Value = Vec<u8>;

    fn open(page: &Path, owner: Owner, schema: Option<&Schema>) -> Result<Self, Error> {
        let reader = Self::open_owned_by(page, owner)?;
        schema.map_or(Ok(()), |schema| reader.check_schema(schema, page))?;
        Ok(reader)
    }

    fn page(&self) -> &ByteReader {
        self
    }

    fn read(&self) -> Result<Reading<Vec<u8>>, ReadError> {
        Ok(self.read()?)
    }
}

macro_rules! follower {
    ($(#[$doc:meta])* $name:ident $(<$parameter:ident: $bound:ident>)?, $reader:ty, $value:ty) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name $(<$parameter>)? {
            follow: Follow<$reader>,
        }

        impl $(<$parameter: $bound>)? $name $(<$parameter>)? {
            /// Follows the page of this user or of root. `page` is a name, or a path if it contains a `/`. The page
            /// need not exist yet.
            ///
            /// # Errors
            /// If the name is invalid. What else is wrong with the page, [`problem`](Self::problem) returns.
            pub fn open(page: impl AsRef<Path>) -> Result<Self, Error> {
                Self::open_owned_by(page, Owner::default())
            }

            /// Follows the page of the given owner: see [`open`](Self::open).
            ///
            /// # Errors
            /// As for [`open`](Self::open).
            pub fn open_owned_by(page: impl AsRef<Path>, owner: Owner) -> Result<Self, Error> {
                Ok(Self { follow: Follow::new(page.as_ref(), owner, None)? })
            }

            /// Reads the newest value: never an earlier one than before, also from another page.
            ///
            /// Beside the read it costs a reading of the coarse clock, and ten times a second a look at the path.
            ///
            /// # Errors
            /// If there has been no page yet, with the reason why it cannot be opened; as for
            /// [`Reader::read`]; and [`Error::Unsettled`] if a writer turned its count back.
            pub fn read(&mut self) -> Result<Reading<$value>, Error> {
                self.follow.read()
            }

            /// Reads the newest value if it is not the one that was read last.
            ///
            /// # Errors
            /// As for [`read`](Self::read).
            pub fn read_if_changed(&mut self) -> Result<Option<Reading<$value>>, Error> {
                self.follow.read_if_changed()
            }

            /// Waits until something happens that this has not reported yet, and returns what. A timeout of `None` waits
            /// without limit, and a timeout of zero only looks.
            ///
            /// If several things have happened, each call returns one. [`Waited::Changed`] stands for any number of
            /// publications. The thread sleeps, as in [`Watch::wait`](crate::Watch::wait), and looks at the path once a
            /// second, ten times a second while there is no page, and at once when the page says that it was replaced or
            /// removed.
            pub fn wait(&mut self, timeout: Option<Duration>) -> Waited {
                waiting::wait(self, timeout)
            }

            /// Returns the page that was opened last: that of the name, or the one before if there is none.
            #[must_use]
            pub fn reader(&self) -> Option<&$reader> {
                self.follow.reader()
            }

            /// Returns why the page that the name has cannot be read; `None` if it is read.
            #[must_use]
            pub fn problem(&self) -> Option<&Error> {
                self.follow.problem()
            }
        }

        impl $(<$parameter: $bound>)? Sealed for $name $(<$parameter>)? {
            fn check(&mut self) -> Option<Waited> {
                self.follow.check()
            }

            fn sleep(&self) -> Sleep<'_> {
                self.follow.sleep()
            }
        }

        impl $(<$parameter: $bound>)? Wait for $name $(<$parameter>)? {}
    };
}

follower! {
    /// Reads the page that a name has now.
    ///
    /// A [`Reader`] stays with the page that it opened. A follower opens the next one: after the page was replaced or
    /// removed, after its directory was removed or renamed by hand, after an overlay file system copied its file. Its
    /// values never go back: a page with earlier values is not read.
    ///
    /// While the name has no page that can be read, a follower keeps the last value.
    ///
    /// # Examples
    /// ```
    /// use tearfree_page::{Follower, Options, Waited, Writer, remove};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let mut follower = Follower::<u64>::open(&page)?;
    /// assert!(follower.read().is_err()); // there is no page yet
    ///
    /// let writer = Writer::create(&page, 1_u64, &Options::new())?;
    /// assert_eq!(follower.wait(None), Waited::Changed);
    /// assert_eq!(follower.read()?.value, 1);
    ///
    /// drop(writer);
    /// std::fs::remove_dir_all(&page)?; // by hand
    /// let _writer = Writer::create(&page, 2_u64, &Options::new())?;
    /// while follower.wait(None) != Waited::Replaced {}
    /// assert_eq!(follower.read()?.value, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Follower<T: Payload>, Reader<T>, T
}

follower! {
    /// Reads the page that a name has now, as bytes; otherwise like [`Follower`]. The schema may be another one after the page
    /// was replaced: see [`reader`](Self::reader).
    ///
    /// # Examples
    /// ```
    /// use tearfree_page::{ByteFollower, Options, Waited, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let options = Options::new().replace(true);
    /// drop(Writer::create(&page, 1_u64, &options)?);
    /// let mut follower = ByteFollower::open(&page)?;
    /// assert_eq!(follower.read()?.value.len(), 8);
    ///
    /// drop(Writer::create(&page, 1_u8, &options)?);
    /// assert_eq!(follower.wait(None), Waited::Replaced);
    /// assert_eq!(follower.read()?.value, [1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ByteFollower, ByteReader, Vec<u8>
}

impl ByteFollower {
    /// Follows the pages of this schema: one of another schema is a [`problem`](Self::problem), as one of another owner is.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    ///
    /// ```
    /// use tearfree_page::{ByteFollower, Options, Owner, Waited, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let options = Options::new().replace(true);
    /// drop(Writer::create(&page, 1_u64, &options)?);
    /// let mut follower = ByteFollower::open_schema(&page, "value:u64".parse()?, Owner::default())?;
    /// assert_eq!(follower.read()?.value, 1_u64.to_ne_bytes());
    ///
    /// drop(Writer::create(&page, 1_u8, &options)?);
    /// assert_eq!(follower.wait(None), Waited::Gone);
    /// assert!(follower.problem().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_schema(
        page: impl AsRef<Path>,
        schema: Schema,
        owner: Owner,
    ) -> Result<Self, Error> {
        Ok(Self { follow: Follow::new(page.as_ref(), owner, Some(schema))? })
    }

    /// Reads the newest value into memory that may be uninitialised: see [`read`](Self::read). If it succeeds, all of `to`
    /// is initialised.
    ///
    /// # Errors
    /// As for [`read`](Self::read), and if `to` does not have the size of the value.
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    /// use tearfree_page::{ByteFollower, Options, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let _writer = Writer::create(&page, 7_u8, &Options::new())?;
    /// let mut follower = ByteFollower::open(&page)?;
    /// let mut byte = [MaybeUninit::uninit()];
    /// follower.read_into_uninit(&mut byte)?;
    /// // SAFETY: the read has succeeded.
    /// assert_eq!(unsafe { byte[0].assume_init() }, 7);
    /// assert!(follower.read_into_uninit(&mut [MaybeUninit::uninit(); 2]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_into_uninit(&mut self, to: &mut [MaybeUninit<u8>]) -> Result<Reading<()>, Error> {
        self.follow.read_by(|page| {
            check_size(to.len(), page.addresses().size)?;
            Ok(page.read_into_uninit(to)?)
        })
    }
}
