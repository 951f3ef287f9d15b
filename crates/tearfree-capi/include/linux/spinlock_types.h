/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* spinlock_t and raw_spinlock_t: one byte, the same as `tearfree::lock::SpinLock` in Rust. */
#ifndef TEARFREE_LINUX_SPINLOCK_TYPES_H
#define TEARFREE_LINUX_SPINLOCK_TYPES_H

#include <linux/compiler.h>

/* 0: unlocked. 1: locked. */
typedef struct raw_spinlock {
	unsigned char taken;
} raw_spinlock_t;

typedef struct spinlock {
	raw_spinlock_t rlock;
} spinlock_t;

TEARFREE_STATIC_ASSERT(sizeof(spinlock_t) == 1, "a spin lock is one byte, in Rust too");

#define __RAW_SPIN_LOCK_UNLOCKED(name) { 0 }
#define __SPIN_LOCK_UNLOCKED(name) { { 0 } }
#define DEFINE_RAW_SPINLOCK(name) raw_spinlock_t name = __RAW_SPIN_LOCK_UNLOCKED(name)
#define DEFINE_SPINLOCK(name) spinlock_t name = __SPIN_LOCK_UNLOCKED(name)

#endif
