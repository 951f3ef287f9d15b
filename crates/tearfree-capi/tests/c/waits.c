/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Waiting for a write or for a lock sleeps: it takes little processor time, however long it lasts. */
#define _GNU_SOURCE 1
#include <linux/seqlock.h>
#include <time.h>

#include "test.h"

/* How long the holder keeps a waiter waiting, and the most processor time that the waiter may take. */
enum { HELD_MS = 400, MOST_MS = 50 };

struct wait {
	seqlock_t lock;
	int is_held, begins;
	void (*call)(seqlock_t *lock);
};

static void begin_to_read(seqlock_t *lock)
{
	read_seqbegin(lock);
}

static void begin_to_write(seqlock_t *lock)
{
	write_seqlock(lock);
	write_sequnlock(lock);
}

static void *hold(void *argument)
{
	struct wait *wait = (struct wait *)argument;
	struct timespec left = { 0, HELD_MS * 1000000L };

	write_seqlock(&wait->lock);
	__atomic_store_n(&wait->is_held, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&wait->begins, __ATOMIC_ACQUIRE))
		cpu_relax();
	nanosleep(&left, NULL);
	__atomic_store_n(&wait->is_held, 0, __ATOMIC_RELEASE);
	write_sequnlock(&wait->lock);
	return NULL;
}

static long processor_time_ms(void)
{
	struct timespec time;

	CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0);
	return (long)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void *wait_for_it(void *argument)
{
	struct wait *wait = (struct wait *)argument;
	long before;

	while (!__atomic_load_n(&wait->is_held, __ATOMIC_ACQUIRE))
		cpu_relax();
	before = processor_time_ms();
	__atomic_store_n(&wait->begins, 1, __ATOMIC_RELEASE);
	wait->call(&wait->lock);
	CHECK(!__atomic_load_n(&wait->is_held, __ATOMIC_ACQUIRE));
	CHECK(processor_time_ms() - before < MOST_MS);
	return NULL;
}

static void sleeps_until_the_write_has_ended(void (*call)(seqlock_t *lock))
{
	struct wait wait = { __SEQLOCK_UNLOCKED(wait.lock), 0, 0, call };

	at_the_same_time(hold, wait_for_it, &wait);
	CHECK(read_seqbegin(&wait.lock) >= 2);
}

TEST(a_reader_sleeps)
{
	sleeps_until_the_write_has_ended(begin_to_read);
}

TEST(a_writer_sleeps)
{
	sleeps_until_the_write_has_ended(begin_to_write);
}
