/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The calls of seqcount_t and of the counts that belong to a lock. Part of <linux/seqlock.h>.
 *
 *	writer, alone				reader
 *	write_seqcount_begin(&count);		do {
 *	WRITE_ONCE(a, 1);				seq = read_seqcount_begin(&count);
 *	WRITE_ONCE(b, 2);				copy_a = READ_ONCE(a);
 *	write_seqcount_end(&count);			copy_b = READ_ONCE(b);
 *						} while (read_seqcount_retry(&count, seq));
 *
 * P1, P2, .. are the obligations of tearfree's DESIGN.md.
 */
#ifndef TEARFREE_LINUX_SEQCOUNT_H
#define TEARFREE_LINUX_SEQCOUNT_H

#include <linux/seqlock_types.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif
/* Waits until the count is even: spins, then yields, then sleeps. It may be odd again on return. */
void tearfree_seqcount_wait(const unsigned *sequence);
#ifdef __cplusplus
}
#endif

/* ---- The count inside each of the five types ---- */

#define TEARFREE_SEQPROP(type)                                                                     \
	static inline seqcount_t *TEARFREE_SEQPROP_NAME(type, ptr)(type##_t * s)                   \
	{                                                                                          \
		return &s->seqcount;                                                               \
	}                                                                                          \
	static inline const seqcount_t *TEARFREE_SEQPROP_NAME(type, const_ptr)(const type##_t *s)  \
	{                                                                                          \
		return &s->seqcount;                                                               \
	}

#ifdef __cplusplus

#define TEARFREE_SEQPROP_NAME(type, prop) seqprop_##prop

static inline seqcount_t *seqprop_ptr(seqcount_t *s)
{
	return s;
}

static inline const seqcount_t *seqprop_const_ptr(const seqcount_t *s)
{
	return s;
}

#else

#define TEARFREE_SEQPROP_NAME(type, prop) tearfree_##type##_##prop

static inline seqcount_t *tearfree_seqcount_ptr(seqcount_t *s)
{
	return s;
}

static inline const seqcount_t *tearfree_seqcount_const_ptr(const seqcount_t *s)
{
	return s;
}

#define TEARFREE_SEQPROP_OF(s, prop)                                                               \
	_Generic(*(s),                                                                             \
		seqcount_t: tearfree_seqcount_##prop,                                              \
		seqcount_raw_spinlock_t: tearfree_seqcount_raw_spinlock_##prop,                    \
		seqcount_spinlock_t: tearfree_seqcount_spinlock_##prop,                            \
		seqcount_rwlock_t: tearfree_seqcount_rwlock_##prop,                                \
		seqcount_mutex_t: tearfree_seqcount_mutex_##prop)(s)

#define seqprop_ptr(s) TEARFREE_SEQPROP_OF(s, ptr)
#define seqprop_const_ptr(s) TEARFREE_SEQPROP_OF(s, const_ptr)

#endif

TEARFREE_SEQPROP(seqcount_raw_spinlock)
TEARFREE_SEQPROP(seqcount_spinlock)
TEARFREE_SEQPROP(seqcount_rwlock)
TEARFREE_SEQPROP(seqcount_mutex)

/* ---- Readers ---- */

static inline unsigned tearfree_read_raw(const seqcount_t *s)
{
	/* ORDERING: P3. Pairs with the store in `tearfree_write_end`. */
	return __atomic_load_n(&s->sequence, __ATOMIC_ACQUIRE);
}

static inline unsigned tearfree_read_begin(const seqcount_t *s)
{
	unsigned seq = tearfree_read_raw(s);

	while (TEARFREE_UNLIKELY(seq & 1)) {
		tearfree_seqcount_wait(&s->sequence);
		seq = tearfree_read_raw(s);
	}
	return seq;
}

static inline int tearfree_read_moved(const seqcount_t *s, unsigned start)
{
	/* ORDERING: P2. The fence before it, in `tearfree_read_retry`, carries the order. */
	return __atomic_load_n(&s->sequence, TEARFREE_PLAIN_LOAD) != start;
}

static inline int tearfree_read_retry(const seqcount_t *s, unsigned start)
{
	/* ORDERING: P2. Pairs with the fence in `tearfree_write_begin`. */
	TEARFREE_FENCE(__ATOMIC_ACQUIRE);
	return tearfree_read_moved(s, start);
}

/* Wait until no writer is inside. The three are the same since Linux 6.12. */
#define read_seqcount_begin(s) tearfree_read_begin(seqprop_const_ptr(s))
#define raw_read_seqcount_begin(s) tearfree_read_begin(seqprop_const_ptr(s))
#define __read_seqcount_begin(s) tearfree_read_begin(seqprop_const_ptr(s))
/* Returns the count, odd or even. */
#define raw_read_seqcount(s) tearfree_read_raw(seqprop_const_ptr(s))
/* Never waits: a read that begins during a write fails at its end. */
#define raw_seqcount_begin(s) (tearfree_read_raw(seqprop_const_ptr(s)) & ~1U)
/* False at once if a writer is inside. */
#define raw_seqcount_try_begin(s, start)                                                           \
	((bool)((start) = tearfree_read_raw(seqprop_const_ptr(s)), !((start) & 1)))
/* Whether a writer was inside since `start`: then what was read must be discarded. */
#define read_seqcount_retry(s, start) tearfree_read_retry(seqprop_const_ptr(s), start)
/* The same for callers that have issued smp_rmb() before. */
#define __read_seqcount_retry(s, start) tearfree_read_moved(seqprop_const_ptr(s), start)

/* ---- Writers: one at a time ---- */

static inline void tearfree_seqcount_init(seqcount_t *s)
{
	/* ORDERING: P5. Nobody uses it yet; whoever does was told of it after `seqcount_init`. */
	__atomic_store_n(&s->sequence, 0, TEARFREE_PLAIN_STORE);
}

/* Loads the count in the writer, the only one that changes it. */
static inline unsigned tearfree_own(const seqcount_t *s)
{
	/* ORDERING: P5. Only the writer that holds the lock stores, in `tearfree_write_end`. */
	return __atomic_load_n(&s->sequence, __ATOMIC_RELAXED);
}

static inline void tearfree_write_begin(seqcount_t *s)
{
	/* ORDERING: P2. The fence below is what `tearfree_read_retry` pairs with; a release store would
	 * order what came before it, and let the data overtake the odd count. */
	__atomic_store_n(&s->sequence, tearfree_own(s) + 1, TEARFREE_PLAIN_STORE);
	TEARFREE_FENCE(__ATOMIC_RELEASE);
}

static inline void tearfree_write_end(seqcount_t *s)
{
	/* ORDERING: P3. Pairs with the load in `tearfree_read_raw`. */
	__atomic_store_n(&s->sequence, tearfree_own(s) + 1, __ATOMIC_RELEASE);
}

static inline void tearfree_write_barrier(seqcount_t *s)
{
	unsigned even = tearfree_own(s);

	/* ORDERING: P2, P3. One fence serves both ends: stores after it pair with the fence in
	 * `tearfree_read_retry`, stores before it with the load in `tearfree_read_raw`. */
	__atomic_store_n(&s->sequence, even + 1, TEARFREE_PLAIN_STORE);
	TEARFREE_FENCE(__ATOMIC_RELEASE);
	__atomic_store_n(&s->sequence, even + 2, TEARFREE_PLAIN_STORE);
}

static inline void tearfree_write_invalidate(seqcount_t *s)
{
	/* ORDERING: P3. Pairs with `tearfree_read_raw`: whoever begins at the new count sees all stores
	 * from before this call. */
	TEARFREE_FENCE(__ATOMIC_RELEASE);
	__atomic_store_n(&s->sequence, tearfree_own(s) + 2, TEARFREE_PLAIN_STORE);
}

#define seqcount_init(s) tearfree_seqcount_init(s)
#define seqcount_raw_spinlock_init(s, lock) ((void)(lock), tearfree_seqcount_init(&(s)->seqcount))
#define seqcount_spinlock_init(s, lock) ((void)(lock), tearfree_seqcount_init(&(s)->seqcount))
#define seqcount_rwlock_init(s, lock) ((void)(lock), tearfree_seqcount_init(&(s)->seqcount))
#define seqcount_mutex_init(s, lock) ((void)(lock), tearfree_seqcount_init(&(s)->seqcount))

#define write_seqcount_begin(s) tearfree_write_begin(seqprop_ptr(s))
#define write_seqcount_begin_nested(s, subclass) ((void)(subclass), write_seqcount_begin(s))
#define write_seqcount_end(s) tearfree_write_end(seqprop_ptr(s))
#define raw_write_seqcount_begin(s) tearfree_write_begin(seqprop_ptr(s))
#define raw_write_seqcount_end(s) tearfree_write_end(seqprop_ptr(s))
/* No reader sees a store from after this without those from before it. */
#define raw_write_seqcount_barrier(s) tearfree_write_barrier(seqprop_ptr(s))
/* Makes every open read fail, and no reader wait. */
#define write_seqcount_invalidate(s) tearfree_write_invalidate(seqprop_ptr(s))

#endif
