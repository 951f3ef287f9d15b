// SPDX-License-Identifier: MIT OR Apache-2.0
//! Serialisation with the feature `serde`: a lock is serialised as its value.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Sequenced;
use super::protocol::Protocol;
use crate::lock::WriterLock;

/// Serialises a copy of the value, as [`read`](Sequenced::read) returns it.
impl<T: Copy + Serialize, L: WriterLock, P: Protocol> Serialize for Sequenced<T, L, P> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.read().serialize(serializer)
    }
}

/// Deserialises the value, and creates a new lock around it.
impl<'de, T, L, P> Deserialize<'de> for Sequenced<T, L, P>
where
    T: Copy + Deserialize<'de>,
    L: WriterLock,
    P: Protocol,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use crate::{SeqLatch, SeqLock};

    #[test]
    fn a_lock_is_its_value() {
        let lock: SeqLock<(u8, f64)> = serde_json::from_str("[1, 2.5]").unwrap();
        assert_eq!(lock.read(), (1, 2.5));
        assert_eq!(serde_json::to_string(&lock).unwrap(), "[1,2.5]");
        let latch: SeqLatch<u8> = serde_json::from_str("7").unwrap();
        assert_eq!(serde_json::to_string(&latch).unwrap(), "7");
        assert!(serde_json::from_str::<SeqLock<u8>>("256").is_err());
    }
}
