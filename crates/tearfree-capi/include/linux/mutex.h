/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* struct mutex: a lock whose waiters sleep; in Rust it is `tearfree::DefaultLock`. */
#ifndef TEARFREE_LINUX_MUTEX_H
#define TEARFREE_LINUX_MUTEX_H

#include <linux/compiler.h>

/* 0: unlocked. */
struct mutex {
	unsigned char state;
};

TEARFREE_STATIC_ASSERT(sizeof(struct mutex) == 1, "a mutex is one byte, in Rust too");

#define __MUTEX_INITIALIZER(name) { 0 }
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
	/* ORDERING: P5. Nobody uses it yet; whoever does was told of it after `mutex_init`. */
	__atomic_store_n(&lock->state, 0, TEARFREE_PLAIN_STORE);
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
