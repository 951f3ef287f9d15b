/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* seqlock_t, call by call, except the contexts. */
#define _GNU_SOURCE 1
#include <linux/seqlock.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static unsigned count_of(const seqlock_t *lock)
{
	return lock->seqcount.seqcount.sequence;
}

static bool is_locked(const seqlock_t *lock)
{
	return spin_is_locked(&lock->lock);
}

TEST(seqlock_t)
{
	seqlock_t lock = __SEQLOCK_UNLOCKED(lock);

	CHECK(sizeof lock == 8 && (char *)&lock.lock - (char *)&lock == 4);
}

TEST(__SEQLOCK_UNLOCKED)
{
	static seqlock_t lock = __SEQLOCK_UNLOCKED(lock);

	CHECK(count_of(&lock) == 0 && !is_locked(&lock));
}

TEST(DEFINE_SEQLOCK)
{
	static DEFINE_SEQLOCK(lock);

	CHECK(count_of(&lock) == 0 && !is_locked(&lock));
}

TEST(seqlock_init)
{
	seqlock_t lock = { { { 7 } }, { { 1 } } };

	seqlock_init(&lock);
	CHECK(count_of(&lock) == 0 && !is_locked(&lock));
}

/* A child that was forked during a write initialises the lock again. */
TEST(seqlock_init_in_a_child)
{
	static DEFINE_SEQLOCK(lock);
	int status = 0;
	pid_t child;

	write_seqlock(&lock);
	child = fork();
	if (child == 0) {
		seqlock_init(&lock);
		write_seqlock(&lock);
		write_sequnlock(&lock);
		_exit(read_seqretry(&lock, read_seqbegin(&lock)) ? 1 : 42);
	}
	write_sequnlock(&lock);
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42);
}

TEST(read_seqbegin)
{
	const seqlock_t lock = { { { 8 } }, __SPIN_LOCK_UNLOCKED(lock) };

	CHECK(read_seqbegin(&lock) == 8);
}

TEST(read_seqretry)
{
	DEFINE_SEQLOCK(lock);
	unsigned seq = read_seqbegin(&lock);

	CHECK(!read_seqretry(&lock, seq));
	write_seqlock(&lock);
	CHECK(read_seqretry(&lock, seq));
	write_sequnlock(&lock);
	CHECK(read_seqretry(&lock, seq));
}

TEST(write_seqlock)
{
	DEFINE_SEQLOCK(lock);

	write_seqlock(&lock);
	CHECK(count_of(&lock) == 1 && is_locked(&lock));
}

TEST(write_sequnlock)
{
	DEFINE_SEQLOCK(lock);

	write_seqlock(&lock);
	write_sequnlock(&lock);
	CHECK(count_of(&lock) == 2 && !is_locked(&lock));
}

static void *try_to_write(void *lock)
{
	CHECK(!write_tryseqlock((seqlock_t *)lock));
	return NULL;
}

TEST(write_tryseqlock)
{
	DEFINE_SEQLOCK(lock);

	CHECK(write_tryseqlock(&lock));
	CHECK(count_of(&lock) == 1);
	in_another_thread(try_to_write, &lock);
	CHECK(count_of(&lock) == 1);
	write_sequnlock(&lock);
}

TEST(read_seqlock_excl)
{
	DEFINE_SEQLOCK(lock);

	read_seqlock_excl(&lock);
	CHECK(count_of(&lock) == 0 && is_locked(&lock));
	in_another_thread(try_to_write, &lock);
}

TEST(read_sequnlock_excl)
{
	DEFINE_SEQLOCK(lock);

	read_seqlock_excl(&lock);
	read_sequnlock_excl(&lock);
	CHECK(count_of(&lock) == 0 && !is_locked(&lock));
}

static void *write_once(void *lock)
{
	write_seqlock((seqlock_t *)lock);
	write_sequnlock((seqlock_t *)lock);
	return NULL;
}

TEST(read_seqbegin_or_lock)
{
	DEFINE_SEQLOCK(lock);
	int seq = 0;

	read_seqbegin_or_lock(&lock, &seq);
	CHECK(seq == 0 && !is_locked(&lock));
	seq = 1;
	read_seqbegin_or_lock(&lock, &seq);
	CHECK(seq == 1 && is_locked(&lock));
}

TEST(need_seqretry)
{
	DEFINE_SEQLOCK(lock);
	int seq = 0;

	read_seqbegin_or_lock(&lock, &seq);
	CHECK(!need_seqretry(&lock, seq));
	in_another_thread(write_once, &lock);
	CHECK(need_seqretry(&lock, seq));
	CHECK(!need_seqretry(&lock, 1));
}

TEST(done_seqretry)
{
	DEFINE_SEQLOCK(lock);
	int seq = 0, passes = 0;

	/* The whole loop: a writer comes in between, so the second pass takes the lock. */
	do {
		read_seqbegin_or_lock(&lock, &seq);
		if (passes++ == 0)
			in_another_thread(write_once, &lock);
		else
			CHECK(is_locked(&lock));
		if (!need_seqretry(&lock, seq))
			break;
		seq = 1;
	} while (true);
	done_seqretry(&lock, seq);
	CHECK(passes == 2 && !is_locked(&lock));
}

TEST(scoped_seqlock_read)
{
	DEFINE_SEQLOCK(lock);
	int passes = 0;

	scoped_seqlock_read(&lock, ss_lock) {
		passes++;
		scoped_seqlock_read(&lock, ss_lockless)
			passes++;
	}
	CHECK(passes == 2 && !is_locked(&lock));
}

TEST(ss_lockless)
{
	DEFINE_SEQLOCK(lock);
	int passes = 0;

	scoped_seqlock_read(&lock, ss_lockless) {
		CHECK(!is_locked(&lock));
		if (passes++ < 3)
			in_another_thread(write_once, &lock);
	}
	CHECK(passes == 4);
}

static bool leaves_while_locked(seqlock_t *lock)
{
	int passes = 0;

	scoped_seqlock_read(lock, ss_lock) {
		if (passes++ == 0)
			in_another_thread(write_once, lock);
		else
			return is_locked(lock);
	}
	return false;
}

TEST(ss_lock)
{
	DEFINE_SEQLOCK(lock);
	int passes = 0;

	scoped_seqlock_read(&lock, ss_lock) {
		CHECK(is_locked(&lock) == (passes == 1));
		if (passes++ == 0)
			in_another_thread(write_once, &lock);
	}
	CHECK(passes == 2 && !is_locked(&lock));
	CHECK(leaves_while_locked(&lock) && !is_locked(&lock));
}
