/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Each call of the headers in a function of its own, between a store and a load of `data`. The sizes tell the
 * accesses apart: data has two bytes, a spin lock one, a count four. orders.txt has what each one has to do.
 */
#if defined(__arm__)
/* The headers refuse 32-bit machines, where flags do not fit; the rest of the code is the same there. */
#define TEARFREE_LINUX_IRQFLAGS_H
unsigned long tearfree_irq_save(void);
void tearfree_irq_restore(unsigned long flags);
void tearfree_irq_disable(void);
void tearfree_irq_enable(void);
#define local_irq_save(flags) ((void)((flags) = tearfree_irq_save()))
#define local_irq_restore(flags) tearfree_irq_restore(flags)
#define local_irq_disable() tearfree_irq_disable()
#define local_irq_enable() tearfree_irq_enable()
#endif

/* Waits never return here, so only the path without them remains. */
__attribute__((__noreturn__)) void tearfree_seqcount_wait(const unsigned *sequence);
__attribute__((__noreturn__)) void tearfree_spin_lock_contended(unsigned char *taken);

#include <linux/seqlock.h>

/* A function in_NAME that makes the call; `s` points to what it is about. */
#define CALL(name, type, ...)                                                                      \
	unsigned in_##name(type *s, volatile unsigned short *data, unsigned start)                 \
	{                                                                                          \
		unsigned long flags = start;                                                       \
		unsigned result = start;                                                           \
                                                                                                   \
		(void)s;                                                                           \
		*data = 1;                                                                         \
		__VA_ARGS__;                                                                       \
		return result + (unsigned)flags + *data;                                           \
	}

/* As CALL, for a call whose lock may be taken: then it ends at once. */
#define TRY(name, type, call)                                                                      \
	unsigned in_##name(type *s, volatile unsigned short *data)                                 \
	{                                                                                          \
		*data = 1;                                                                         \
		if (!call)                                                                         \
			return 0;                                                                  \
		return *data;                                                                      \
	}

/* ---- Accesses and barriers ---- */

CALL(READ_ONCE, const seqcount_t, result = READ_ONCE(s->sequence))
CALL(WRITE_ONCE, seqcount_t, WRITE_ONCE(s->sequence, start))
CALL(barrier, seqcount_t, barrier())
CALL(cpu_relax, seqcount_t, cpu_relax())
CALL(smp_mb, seqcount_t, smp_mb())
CALL(smp_rmb, seqcount_t, smp_rmb())
CALL(smp_wmb, seqcount_t, smp_wmb())
CALL(smp_load_acquire, const seqcount_t, result = smp_load_acquire(&s->sequence))
CALL(smp_store_release, seqcount_t, smp_store_release(&s->sequence, start))

/* ---- seqcount_t, and the counts that belong to a lock ---- */

/* The calls of one type of count. */
#define COUNTS(kind, suffix)                                                                       \
	CALL(read_seqcount_begin##suffix, const kind, result = read_seqcount_begin(s))             \
	CALL(raw_read_seqcount_begin##suffix, const kind, result = raw_read_seqcount_begin(s))     \
	CALL(__read_seqcount_begin##suffix, const kind, result = __read_seqcount_begin(s))         \
	CALL(raw_read_seqcount##suffix, const kind, result = raw_read_seqcount(s))                 \
	CALL(raw_seqcount_begin##suffix, const kind, result = raw_seqcount_begin(s))               \
	CALL(raw_seqcount_try_begin##suffix, const kind, result += raw_seqcount_try_begin(s, start)) \
	CALL(read_seqcount_retry##suffix, const kind,                                              \
	     result = (unsigned)read_seqcount_retry(s, start))                                     \
	CALL(__read_seqcount_retry##suffix, const kind,                                            \
	     result = (unsigned)__read_seqcount_retry(s, start))                                   \
	CALL(write_seqcount_begin##suffix, kind, write_seqcount_begin(s))                          \
	CALL(write_seqcount_begin_nested##suffix, kind, write_seqcount_begin_nested(s, 1))         \
	CALL(raw_write_seqcount_begin##suffix, kind, raw_write_seqcount_begin(s))                  \
	CALL(write_seqcount_end##suffix, kind, write_seqcount_end(s))                              \
	CALL(raw_write_seqcount_end##suffix, kind, raw_write_seqcount_end(s))                      \
	CALL(raw_write_seqcount_barrier##suffix, kind, raw_write_seqcount_barrier(s))              \
	CALL(write_seqcount_invalidate##suffix, kind, write_seqcount_invalidate(s))

COUNTS(seqcount_t, )
COUNTS(seqcount_spinlock_t, __spinlock)
COUNTS(seqcount_raw_spinlock_t, __raw_spinlock)
COUNTS(seqcount_rwlock_t, __rwlock)
COUNTS(seqcount_mutex_t, __mutex)
CALL(seqcount_init, seqcount_t, seqcount_init(s))
CALL(seqcount_spinlock_init, seqcount_spinlock_t, seqcount_spinlock_init(s, data))
CALL(seqcount_raw_spinlock_init, seqcount_raw_spinlock_t, seqcount_raw_spinlock_init(s, data))
CALL(seqcount_rwlock_init, seqcount_rwlock_t, seqcount_rwlock_init(s, data))
CALL(seqcount_mutex_init, seqcount_mutex_t, seqcount_mutex_init(s, data))

/* ---- seqcount_latch_t ---- */

CALL(seqcount_latch_init, seqcount_latch_t, seqcount_latch_init(s))
CALL(read_seqcount_latch, const seqcount_latch_t, result = read_seqcount_latch(s))
CALL(raw_read_seqcount_latch, const seqcount_latch_t, result = raw_read_seqcount_latch(s))
CALL(read_seqcount_latch_retry, const seqcount_latch_t,
     result = (unsigned)read_seqcount_latch_retry(s, start))
CALL(raw_read_seqcount_latch_retry, const seqcount_latch_t,
     result = (unsigned)raw_read_seqcount_latch_retry(s, start))
CALL(write_seqcount_latch_begin, seqcount_latch_t, write_seqcount_latch_begin(s))
CALL(write_seqcount_latch, seqcount_latch_t, write_seqcount_latch(s))
CALL(raw_write_seqcount_latch, seqcount_latch_t, raw_write_seqcount_latch(s))
CALL(write_seqcount_latch_end, seqcount_latch_t, write_seqcount_latch_end(s))

/* ---- Spin locks ---- */

#define SPIN(kind, type)                                                                           \
	CALL(kind##_lock_init, type, kind##_lock_init(s))                                          \
	CALL(kind##_lock, type, kind##_lock(s))                                                    \
	TRY(kind##_trylock, type, kind##_trylock(s))                                               \
	CALL(kind##_unlock, type, kind##_unlock(s))                                                \
	CALL(kind##_is_locked, type, result = (unsigned)kind##_is_locked(s))                       \
	CALL(kind##_lock_irq, type, kind##_lock_irq(s))                                            \
	CALL(kind##_unlock_irq, type, kind##_unlock_irq(s))                                        \
	CALL(kind##_lock_irqsave, type, kind##_lock_irqsave(s, flags))                             \
	CALL(kind##_unlock_irqrestore, type, kind##_unlock_irqrestore(s, flags))                   \
	CALL(kind##_lock_bh, type, kind##_lock_bh(s))                                              \
	CALL(kind##_unlock_bh, type, kind##_unlock_bh(s))

SPIN(spin, spinlock_t)
SPIN(raw_spin, raw_spinlock_t)

/* ---- Locks that Rust takes ---- */

CALL(mutex_init, struct mutex, mutex_init(s))
CALL(mutex_lock, struct mutex, mutex_lock(s))
CALL(mutex_trylock, struct mutex, result = (unsigned)mutex_trylock(s))
CALL(mutex_unlock, struct mutex, mutex_unlock(s))
CALL(rwlock_init, rwlock_t, rwlock_init(s))
CALL(read_lock, rwlock_t, read_lock(s))
CALL(read_trylock, rwlock_t, result = (unsigned)read_trylock(s))
CALL(read_unlock, rwlock_t, read_unlock(s))
CALL(write_lock, rwlock_t, write_lock(s))
CALL(write_trylock, rwlock_t, result = (unsigned)write_trylock(s))
CALL(write_unlock, rwlock_t, write_unlock(s))

/* ---- Contexts ---- */

CALL(local_irq_save, seqlock_t, local_irq_save(flags))
CALL(local_irq_restore, seqlock_t, local_irq_restore(flags))
CALL(local_irq_disable, seqlock_t, local_irq_disable())
CALL(local_irq_enable, seqlock_t, local_irq_enable())
CALL(local_bh_disable, seqlock_t, local_bh_disable())
CALL(local_bh_enable, seqlock_t, local_bh_enable())

/* ---- seqlock_t ---- */

CALL(seqlock_init, seqlock_t, seqlock_init(s))
CALL(read_seqbegin, const seqlock_t, result = read_seqbegin(s))
CALL(read_seqretry, const seqlock_t, result = (unsigned)read_seqretry(s, start))
CALL(read_seqbegin_irqsave, const seqlock_t, result = read_seqbegin_irqsave(s, flags))
CALL(read_seqretry_irqrestore, const seqlock_t,
     result = (unsigned)read_seqretry_irqrestore(s, start, flags))
CALL(write_seqlock, seqlock_t, write_seqlock(s))
TRY(write_tryseqlock, seqlock_t, write_tryseqlock(s))
CALL(write_sequnlock, seqlock_t, write_sequnlock(s))
CALL(write_seqlock_irq, seqlock_t, write_seqlock_irq(s))
CALL(write_sequnlock_irq, seqlock_t, write_sequnlock_irq(s))
CALL(write_seqlock_irqsave, seqlock_t, write_seqlock_irqsave(s, flags))
CALL(write_sequnlock_irqrestore, seqlock_t, write_sequnlock_irqrestore(s, flags))
CALL(write_seqlock_bh, seqlock_t, write_seqlock_bh(s))
CALL(write_sequnlock_bh, seqlock_t, write_sequnlock_bh(s))
CALL(read_seqlock_excl, seqlock_t, read_seqlock_excl(s))
CALL(read_sequnlock_excl, seqlock_t, read_sequnlock_excl(s))
CALL(read_seqlock_excl_irq, seqlock_t, read_seqlock_excl_irq(s))
CALL(read_sequnlock_excl_irq, seqlock_t, read_sequnlock_excl_irq(s))
CALL(read_seqlock_excl_irqsave, seqlock_t, read_seqlock_excl_irqsave(s, flags))
CALL(read_sequnlock_excl_irqrestore, seqlock_t, read_sequnlock_excl_irqrestore(s, flags))
CALL(read_seqlock_excl_bh, seqlock_t, read_seqlock_excl_bh(s))
CALL(read_sequnlock_excl_bh, seqlock_t, read_sequnlock_excl_bh(s))

/* Calls that take the lock if `seq` is odd: each way by itself. */
CALL(read_seqbegin_or_lock, seqlock_t, int seq = 0; read_seqbegin_or_lock(s, &seq); result = (unsigned)seq)
CALL(read_seqbegin_or_lock__odd, seqlock_t, int seq = 1; read_seqbegin_or_lock(s, &seq))
CALL(need_seqretry, seqlock_t, result = (unsigned)need_seqretry(s, (int)(start & ~1U)))
CALL(need_seqretry__odd, seqlock_t, result = (unsigned)need_seqretry(s, 1))
CALL(done_seqretry, seqlock_t, done_seqretry(s, 2))
CALL(done_seqretry__odd, seqlock_t, done_seqretry(s, 1))
CALL(read_seqbegin_or_lock_irqsave, seqlock_t, int seq = 0; flags = read_seqbegin_or_lock_irqsave(s, &seq);
     result = (unsigned)seq)
CALL(read_seqbegin_or_lock_irqsave__odd, seqlock_t, int seq = 1;
     flags = read_seqbegin_or_lock_irqsave(s, &seq))
CALL(done_seqretry_irqrestore, seqlock_t, done_seqretry_irqrestore(s, 2, flags))
CALL(done_seqretry_irqrestore__odd, seqlock_t, done_seqretry_irqrestore(s, 1, flags))

/* The steps of scoped_seqlock_read: its begin, and what comes after an attempt. */
CALL(scoped_seqlock_read, seqlock_t, struct tearfree_scope scope = tearfree_scope_begin(s);
     result = scope.start)

static inline unsigned scope_next(seqlock_t *s, unsigned start, enum ss_state state, enum ss_state target)
{
	struct tearfree_scope scope = { s, state, start, 0 };

	tearfree_scope_next(&scope, target);
	return (unsigned)scope.state;
}

CALL(ss_lock, seqlock_t, result = scope_next(s, 0, ss_lock, ss_lock))
CALL(ss_lock_irqsave, seqlock_t, result = scope_next(s, 0, ss_lock_irqsave, ss_lock_irqsave))
CALL(ss_lockless, seqlock_t, result = scope_next(s, start, ss_lockless, ss_lockless))
CALL(ss_lockless__to_lock, seqlock_t, result = scope_next(s, start, ss_lockless, ss_lock))
CALL(ss_lockless__to_lock_irqsave, seqlock_t,
     result = scope_next(s, start, ss_lockless, ss_lock_irqsave))
