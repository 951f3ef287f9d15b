/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * seqcount_latch_t: data in two copies, so that readers never wait, even if they interrupt the writer.
 * Part of <linux/seqlock.h>.
 *
 *	writer, alone				reader
 *	write_seqcount_latch_begin(&latch);	do {
 *	WRITE_ONCE(data[0], value);			seq = read_seqcount_latch(&latch);
 *	write_seqcount_latch(&latch);			copy = READ_ONCE(data[seq & 1]);
 *	WRITE_ONCE(data[1], value);		} while (read_seqcount_latch_retry(&latch, seq));
 *	write_seqcount_latch_end(&latch);
 */
#ifndef TEARFREE_LINUX_SEQCOUNT_LATCH_H
#define TEARFREE_LINUX_SEQCOUNT_LATCH_H

#include <linux/seqcount.h>

#define seqcount_latch_init(s) tearfree_seqcount_init(&(s)->seqcount)

/* Returns the count; its lowest bit is the copy to read. */
static inline unsigned raw_read_seqcount_latch(const seqcount_latch_t *s)
{
	/* ORDERING: P7. Pairs with the store in `raw_write_seqcount_latch`: that copy was whole. */
	return __atomic_load_n(&s->seqcount.sequence, __ATOMIC_ACQUIRE);
}

static inline unsigned read_seqcount_latch(const seqcount_latch_t *s)
{
	return raw_read_seqcount_latch(s);
}

/* Whether a writer changed the count since `start`: then what was read must be discarded. */
static inline int raw_read_seqcount_latch_retry(const seqcount_latch_t *s, unsigned start)
{
	/* ORDERING: P7. Pairs with the fence in `raw_write_seqcount_latch`. */
	TEARFREE_FENCE(__ATOMIC_ACQUIRE);
	return tearfree_read_moved(&s->seqcount, start);
}

static inline int read_seqcount_latch_retry(const seqcount_latch_t *s, unsigned start)
{
	return raw_read_seqcount_latch_retry(s, start);
}

/* Sends readers to the other copy; then the writer may change the one they left. */
static inline void raw_write_seqcount_latch(seqcount_latch_t *s)
{
	/* ORDERING: P7. The copy that readers go to is whole before: `raw_read_seqcount_latch`. */
	__atomic_store_n(&s->seqcount.sequence, tearfree_own(&s->seqcount) + 1, __ATOMIC_RELEASE);
	/* ORDERING: P7. The other one changes after that: `raw_read_seqcount_latch_retry`. */
	TEARFREE_FENCE(__ATOMIC_RELEASE);
}

static inline void write_seqcount_latch_begin(seqcount_latch_t *s)
{
	raw_write_seqcount_latch(s);
}

static inline void write_seqcount_latch(seqcount_latch_t *s)
{
	raw_write_seqcount_latch(s);
}

/* Does nothing: the next write orders the second copy. */
static inline void write_seqcount_latch_end(seqcount_latch_t *s)
{
	(void)s;
}

#endif
