/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The calls that block signals: a signal raised inside arrives at the end, and not before. */
#define _GNU_SOURCE 1
#include <linux/seqlock.h>
#include <signal.h>

#include "test.h"

static DEFINE_SEQLOCK(lock);

/* SIGALRM is a bottom half by default, SIGUSR1 is not. */
static void count_both(void)
{
	count_signal(SIGUSR1);
	count_signal(SIGALRM);
	CHECK(!spin_is_locked(&lock.lock));
}

/* Checks that the open section blocks a signal. */
static void check_blocked(int number)
{
	raise(number);
	CHECK(!came(number));
}

static void check_delivered(int number)
{
	raise(number);
	CHECK(came(number));
}

/* One section: both signals are blocked in it, and arrive at its end. */
#define SECTION(begin, end, writes)                                                                \
	do {                                                                                       \
		unsigned before = raw_read_seqcount(&lock.seqcount);                               \
		count_both();                                                                      \
		begin;                                                                             \
		CHECK(spin_is_locked(&lock.lock));                                                 \
		CHECK(raw_read_seqcount(&lock.seqcount) == before + (writes));                     \
		check_blocked(SIGUSR1);                                                                   \
		check_blocked(SIGALRM);                                                                   \
		end;                                                                               \
		CHECK(came(SIGUSR1) && came(SIGALRM) && !spin_is_locked(&lock.lock));              \
		CHECK(raw_read_seqcount(&lock.seqcount) == before + 2 * (writes));                 \
	} while (0)

#define SECTION_BH(begin, end)                                                                     \
	do {                                                                                       \
		count_both();                                                                      \
		begin;                                                                             \
		CHECK(spin_is_locked(&lock.lock));                                                 \
		check_delivered(SIGUSR1);                                                                    \
		check_blocked(SIGALRM);                                                                   \
		end;                                                                               \
		CHECK(came(SIGALRM) && !spin_is_locked(&lock.lock));                               \
	} while (0)

TEST(write_seqlock_irq)
{
	SECTION(write_seqlock_irq(&lock), write_sequnlock_irq(&lock), 1);
}

TEST(write_sequnlock_irq)
{
	/* As in the kernel, its end unblocks everything, whatever was before. */
	count_both();
	local_irq_disable();
	write_seqlock_irq(&lock);
	write_sequnlock_irq(&lock);
	check_delivered(SIGUSR1);
}

TEST(write_seqlock_irqsave)
{
	unsigned long flags;

	SECTION(write_seqlock_irqsave(&lock, flags), write_sequnlock_irqrestore(&lock, flags), 1);
}

TEST(write_sequnlock_irqrestore)
{
	unsigned long outer, flags;

	count_both();
	local_irq_save(outer);
	write_seqlock_irqsave(&lock, flags);
	write_sequnlock_irqrestore(&lock, flags);
	check_blocked(SIGUSR1);
	local_irq_restore(outer);
	CHECK(came(SIGUSR1));
}

TEST(write_seqlock_bh)
{
	SECTION_BH(write_seqlock_bh(&lock), write_sequnlock_bh(&lock));
}

TEST(write_sequnlock_bh)
{
	/* Sections of bottom halves nest. */
	count_both();
	local_bh_disable();
	write_seqlock_bh(&lock);
	write_sequnlock_bh(&lock);
	check_blocked(SIGALRM);
	/* The end of an inner _irq section leaves bottom halves disabled. */
	write_seqlock_irq(&lock);
	check_blocked(SIGUSR1);
	write_sequnlock_irq(&lock);
	CHECK(came(SIGUSR1) && !came(SIGALRM));
	local_bh_enable();
	CHECK(came(SIGALRM));
}

TEST(read_seqlock_excl_irq)
{
	SECTION(read_seqlock_excl_irq(&lock), read_sequnlock_excl_irq(&lock), 0);
}

TEST(read_sequnlock_excl_irq)
{
	count_both();
	read_seqlock_excl_irq(&lock);
	read_sequnlock_excl_irq(&lock);
	check_delivered(SIGUSR1);
}

TEST(read_seqlock_excl_irqsave)
{
	unsigned long flags;

	SECTION(read_seqlock_excl_irqsave(&lock, flags),
		read_sequnlock_excl_irqrestore(&lock, flags), 0);
}

TEST(read_sequnlock_excl_irqrestore)
{
	unsigned long outer, flags;

	count_both();
	local_irq_save(outer);
	read_seqlock_excl_irqsave(&lock, flags);
	read_sequnlock_excl_irqrestore(&lock, flags);
	check_blocked(SIGUSR1);
	local_irq_restore(outer);
	CHECK(came(SIGUSR1));
}

TEST(read_seqlock_excl_bh)
{
	SECTION_BH(read_seqlock_excl_bh(&lock), read_sequnlock_excl_bh(&lock));
}

TEST(read_sequnlock_excl_bh)
{
	count_both();
	read_seqlock_excl_bh(&lock);
	read_sequnlock_excl_bh(&lock);
	check_delivered(SIGALRM);
}

TEST(read_seqbegin_irqsave)
{
	unsigned long flags;
	unsigned seq;

	count_both();
	do {
		seq = read_seqbegin_irqsave(&lock, flags);
		check_blocked(SIGUSR1);
	} while (read_seqretry_irqrestore(&lock, seq, flags));
	CHECK(came(SIGUSR1));
}

TEST(read_seqretry_irqrestore)
{
	unsigned long flags;
	unsigned seq;

	count_both();
	local_irq_save(flags);
	seq = read_seqbegin(&lock);
	write_seqlock(&lock);
	write_sequnlock(&lock);
	CHECK(read_seqretry_irqrestore(&lock, seq, flags));
	check_delivered(SIGUSR1);
}

static void *write_once(void *nothing)
{
	write_seqlock(&lock);
	write_sequnlock(&lock);
	return nothing;
}

/* The loop with a writer in between, so that the second pass holds the lock and blocks signals. */
static void second_pass_is_locked(void)
{
	unsigned long flags;
	int seq = 0, passes = 0;

	count_both();
	do {
		flags = read_seqbegin_or_lock_irqsave(&lock, &seq);
		if (passes++ == 0) {
			check_delivered(SIGUSR1);
			in_another_thread(write_once, NULL);
		} else {
			check_blocked(SIGUSR1);
		}
		if (!need_seqretry(&lock, seq))
			break;
		seq = 1;
	} while (true);
	done_seqretry_irqrestore(&lock, seq, flags);
	CHECK(passes == 2 && came(SIGUSR1) && !spin_is_locked(&lock.lock));
}

TEST(read_seqbegin_or_lock_irqsave)
{
	second_pass_is_locked();
}

TEST(done_seqretry_irqrestore)
{
	unsigned long flags;
	int seq = 0;

	second_pass_is_locked();
	flags = read_seqbegin_or_lock_irqsave(&lock, &seq);
	done_seqretry_irqrestore(&lock, seq, flags);
	check_delivered(SIGUSR1);
}

TEST(ss_lock_irqsave)
{
	int passes = 0;

	count_both();
	scoped_seqlock_read(&lock, ss_lock_irqsave) {
		if (passes++ == 0) {
			check_delivered(SIGUSR1);
			in_another_thread(write_once, NULL);
		} else {
			check_blocked(SIGUSR1);
		}
	}
	CHECK(passes == 2 && came(SIGUSR1) && !spin_is_locked(&lock.lock));
}
