/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* spin_lock and its variants. Waiters spin for some microseconds, then yield, then sleep. */
#ifndef TEARFREE_LINUX_SPINLOCK_H
#define TEARFREE_LINUX_SPINLOCK_H

#include <linux/bottom_half.h>
#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/rwlock.h>
#include <linux/spinlock_types.h>

#ifdef __cplusplus
extern "C" {
#endif
/* Takes a contended lock: spins, yields, sleeps. */
void tearfree_spin_lock_contended(unsigned char *taken);
#ifdef __cplusplus
}
#endif

static inline void tearfree_spin_init(unsigned char *taken)
{
	/* ORDERING: P5. Nobody uses it yet; whoever does was told of it after `spin_lock_init`. */
	__atomic_store_n(taken, 0, TEARFREE_PLAIN_STORE);
}

static inline int tearfree_spin_trylock(unsigned char *taken)
{
	/* ORDERING: P5. Pairs with the store in `tearfree_spin_unlock`. */
	return __atomic_exchange_n(taken, 1, __ATOMIC_ACQUIRE) == 0;
}

static inline void tearfree_spin_lock(unsigned char *taken)
{
	if (TEARFREE_UNLIKELY(!tearfree_spin_trylock(taken))) {
		tearfree_spin_lock_contended(taken);
		TEARFREE_TAKEN(taken);
	}
}

static inline void tearfree_spin_unlock(unsigned char *taken)
{
	/* ORDERING: P5. Pairs with the exchange in `tearfree_spin_trylock`. */
	__atomic_store_n(taken, 0, __ATOMIC_RELEASE);
}

static inline int tearfree_spin_is_locked(const unsigned char *taken)
{
	/* ORDERING: P5. A look from outside; `tearfree_spin_trylock` decides. */
	return __atomic_load_n(taken, TEARFREE_PLAIN_LOAD) != 0;
}

static inline void tearfree_spin_lock_irq(unsigned char *taken)
{
	local_irq_disable();
	tearfree_spin_lock(taken);
}

static inline void tearfree_spin_unlock_irq(unsigned char *taken)
{
	tearfree_spin_unlock(taken);
	local_irq_enable();
}

static inline unsigned long tearfree_spin_lock_irqsave(unsigned char *taken)
{
	unsigned long flags = tearfree_irq_save();

	tearfree_spin_lock(taken);
	return flags;
}

static inline void tearfree_spin_unlock_irqrestore(unsigned char *taken, unsigned long flags)
{
	tearfree_spin_unlock(taken);
	local_irq_restore(flags);
}

static inline void tearfree_spin_lock_bh(unsigned char *taken)
{
	local_bh_disable();
	tearfree_spin_lock(taken);
}

static inline void tearfree_spin_unlock_bh(unsigned char *taken)
{
	tearfree_spin_unlock(taken);
	local_bh_enable();
}

#define spin_lock_init(lock) tearfree_spin_init(&(lock)->rlock.taken)
#define spin_lock(lock) tearfree_spin_lock(&(lock)->rlock.taken)
#define spin_trylock(lock) tearfree_spin_trylock(&(lock)->rlock.taken)
#define spin_unlock(lock) tearfree_spin_unlock(&(lock)->rlock.taken)
#define spin_is_locked(lock) tearfree_spin_is_locked(&(lock)->rlock.taken)
#define spin_lock_irq(lock) tearfree_spin_lock_irq(&(lock)->rlock.taken)
#define spin_unlock_irq(lock) tearfree_spin_unlock_irq(&(lock)->rlock.taken)
#define spin_lock_irqsave(lock, flags)                                                             \
	((void)((flags) = tearfree_spin_lock_irqsave(&(lock)->rlock.taken)))
#define spin_unlock_irqrestore(lock, flags)                                                        \
	tearfree_spin_unlock_irqrestore(&(lock)->rlock.taken, flags)
#define spin_lock_bh(lock) tearfree_spin_lock_bh(&(lock)->rlock.taken)
#define spin_unlock_bh(lock) tearfree_spin_unlock_bh(&(lock)->rlock.taken)

#define raw_spin_lock_init(lock) tearfree_spin_init(&(lock)->taken)
#define raw_spin_lock(lock) tearfree_spin_lock(&(lock)->taken)
#define raw_spin_trylock(lock) tearfree_spin_trylock(&(lock)->taken)
#define raw_spin_unlock(lock) tearfree_spin_unlock(&(lock)->taken)
#define raw_spin_is_locked(lock) tearfree_spin_is_locked(&(lock)->taken)
#define raw_spin_lock_irq(lock) tearfree_spin_lock_irq(&(lock)->taken)
#define raw_spin_unlock_irq(lock) tearfree_spin_unlock_irq(&(lock)->taken)
#define raw_spin_lock_irqsave(lock, flags)                                                         \
	((void)((flags) = tearfree_spin_lock_irqsave(&(lock)->taken)))
#define raw_spin_unlock_irqrestore(lock, flags)                                                    \
	tearfree_spin_unlock_irqrestore(&(lock)->taken, flags)
#define raw_spin_lock_bh(lock) tearfree_spin_lock_bh(&(lock)->taken)
#define raw_spin_unlock_bh(lock) tearfree_spin_unlock_bh(&(lock)->taken)

#endif
