/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The calls that keep signals out: what is raised inside comes at the end, and not before. */
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

/* The section that is open keeps this signal out. */
static void is_out(int number)
{
	raise(number);
	CHECK(!came(number));
}

static void is_in(int number)
{
	raise(number);
	CHECK(came(number));
}

/* One section: what is out in it, and comes at its end. */
#define SECTION(begin, end, writes)                                                                \
	do {                                                                                       \
		unsigned before = raw_read_seqcount(&lock.seqcount);                               \
		count_both();                                                                      \
		begin;                                                                             \
		CHECK(spin_is_locked(&lock.lock));                                                 \
		CHECK(raw_read_seqcount(&lock.seqcount) == before + (writes));                     \
		is_out(SIGUSR1);                                                                   \
		is_out(SIGALRM);                                                                   \
		end;                                                                               \
		CHECK(came(SIGUSR1) && came(SIGALRM) && !spin_is_locked(&lock.lock));              \
		CHECK(raw_read_seqcount(&lock.seqcount) == before + 2 * (writes));                 \
	} while (0)

#define SECTION_BH(begin, end)                                                                     \
	do {                                                                                       \
		count_both();                                                                      \
		begin;                                                                             \
		CHECK(spin_is_locked(&lock.lock));                                                 \
		is_in(SIGUSR1);                                                                    \
		is_out(SIGALRM);                                                                   \
		end;                                                                               \
		CHECK(came(SIGALRM) && !spin_is_locked(&lock.lock));                               \
	} while (0)

TEST(write_seqlock_irq)
{
	SECTION(write_seqlock_irq(&lock), write_sequnlock_irq(&lock), 1);
}

TEST(write_sequnlock_irq)
{
	/* Its end lets everything in, whatever was before, as in the kernel. */
	count_both();
	local_irq_disable();
	write_seqlock_irq(&lock);
	write_sequnlock_irq(&lock);
	is_in(SIGUSR1);
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
	is_out(SIGUSR1);
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
	is_out(SIGALRM);
	/* An inner section that lets everything in leaves bottom halves out. */
	write_seqlock_irq(&lock);
	is_out(SIGUSR1);
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
	is_in(SIGUSR1);
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
	is_out(SIGUSR1);
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
	is_in(SIGALRM);
}

TEST(read_seqbegin_irqsave)
{
	unsigned long flags;
	unsigned seq;

	count_both();
	do {
		seq = read_seqbegin_irqsave(&lock, flags);
		is_out(SIGUSR1);
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
	is_in(SIGUSR1);
}

static void *write_once(void *nothing)
{
	write_seqlock(&lock);
	write_sequnlock(&lock);
	return nothing;
}

/* The loop with a writer between, so that the second pass has the lock and no signals. */
static void second_pass_is_locked(void)
{
	unsigned long flags;
	int seq = 0, passes = 0;

	count_both();
	do {
		flags = read_seqbegin_or_lock_irqsave(&lock, &seq);
		if (passes++ == 0) {
			is_in(SIGUSR1);
			in_another_thread(write_once, NULL);
		} else {
			is_out(SIGUSR1);
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
	is_in(SIGUSR1);
}

TEST(ss_lock_irqsave)
{
	int passes = 0;

	count_both();
	scoped_seqlock_read(&lock, ss_lock_irqsave) {
		if (passes++ == 0) {
			is_in(SIGUSR1);
			in_another_thread(write_once, NULL);
		} else {
			is_out(SIGUSR1);
		}
	}
	CHECK(passes == 2 && came(SIGUSR1) && !spin_is_locked(&lock.lock));
}
