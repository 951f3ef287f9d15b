/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the headers do when a count is odd or a lock is taken, with functions of this program in place of the
 * library's: each contended call waits once more than needed, and finds the count or lock as it has to.
 */
#include <linux/seqlock.h>

#include "check.h"

static unsigned *awaited;
static int waits, contended;

/* The write ends, and another one has begun on return; only after the second wait there is none. */
void tearfree_seqcount_wait(const unsigned *sequence)
{
	CHECK(sequence == awaited);
	*awaited += waits++ == 0 ? 2 : 1;
}

/* The holder releases the lock, and it is taken here. */
void tearfree_spin_lock_contended(unsigned char *taken)
{
	CHECK(*taken == 1);
	contended++;
}

/* Contexts are not under test here. */
unsigned long tearfree_irq_save(void)
{
	return 0;
}

void tearfree_irq_restore(unsigned long flags)
{
	CHECK(flags == 0);
}

void tearfree_irq_disable(void)
{
}

void tearfree_irq_enable(void)
{
}

void tearfree_bh_disable(void)
{
}

void tearfree_bh_enable(void)
{
}

/* A reader that begins during a write begins again until the count is even. */
#define BEGINS_AFTER_THE_LAST_WRITE(type, count_of, call)                                          \
	do {                                                                                       \
		type shared = { 0 };                                                               \
		awaited = &(count_of)->sequence;                                                   \
		*awaited = 5;                                                                      \
		waits = 0;                                                                         \
		CHECK((call) == 8 && waits == 2);                                                  \
		CHECK((call) == 8 && waits == 2);                                                  \
	} while (0)

static void readers_wait_for_the_last_write(void)
{
	unsigned long flags;
	int seq = 0;

	BEGINS_AFTER_THE_LAST_WRITE(seqcount_t, &shared, read_seqcount_begin(&shared));
	BEGINS_AFTER_THE_LAST_WRITE(seqcount_mutex_t, &shared.seqcount, raw_read_seqcount_begin(&shared));
	BEGINS_AFTER_THE_LAST_WRITE(seqcount_rwlock_t, &shared.seqcount, __read_seqcount_begin(&shared));
	BEGINS_AFTER_THE_LAST_WRITE(seqlock_t, &shared.seqcount.seqcount, read_seqbegin(&shared));
	BEGINS_AFTER_THE_LAST_WRITE(seqlock_t, &shared.seqcount.seqcount,
				    read_seqbegin_irqsave(&shared, flags));
	BEGINS_AFTER_THE_LAST_WRITE(seqlock_t, &shared.seqcount.seqcount,
				    (read_seqbegin_or_lock(&shared, &seq), (unsigned)seq));
	(void)flags;
}

/* These return an odd count as it is, or say so, and never wait. */
static void other_readers_never_wait(void)
{
	seqcount_t count = { 5 };
	seqcount_latch_t latch = { { 5 } };
	unsigned start = 0;

	waits = 0;
	CHECK(raw_read_seqcount(&count) == 5);
	CHECK(raw_seqcount_begin(&count) == 4);
	CHECK(!raw_seqcount_try_begin(&count, start) && start == 5);
	CHECK(read_seqcount_latch(&latch) == 5 && raw_read_seqcount_latch(&latch) == 5);
	CHECK(waits == 0);
}

/* A free lock is taken without a wait, a taken one with one wait; trying never waits. */
#define WAITS_ONCE(lock_byte, take, try)                                                           \
	do {                                                                                       \
		contended = 0;                                                                     \
		(lock_byte) = 0;                                                                   \
		take;                                                                              \
		CHECK((lock_byte) == 1 && contended == 0);                                         \
		take;                                                                              \
		CHECK((lock_byte) == 1 && contended == 1);                                         \
		CHECK(!(try) && (lock_byte) == 1 && contended == 1);                               \
	} while (0)

static void writers_wait_for_the_lock(void)
{
	spinlock_t spin = __SPIN_LOCK_UNLOCKED(spin);
	raw_spinlock_t raw = __RAW_SPIN_LOCK_UNLOCKED(raw);
	seqlock_t lock = __SEQLOCK_UNLOCKED(lock);

	WAITS_ONCE(spin.rlock.taken, spin_lock(&spin), spin_trylock(&spin));
	WAITS_ONCE(raw.taken, raw_spin_lock(&raw), raw_spin_trylock(&raw));
	WAITS_ONCE(lock.lock.rlock.taken, read_seqlock_excl(&lock), write_tryseqlock(&lock));
	CHECK(lock.seqcount.seqcount.sequence == 0);
}

int main(void)
{
	readers_wait_for_the_last_write();
	other_readers_never_wait();
	writers_wait_for_the_lock();
	return 0;
}
