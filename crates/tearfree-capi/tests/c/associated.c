/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The counts that belong to a lock, with every call of seqcount_t. */
#include <linux/seqlock.h>

#include "test.h"

/* All calls on a count of one kind; `take` and `release` are its lock's. */
#define EVERY_CALL(kind, lock_type, unlocked, zero, take, release)                                    \
	static void every_call_of_##kind(void)                                                     \
	{                                                                                          \
		static lock_type lock = unlocked;                                                  \
		static kind##_t count = zero(count, &lock);                                        \
		const kind##_t *reader = &count;                                                   \
		unsigned start = read_seqcount_begin(reader), other;                               \
                                                                                                   \
		CHECK(start == 0 && raw_read_seqcount_begin(reader) == 0);                         \
		CHECK(__read_seqcount_begin(reader) == 0 && raw_read_seqcount(reader) == 0);       \
		take(&lock);                                                                       \
		write_seqcount_begin(&count);                                                      \
		CHECK(!raw_seqcount_try_begin(reader, other) && other == 1);                       \
		CHECK(raw_seqcount_begin(reader) == 0 && read_seqcount_retry(reader, start));      \
		write_seqcount_end(&count);                                                        \
		raw_write_seqcount_begin(&count);                                                  \
		raw_write_seqcount_end(&count);                                                    \
		raw_write_seqcount_barrier(&count);                                                \
		write_seqcount_invalidate(&count);                                                 \
		release(&lock);                                                                       \
		smp_rmb();                                                                         \
		CHECK(!__read_seqcount_retry(reader, 8U));                                         \
		kind##_init(&count, &lock);                                                        \
		CHECK(count.seqcount.sequence == 0);                                               \
	}

EVERY_CALL(seqcount_raw_spinlock, raw_spinlock_t, __RAW_SPIN_LOCK_UNLOCKED(lock),
	   SEQCNT_RAW_SPINLOCK_ZERO, raw_spin_lock, raw_spin_unlock)
EVERY_CALL(seqcount_spinlock, spinlock_t, __SPIN_LOCK_UNLOCKED(lock), SEQCNT_SPINLOCK_ZERO, spin_lock,
	   spin_unlock)
EVERY_CALL(seqcount_rwlock, rwlock_t, __RW_LOCK_UNLOCKED(lock), SEQCNT_RWLOCK_ZERO, write_lock,
	   write_unlock)
EVERY_CALL(seqcount_mutex, struct mutex, __MUTEX_INITIALIZER(lock), SEQCNT_MUTEX_ZERO, mutex_lock,
	   mutex_unlock)

TEST(seqcount_raw_spinlock_t)
{
	every_call_of_seqcount_raw_spinlock();
}

TEST(seqcount_spinlock_t)
{
	every_call_of_seqcount_spinlock();
}

TEST(seqcount_rwlock_t)
{
	every_call_of_seqcount_rwlock();
}

TEST(seqcount_mutex_t)
{
	every_call_of_seqcount_mutex();
}

TEST(seqcount_raw_spinlock_init)
{
	raw_spinlock_t lock;
	seqcount_raw_spinlock_t count = { { 7 } };

	raw_spin_lock_init(&lock);
	seqcount_raw_spinlock_init(&count, &lock);
	CHECK(read_seqcount_begin(&count) == 0);
}

TEST(seqcount_spinlock_init)
{
	spinlock_t lock;
	seqcount_spinlock_t count = { { 7 } };

	spin_lock_init(&lock);
	seqcount_spinlock_init(&count, &lock);
	CHECK(read_seqcount_begin(&count) == 0);
}

TEST(seqcount_rwlock_init)
{
	rwlock_t lock;
	seqcount_rwlock_t count = { { 7 } };

	rwlock_init(&lock);
	seqcount_rwlock_init(&count, &lock);
	CHECK(read_seqcount_begin(&count) == 0);
}

TEST(seqcount_mutex_init)
{
	struct mutex lock;
	seqcount_mutex_t count = { { 7 } };

	mutex_init(&lock);
	seqcount_mutex_init(&count, &lock);
	CHECK(read_seqcount_begin(&count) == 0);
}

TEST(SEQCNT_RAW_SPINLOCK_ZERO)
{
	static DEFINE_RAW_SPINLOCK(lock);
	static const seqcount_raw_spinlock_t count = SEQCNT_RAW_SPINLOCK_ZERO(count, &lock);

	CHECK(read_seqcount_begin(&count) == 0 && !raw_spin_is_locked(&lock));
}

TEST(SEQCNT_SPINLOCK_ZERO)
{
	static DEFINE_SPINLOCK(lock);
	static const seqcount_spinlock_t count = SEQCNT_SPINLOCK_ZERO(count, &lock);

	CHECK(read_seqcount_begin(&count) == 0 && !spin_is_locked(&lock));
}

TEST(SEQCNT_RWLOCK_ZERO)
{
	static DEFINE_RWLOCK(lock);
	static const seqcount_rwlock_t count = SEQCNT_RWLOCK_ZERO(count, &lock);

	CHECK(read_seqcount_begin(&count) == 0 && read_trylock(&lock));
	read_unlock(&lock);
}

TEST(SEQCNT_MUTEX_ZERO)
{
	static DEFINE_MUTEX(lock);
	static const seqcount_mutex_t count = SEQCNT_MUTEX_ZERO(count, &lock);

	CHECK(read_seqcount_begin(&count) == 0 && mutex_trylock(&lock));
	mutex_unlock(&lock);
}
