// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which time namespace this process is in: its monotonic clock may have an offset of its own.

/// The inode of the time namespace, or 0 where the kernel has none.
pub(crate) fn time_namespace() -> u64 {
    rustix::fs::stat("/proc/self/ns/time").map_or(0, |stat| stat.st_ino)
}

/// Whether that is another time namespace than ours; as far as one knows, it is not.
pub(crate) fn is_elsewhere(there: u64) -> bool {
    let here = time_namespace();
    here != there && here != 0 && there != 0
}
