// SPDX-License-Identifier: MIT OR Apache-2.0
//! The time namespace of this process, in which its monotonic clock may have an offset.

/// Returns the inode of this process's time namespace, or 0 if the kernel has none.
pub(crate) fn time_namespace() -> u64 {
    rustix::fs::stat("/proc/self/ns/time").map_or(0, |stat| stat.st_ino)
}

/// Whether a time namespace is another one than this process's; false if either is unknown.
pub(crate) fn is_other_namespace(namespace: u64) -> bool {
    let own = time_namespace();
    own != namespace && own != 0 && namespace != 0
}
