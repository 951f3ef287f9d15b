// SPDX-License-Identifier: GPL-2.0
/* Reads and writes by the kernel's own sequence locks, on words that the Rust half uses too. Word i of
 * generation g is g * (2 * i + 1), here and in words.rs. */
#include <linux/preempt.h>
#include <linux/processor.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/version.h>

#include "hammer.h"

/* kernel_locks.rs asserts the same layout. */
static_assert(sizeof(struct hammer_shared) == 152);
static_assert(offsetof(struct hammer_shared, count) == 8);
static_assert(offsetof(struct hammer_shared, latch) == 12);
static_assert(offsetof(struct hammer_shared, writers) == 16);
static_assert(offsetof(struct hammer_shared, words) == 24);

static struct hammer_shared shared __aligned(64);

struct hammer_shared *hammer_shared_reset(void)
{
	memset(&shared, 0, sizeof(shared));
	seqlock_init(&shared.lock);
	seqcount_init(&shared.count);
	seqcount_latch_init(&shared.latch);
	spin_lock_init(&shared.writers);
	return &shared;
}

static void store(u64 *words, u64 generation, bool paced)
{
	int i;

	for (i = 0; i < HAMMER_WORDS; i++) {
		/* ORDERING: Relaxed, P1. Payload; the count around `put` carries the order. */
		WRITE_ONCE(words[i], generation * (2 * i + 1));
		if (paced)
			cpu_relax();
	}
}

/* Last word first: in the writer's order a reader would run beside it and never cross it. */
static void load(const u64 *words, u64 *out, bool paced)
{
	int i;

	for (i = HAMMER_WORDS - 1; i >= 0; i--) {
		/* ORDERING: Relaxed, P2. Payload; the fence of the retry comes after `take`. */
		out[i] = READ_ONCE(words[i]);
		if (paced)
			cpu_relax();
	}
}

/* The next generation; the caller holds the writers' lock. */
static u64 next(void)
{
	/* ORDERING: Relaxed, P5. The lock is held, so this is the last writer's word. */
	return READ_ONCE(shared.words[0][0]) + 1;
}

void hammer_seqlock_write(u32 paced)
{
	write_seqlock(&shared.lock);
	store(shared.words[0], next(), paced);
	write_sequnlock(&shared.lock);
}

void hammer_seqlock_write_irqsave(u32 paced)
{
	unsigned long flags;

	write_seqlock_irqsave(&shared.lock, flags);
	hammer_section_begin();
	store(shared.words[0], next(), paced);
	hammer_section_end();
	write_sequnlock_irqrestore(&shared.lock, flags);
}

/* Like all readers here, returns how often it met a writer: a write was under way when it began, or one
 * made it retry. */
u32 hammer_seqlock_read(u64 *words, u32 paced)
{
	u32 met = raw_read_seqcount(&shared.lock.seqcount) & 1;
	unsigned int seq;

	for (;; met++) {
		seq = read_seqbegin(&shared.lock);
		load(shared.words[0], words, paced);
		if (!read_seqretry(&shared.lock, seq))
			return met;
	}
}

void hammer_seqcount_write(u32 paced)
{
	spin_lock(&shared.writers);
	write_seqcount_begin(&shared.count);
	store(shared.words[0], next(), paced);
	write_seqcount_end(&shared.count);
	spin_unlock(&shared.writers);
}

u32 hammer_seqcount_read(u64 *words, u32 paced)
{
	u32 met = raw_read_seqcount(&shared.count) & 1;
	unsigned int seq;

	for (;; met++) {
		seq = read_seqcount_begin(&shared.count);
		load(shared.words[0], words, paced);
		if (!read_seqcount_retry(&shared.count, seq))
			return met;
	}
}

void hammer_latch_write(u32 paced)
{
	u64 generation;

	spin_lock(&shared.writers);
	generation = next();
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	write_seqcount_latch_begin(&shared.latch);
	store(shared.words[0], generation, paced);
	write_seqcount_latch(&shared.latch);
	store(shared.words[1], generation, paced);
	write_seqcount_latch_end(&shared.latch);
#else
	raw_write_seqcount_latch(&shared.latch);
	store(shared.words[0], generation, paced);
	raw_write_seqcount_latch(&shared.latch);
	store(shared.words[1], generation, paced);
#endif
	spin_unlock(&shared.writers);
}

static bool latch_moved(unsigned int seq)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return raw_read_seqcount_latch_retry(&shared.latch, seq);
#else
	return read_seqcount_latch_retry(&shared.latch, seq);
#endif
}

u32 hammer_latch_read(u64 *words, u32 paced)
{
	unsigned int seq;
	u32 retries = 0;

	/* Those of the last attempt are with its caller, which sees the count. */
	for (;; retries++) {
		seq = raw_read_seqcount_latch(&shared.latch);
		load(shared.words[seq & 1], words, paced);
		if (!latch_moved(seq))
			return retries;
	}
}
