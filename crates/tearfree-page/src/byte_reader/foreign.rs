// SPDX-License-Identifier: MIT OR Apache-2.0
//! What bindings need of a `ByteReader`: reads into fresh memory, watches that are kept as numbers, and the addresses for
//! code in another language.

use core::mem::MaybeUninit;

use super::ByteReader;
use crate::error::Unsettled;
use crate::status::Reading;
use crate::waited::{Reported, Watch};

/// Where the count and the slots of a mapped page are, for a reader in another language, which follows
/// [the protocol](crate::protocol). They stay mapped as long as the [`ByteReader`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Addresses {
    /// The count, a `u64` that is loaded as an atomic.
    pub count: *const u64,
    /// The state of the writer, a `u32` that is loaded as an atomic.
    pub state: *const u32,
    /// The stamp of slot 0.
    pub stamp: *const u8,
    /// The payload in slot 0.
    pub payload: *const u8,
    /// The distance to the stamp and the payload in slot 1.
    pub stride: usize,
    /// The size of the payload.
    pub size: usize,
    /// The time namespace of this process; 0 if unknown. Times in stamps of another one are unknown.
    pub time_namespace: u64,
}

impl ByteReader {
    /// Reads the newest value into memory that may be uninitialised: see [`read_into`](Self::read_into).
    ///
    /// If it succeeds, all of `to` is initialised.
    ///
    /// # Errors
    /// [`Unsettled`], as for [`read`](Self::read).
    ///
    /// # Panics
    /// If `to` does not have the size of the schema.
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    /// use tearfree_page::{ByteReader, ByteWriter, Options};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("numbers");
    /// let _writer = ByteWriter::create(&page, &"value:u16".parse()?, &[1, 2], &Options::new())?;
    /// let mut bytes = [MaybeUninit::uninit(); 2];
    /// ByteReader::open(&page)?.read_into_uninit(&mut bytes)?;
    /// // SAFETY: the read has succeeded.
    /// assert_eq!(bytes.map(|byte| unsafe { byte.assume_init() }), [1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn read_into_uninit(&self, to: &mut [MaybeUninit<u8>]) -> Result<Reading<()>, Unsettled> {
        let size = self.addresses().size;
        assert!(to.len() == size, "the value has {size} bytes, not {}", to.len());
        self.read_by(size, |slot| self.mapped.load_uninit(slot, to))
    }

    /// Returns where the count and the slots are.
    ///
    /// ```
    /// use tearfree_page::{ByteReader, ByteWriter, Options};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("numbers");
    /// let _writer = ByteWriter::create(&page, &"value:u16".parse()?, &[1, 2], &Options::new())?;
    /// let reader = ByteReader::open(&page)?;
    /// assert_eq!(reader.addresses().size, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.mapped.addresses(self.time_namespace)
    }

    /// Returns a watch that goes on where another one was: it reports what is not in `reported`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// use tearfree_page::{ByteReader, ByteWriter, Options, Reported, Waited};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("numbers");
    /// drop(ByteWriter::create(&page, &"value:u16".parse()?, &[1, 2], &Options::new())?);
    /// let reader = ByteReader::open(&page)?;
    /// let mut watch = reader.watch(0);
    /// assert_eq!(watch.wait(None), Waited::Ended);
    /// let reported: Reported = watch.reported();
    /// assert_eq!(reader.watch_from(reported).wait(Some(Duration::ZERO)), Waited::TimedOut);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn watch_from(&self, reported: Reported) -> Watch<'_> {
        Watch::new(self, reported)
    }
}
