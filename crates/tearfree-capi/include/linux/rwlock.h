/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* rwlock_t: many readers or one writer; waiters sleep. A thread must not take it twice. */
#ifndef TEARFREE_LINUX_RWLOCK_H
#define TEARFREE_LINUX_RWLOCK_H

#include <linux/compiler.h>

/* 0: unlocked. */
typedef struct rwlock {
	unsigned long state;
} rwlock_t;

#define __RW_LOCK_UNLOCKED(name) { 0 }
#define DEFINE_RWLOCK(name) rwlock_t name = __RW_LOCK_UNLOCKED(name)

#ifdef __cplusplus
extern "C" {
#endif
void tearfree_read_lock(rwlock_t *lock);
int tearfree_read_trylock(rwlock_t *lock);
void tearfree_read_unlock(rwlock_t *lock);
void tearfree_write_lock(rwlock_t *lock);
int tearfree_write_trylock(rwlock_t *lock);
void tearfree_write_unlock(rwlock_t *lock);
#ifdef __cplusplus
}
#endif

static inline void rwlock_init(rwlock_t *lock)
{
	/* ORDERING: P5. Nobody uses it yet; whoever does was told of it after `rwlock_init`. */
	__atomic_store_n(&lock->state, 0, TEARFREE_PLAIN_STORE);
}

static inline void read_lock(rwlock_t *lock)
{
	tearfree_read_lock(lock);
	TEARFREE_TAKEN(lock);
}

/* Returns 1 if the lock was taken, 0 if a writer holds it. */
static inline int read_trylock(rwlock_t *lock)
{
	int taken = tearfree_read_trylock(lock);

	if (taken)
		TEARFREE_TAKEN(lock);
	return taken;
}

static inline void read_unlock(rwlock_t *lock)
{
	TEARFREE_RELEASING(lock);
	tearfree_read_unlock(lock);
}

static inline void write_lock(rwlock_t *lock)
{
	tearfree_write_lock(lock);
	TEARFREE_TAKEN(lock);
}

/* Returns 1 if the lock was taken, else 0. */
static inline int write_trylock(rwlock_t *lock)
{
	int taken = tearfree_write_trylock(lock);

	if (taken)
		TEARFREE_TAKEN(lock);
	return taken;
}

static inline void write_unlock(rwlock_t *lock)
{
	TEARFREE_RELEASING(lock);
	tearfree_write_unlock(lock);
}

#endif
