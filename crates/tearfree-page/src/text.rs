// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Text`: a short text of fixed size, for payloads.

use core::fmt;
use core::str::FromStr;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::schema::{Describe, Kind, SchemaBuilder};

/// Text of at most `N` bytes: UTF-8, padded with NULs. Its kind in a schema is `text[N]`.
///
/// ```
/// use tearfree_page::Text;
/// let name = Text::<8>::new("engine")?;
/// assert_eq!(name.as_str(), "engine");
/// assert!(Text::<8>::new("too long a name").is_err());
/// # Ok::<(), tearfree_page::TextError>(())
/// ```
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(transparent)]
pub struct Text<const N: usize>([u8; N]);

/// Why a string is not a [`Text`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextError {
    /// It is too long.
    TooLong {
        /// The length of the string in bytes.
        given: usize,
        /// The length of the text in bytes.
        wanted: usize,
    },
    /// It contains a NUL, which pads a text.
    Nul,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { given, wanted } => {
                write!(f, "the text has {given} bytes; use at most {wanted}")
            }
            Self::Nul => f.write_str("the text contains a NUL; remove it"),
        }
    }
}

impl core::error::Error for TextError {}

impl<const N: usize> Text<N> {
    /// Creates a text.
    ///
    /// # Errors
    /// If `text` has more than `N` bytes, or contains a NUL.
    pub const fn new(text: &str) -> Result<Self, TextError> {
        let (text, mut bytes) = (text.as_bytes(), [0; N]);
        if text.len() > N {
            return Err(TextError::TooLong { given: text.len(), wanted: N });
        }
        let mut i = 0;
        while i < text.len() {
            if text[i] == 0 {
                return Err(TextError::Nul);
            }
            bytes[i] = text[i];
            i += 1;
        }
        Ok(Text(bytes))
    }

    /// Returns the text, without the padding. Looks for its end and checks that it is UTF-8.
    ///
    /// What a page holds was checked when it was read. In a text that was made from other bytes, this ends
    /// before the first byte that is not UTF-8.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = &self.0[..end_of(&self.0)];
        match core::str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => core::str::from_utf8(&text[..error.valid_up_to()]).unwrap_or_default(),
        }
    }
}

/// Whether these bytes are UTF-8, padded with NULs.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    let (text, padding) = bytes.split_at(end_of(bytes));
    padding.iter().all(|byte| *byte == 0) && core::str::from_utf8(text).is_ok()
}

fn end_of(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len())
}

impl<const N: usize> Describe for Text<N> {
    fn kind() -> Option<Kind> {
        Some(Kind::Text(N))
    }

    fn describe(name: &str, schema: &mut SchemaBuilder) {
        schema.value(name, Kind::Text(N), None);
    }

    #[inline]
    fn is_valid(&self) -> bool {
        is_text(&self.0)
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Text([0; N])
    }
}

impl<const N: usize> TryFrom<&str> for Text<N> {
    type Error = TextError;

    fn try_from(text: &str) -> Result<Self, TextError> {
        Self::new(text)
    }
}

impl<const N: usize> FromStr for Text<N> {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        Self::new(text)
    }
}

impl<const N: usize> PartialEq<str> for Text<N> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl<const N: usize> PartialEq<&str> for Text<N> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
