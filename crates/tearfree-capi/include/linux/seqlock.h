/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The sequence locks of the Linux kernel, for programs: the kernel's names, types and calls.
 *
 *	writer					reader
 *	write_seqlock(&lock);			do {
 *	WRITE_ONCE(a, 1);				seq = read_seqbegin(&lock);
 *	WRITE_ONCE(b, 2);				copy_a = READ_ONCE(a);
 *	write_sequnlock(&lock);				copy_b = READ_ONCE(b);
 *						} while (read_seqretry(&lock, seq));
 *
 * C11 to C23 and C++17 and later, with gcc or clang; link with -ltearfree. Interrupts are the signals of
 * the thread: `_irq` and `_irqsave` block all asynchronous ones, `_bh` those that the program chooses
 * (<linux/bottom_half.h>).
 *
 * Data read without READ_ONCE or written without WRITE_ONCE works as in the kernel, but by the rules of C
 * it is a data race.
 */
#ifndef TEARFREE_LINUX_SEQLOCK_H
#define TEARFREE_LINUX_SEQLOCK_H

#include <asm/barrier.h>
#include <asm/processor.h>
#include <linux/mutex.h>
#include <linux/seqcount.h>
#include <linux/seqcount_latch.h>
#include <linux/seqlock_types.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/*
 * Also for a child that was forked while another thread was in a write section: in the child the count
 * stays odd, the lock stays taken, and readers never return. Write the data again, then call this.
 */
static inline void seqlock_init(seqlock_t *sl)
{
	spin_lock_init(&sl->lock);
	seqcount_spinlock_init(&sl->seqcount, &sl->lock);
}

/* ---- Readers without a lock ---- */

static inline unsigned read_seqbegin(const seqlock_t *sl)
{
	return read_seqcount_begin(&sl->seqcount);
}

/* Not 0: a writer was inside since `start`, so what was read must be discarded. */
static inline int read_seqretry(const seqlock_t *sl, unsigned start)
{
	return read_seqcount_retry(&sl->seqcount, start);
}

static inline int tearfree_read_seqretry_irqrestore(const seqlock_t *sl, unsigned start,
						    unsigned long flags)
{
	int retry = read_seqretry(sl, start);

	local_irq_restore(flags);
	return retry;
}

/* Each attempt runs with signals blocked. */
#define read_seqbegin_irqsave(sl, flags) ((flags) = tearfree_irq_save(), read_seqbegin(sl))
#define read_seqretry_irqrestore(sl, start, flags)                                                 \
	tearfree_read_seqretry_irqrestore(sl, start, flags)

/* ---- Writers ---- */

static inline void write_seqlock(seqlock_t *sl)
{
	spin_lock(&sl->lock);
	write_seqcount_begin(&sl->seqcount);
}

/* Returns 1 if the lock was taken, 0 if another writer or a locking reader holds it. */
static inline int write_tryseqlock(seqlock_t *sl)
{
	if (!spin_trylock(&sl->lock))
		return 0;
	write_seqcount_begin(&sl->seqcount);
	return 1;
}

static inline void write_sequnlock(seqlock_t *sl)
{
	write_seqcount_end(&sl->seqcount);
	spin_unlock(&sl->lock);
}

static inline void write_seqlock_bh(seqlock_t *sl)
{
	spin_lock_bh(&sl->lock);
	write_seqcount_begin(&sl->seqcount);
}

static inline void write_sequnlock_bh(seqlock_t *sl)
{
	write_seqcount_end(&sl->seqcount);
	spin_unlock_bh(&sl->lock);
}

static inline void write_seqlock_irq(seqlock_t *sl)
{
	spin_lock_irq(&sl->lock);
	write_seqcount_begin(&sl->seqcount);
}

static inline void write_sequnlock_irq(seqlock_t *sl)
{
	write_seqcount_end(&sl->seqcount);
	spin_unlock_irq(&sl->lock);
}

static inline unsigned long tearfree_write_seqlock_irqsave(seqlock_t *sl)
{
	unsigned long flags;

	spin_lock_irqsave(&sl->lock, flags);
	write_seqcount_begin(&sl->seqcount);
	return flags;
}

static inline void write_sequnlock_irqrestore(seqlock_t *sl, unsigned long flags)
{
	write_seqcount_end(&sl->seqcount);
	spin_unlock_irqrestore(&sl->lock, flags);
}

#define write_seqlock_irqsave(sl, flags) ((void)((flags) = tearfree_write_seqlock_irqsave(sl)))

/* ---- Locking readers: exclude writers and each other; the count does not change ---- */

static inline void read_seqlock_excl(seqlock_t *sl)
{
	spin_lock(&sl->lock);
}

static inline void read_sequnlock_excl(seqlock_t *sl)
{
	spin_unlock(&sl->lock);
}

static inline void read_seqlock_excl_bh(seqlock_t *sl)
{
	spin_lock_bh(&sl->lock);
}

static inline void read_sequnlock_excl_bh(seqlock_t *sl)
{
	spin_unlock_bh(&sl->lock);
}

static inline void read_seqlock_excl_irq(seqlock_t *sl)
{
	spin_lock_irq(&sl->lock);
}

static inline void read_sequnlock_excl_irq(seqlock_t *sl)
{
	spin_unlock_irq(&sl->lock);
}

#define read_seqlock_excl_irqsave(sl, flags) spin_lock_irqsave(&(sl)->lock, flags)

static inline void read_sequnlock_excl_irqrestore(seqlock_t *sl, unsigned long flags)
{
	spin_unlock_irqrestore(&sl->lock, flags);
}

/* ---- Without the lock first, then with it: an odd *seq asks for the lock ---- */

static inline void read_seqbegin_or_lock(seqlock_t *sl, int *seq)
{
	if (*seq & 1)
		read_seqlock_excl(sl);
	else
		*seq = (int)read_seqbegin(sl);
}

/* Not 0: begin again, with an odd seq. */
static inline int need_seqretry(seqlock_t *sl, int seq)
{
	return !(seq & 1) && read_seqretry(sl, (unsigned)seq);
}

static inline void done_seqretry(seqlock_t *sl, int seq)
{
	if (seq & 1)
		read_sequnlock_excl(sl);
}

static inline unsigned long read_seqbegin_or_lock_irqsave(seqlock_t *sl, int *seq)
{
	unsigned long flags = 0;

	if (*seq & 1)
		read_seqlock_excl_irqsave(sl, flags);
	else
		*seq = (int)read_seqbegin(sl);
	return flags;
}

static inline void done_seqretry_irqrestore(seqlock_t *sl, int seq, unsigned long flags)
{
	if (seq & 1)
		read_sequnlock_excl_irqrestore(sl, flags);
}

#include <linux/seqlock_scoped.h>

#endif
