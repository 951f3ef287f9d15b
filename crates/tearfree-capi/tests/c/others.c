/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The small calls around the sequence locks: accesses, barriers, locks, contexts, errors. */
#define _GNU_SOURCE 1
#include <linux/mutex.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <signal.h>
#include <string.h>
#include <tearfree.h>

#include "test.h"

enum colour { RED, BLUE };

static const int constant = 3;
static volatile long moving;
static double real;
static bool flag;
static enum colour colour;
static int *pointer;
static u8 small;
static u64 large;

TEST(READ_ONCE)
{
	const u64 *behind = &large;

	large = 1ULL << 40;
	moving = 4;
	real = 0;
	flag = false;
	pointer = NULL;
	CHECK(READ_ONCE(constant) == 3 && READ_ONCE(moving) == 4 && READ_ONCE(*behind) == 1ULL << 40);
	CHECK(READ_ONCE(pointer) == NULL && READ_ONCE(real) == 0 && !READ_ONCE(flag));
}

TEST(WRITE_ONCE)
{
	int here = 0;

	WRITE_ONCE(moving, 5);
	WRITE_ONCE(real, 1.5);
	WRITE_ONCE(flag, true);
	WRITE_ONCE(colour, BLUE);
	WRITE_ONCE(pointer, &here);
	WRITE_ONCE(small, 255);
	WRITE_ONCE(here, READ_ONCE(constant));
	CHECK(moving == 5 && real == 1.5 && flag && colour == BLUE && *pointer == 3 && small == 255);
	WRITE_ONCE(pointer, NULL);
	CHECK(pointer == NULL);
}

TEST(smp_rmb)
{
	smp_rmb();
	smp_wmb();
	smp_mb();
	cpu_relax();
	smp_store_release(&large, 7U);
	CHECK(smp_load_acquire(&large) == 7);
}

/* A flag publishes plain data by the barriers alone; a sanitizer that does not know them reports a race. */
static long published;
static int is_published;

static void *publish(void *nothing)
{
	published = 5;
	smp_wmb();
	WRITE_ONCE(is_published, 1);
	return nothing;
}

static void *await_published(void *nothing)
{
	while (!READ_ONCE(is_published))
		cpu_relax();
	smp_rmb();
	CHECK(published == 5);
	return nothing;
}

TEST(smp_wmb)
{
	at_the_same_time(publish, await_published, NULL);
}

TEST(types)
{
	CHECK(sizeof(u8) == 1 && sizeof(u16) == 2 && sizeof(u32) == 4 && sizeof(u64) == 8);
	CHECK((s8)-1 < 0 && (s16)-1 < 0 && (s32)-1 < 0 && (s64)-1 < 0);
	CHECK(sizeof(__u32) == 4); /* of the system's own <linux/types.h> */
}

/* Each lock protects a plain sum to which two threads add. */
enum { TIMES = 200000 };

static DEFINE_SPINLOCK(spin);
static DEFINE_RAW_SPINLOCK(raw_spin);
static DEFINE_MUTEX(mutex);
static DEFINE_RWLOCK(rwlock);
static long sum;

#define ADDER(name, take, give)                                                                    \
	static void *name(void *nothing)                                                           \
	{                                                                                          \
		int i;                                                                             \
                                                                                                   \
		for (i = 0; i < TIMES; i++) {                                                      \
			take;                                                                      \
			sum++;                                                                     \
			give;                                                                      \
		}                                                                                  \
		return nothing;                                                                    \
	}

ADDER(add_spin, spin_lock(&spin), spin_unlock(&spin))
ADDER(add_raw_spin, raw_spin_lock(&raw_spin), raw_spin_unlock(&raw_spin))
ADDER(add_mutex, mutex_lock(&mutex), mutex_unlock(&mutex))
ADDER(add_rwlock, write_lock(&rwlock), write_unlock(&rwlock))
ADDER(add_trying, while (!spin_trylock(&spin)) cpu_relax(), spin_unlock(&spin))
ADDER(add_trying_mutex, while (!mutex_trylock(&mutex)) cpu_relax(), mutex_unlock(&mutex))
ADDER(add_trying_rwlock, while (!write_trylock(&rwlock)) cpu_relax(), write_unlock(&rwlock))

static void no_addition_is_lost(void *(*one)(void *), void *(*other)(void *))
{
	sum = 0;
	at_the_same_time(one, other, NULL);
	CHECK(sum == 2 * TIMES);
}

TEST(spin_lock)
{
	no_addition_is_lost(add_spin, add_trying);
	CHECK(!spin_is_locked(&spin));
}

TEST(raw_spin_lock)
{
	no_addition_is_lost(add_raw_spin, add_raw_spin);
	CHECK(raw_spin_trylock(&raw_spin) && !raw_spin_trylock(&raw_spin));
	raw_spin_unlock(&raw_spin);
}

TEST(mutex_lock)
{
	no_addition_is_lost(add_mutex, add_trying_mutex);
	CHECK(mutex_trylock(&mutex) && !mutex_trylock(&mutex));
	mutex_unlock(&mutex);
}

TEST(write_lock)
{
	no_addition_is_lost(add_rwlock, add_trying_rwlock);
}

TEST(read_lock)
{
	read_lock(&rwlock);
	CHECK(read_trylock(&rwlock) && !write_trylock(&rwlock));
	read_unlock(&rwlock);
	read_unlock(&rwlock);
	CHECK(write_trylock(&rwlock) && !read_trylock(&rwlock));
	write_unlock(&rwlock);
}

TEST(spin_lock_contexts)
{
	unsigned long flags;

	count_signal(SIGALRM);
	spin_lock_irqsave(&spin, flags);
	raw_spin_lock_irqsave(&raw_spin, flags);
	raw_spin_unlock_irqrestore(&raw_spin, flags);
	raise(SIGALRM);
	CHECK(!came(SIGALRM));
	spin_unlock_irq(&spin);
	CHECK(came(SIGALRM));
	spin_lock_bh(&spin);
	raw_spin_lock_bh(&raw_spin);
	raw_spin_unlock_bh(&raw_spin);
	raise(SIGALRM);
	CHECK(!came(SIGALRM));
	spin_unlock_bh(&spin);
	CHECK(came(SIGALRM));
	spin_lock_irq(&spin);
	spin_unlock_irq(&spin);
	raw_spin_lock_irq(&raw_spin);
	raw_spin_unlock_irq(&raw_spin);
	spin_lock_irqsave(&spin, flags);
	spin_unlock_irqrestore(&spin, flags);
}

TEST(tearfree_set_bottom_half_signals)
{
	const int chosen[] = { SIGUSR2 }, wrong[] = { SIGUSR1, 65 };

	count_signal(SIGUSR2);
	CHECK(tearfree_set_bottom_half_signals(chosen, 1) == TEARFREE_OK);
	local_bh_disable();
	raise(SIGUSR2);
	CHECK(!came(SIGUSR2));
	local_bh_enable();
	CHECK(came(SIGUSR2));
	CHECK(tearfree_set_bottom_half_signals(wrong, 2) == TEARFREE_ERROR_SIGNAL);
	CHECK(strstr(tearfree_last_error(), "65 is not a signal number") != NULL);
	CHECK(tearfree_set_bottom_half_signals(NULL, 0) == TEARFREE_OK);
}

static void *has_no_error(void *nothing)
{
	CHECK(tearfree_last_error()[0] == '\0');
	return nothing;
}

TEST(tearfree_last_error)
{
	const int wrong = 0;

	CHECK(tearfree_set_bottom_half_signals(&wrong, 1) == TEARFREE_ERROR_SIGNAL);
	in_another_thread(has_no_error, NULL);
	CHECK(strstr(tearfree_last_error(), "0 is not a signal number") != NULL);
}

TEST(tearfree_error_text)
{
	CHECK(strcmp(tearfree_error_text(TEARFREE_OK), "no error") == 0);
	CHECK(strstr(tearfree_error_text(TEARFREE_ERROR_SIGNAL), "signal") != NULL);
	CHECK(strstr(tearfree_error_text(-1), "not an error number") != NULL);
}
