/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The types of <linux/seqlock.h> and their initialisers. The layouts are the same in Rust. */
#ifndef TEARFREE_LINUX_SEQLOCK_TYPES_H
#define TEARFREE_LINUX_SEQLOCK_TYPES_H

#include <linux/compiler.h>
#include <linux/spinlock_types.h>

/* A sequence count: even while no writer is inside. In Rust: SeqCount<u32>. */
typedef struct seqcount {
	unsigned sequence;
} seqcount_t;

#define SEQCNT_ZERO(name) { 0 }

/*
 * Counts whose writers hold a lock of that kind. As in a kernel without lock debugging, the initialiser
 * names the lock for documentation, and the count does not store it.
 */
typedef struct seqcount_raw_spinlock {
	seqcount_t seqcount;
} seqcount_raw_spinlock_t;

typedef struct seqcount_spinlock {
	seqcount_t seqcount;
} seqcount_spinlock_t;

typedef struct seqcount_rwlock {
	seqcount_t seqcount;
} seqcount_rwlock_t;

typedef struct seqcount_mutex {
	seqcount_t seqcount;
} seqcount_mutex_t;

#define SEQCNT_RAW_SPINLOCK_ZERO(name, lock) { SEQCNT_ZERO(name) }
#define SEQCNT_SPINLOCK_ZERO(name, lock) { SEQCNT_ZERO(name) }
#define SEQCNT_RWLOCK_ZERO(name, lock) { SEQCNT_ZERO(name) }
#define SEQCNT_MUTEX_ZERO(name, lock) { SEQCNT_ZERO(name) }

/* The count of data in two copies; `count & 1` is the copy for readers. In Rust: LatchCount<u32>. */
typedef struct {
	seqcount_t seqcount;
} seqcount_latch_t;

#define SEQCNT_LATCH_ZERO(name) { SEQCNT_ZERO(name) }

/* A count and the lock of its writers. In Rust: tearfree_capi::BareSeqLock. */
typedef struct {
	seqcount_spinlock_t seqcount;
	spinlock_t lock;
} seqlock_t;

#define __SEQLOCK_UNLOCKED(name)                                                                   \
	{ SEQCNT_SPINLOCK_ZERO(name, &(name).lock), __SPIN_LOCK_UNLOCKED(name) }
#define DEFINE_SEQLOCK(name) seqlock_t name = __SEQLOCK_UNLOCKED(name)

TEARFREE_STATIC_ASSERT(sizeof(seqcount_t) == 4, "SeqCount<u32> in Rust has four bytes");
TEARFREE_STATIC_ASSERT(sizeof(seqcount_spinlock_t) == sizeof(seqcount_t), "it keeps no lock");
TEARFREE_STATIC_ASSERT(sizeof(seqcount_latch_t) == 4, "LatchCount<u32> in Rust has four bytes");
TEARFREE_STATIC_ASSERT(sizeof(seqlock_t) == 8, "BareSeqLock in Rust has eight bytes");
TEARFREE_STATIC_ASSERT(__builtin_offsetof(seqlock_t, lock) == 4, "and its lock behind the count");

#endif
