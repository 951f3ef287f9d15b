/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* struct mutex: a lock whose waiters sleep; in Rust it is `tearfree::DefaultLock`. */
#ifndef TEARFREE_LINUX_MUTEX_H
#define TEARFREE_LINUX_MUTEX_H

#include <linux/compiler.h>

/* Zeros: unlocked, and no thread waits for it. */
struct mutex {
	unsigned char is_locked;
	unsigned char has_parked;
};

TEARFREE_STATIC_ASSERT(sizeof(struct mutex) == 2, "a mutex is two bytes, in Rust too");

#define __MUTEX_INITIALIZER(name) { 0, 0 }
#define DEFINE_MUTEX(name) struct mutex name = __MUTEX_INITIALIZER(name)

#ifdef __cplusplus
extern "C" {
#endif
void tearfree_mutex_lock(struct mutex *lock);
int tearfree_mutex_trylock(struct mutex *lock);
void tearfree_mutex_unlock(struct mutex *lock);
#ifdef __cplusplus
}
#endif

static inline void mutex_init(struct mutex *lock)
{
	/* ORDERING: Relaxed: no other thread has it before `mutex_init` returns. */
	__atomic_store_n(&lock->is_locked, 0, TEARFREE_PLAIN_STORE);
	/* ORDERING: Relaxed: no thread can wait for it before `mutex_init` returns. */
	__atomic_store_n(&lock->has_parked, 0, TEARFREE_PLAIN_STORE);
}

static inline void mutex_lock(struct mutex *lock)
{
	tearfree_mutex_lock(lock);
	TEARFREE_TAKEN(lock);
}

/* Returns 1 if the lock was taken, else 0. */
static inline int mutex_trylock(struct mutex *lock)
{
	int taken = tearfree_mutex_trylock(lock);

	if (taken)
		TEARFREE_TAKEN(lock);
	return taken;
}

static inline void mutex_unlock(struct mutex *lock)
{
	TEARFREE_RELEASING(lock);
	tearfree_mutex_unlock(lock);
}

#endif
