/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* seqcount_latch_t, call by call. */
#include <linux/seqlock.h>

#include "test.h"

TEST(seqcount_latch_t)
{
	const seqcount_latch_t latch = { { 3 } };

	CHECK(sizeof latch == sizeof(unsigned) && latch.seqcount.sequence == 3);
}

TEST(SEQCNT_LATCH_ZERO)
{
	static const seqcount_latch_t latch = SEQCNT_LATCH_ZERO(latch);

	CHECK(read_seqcount_latch(&latch) == 0);
}

TEST(seqcount_latch_init)
{
	seqcount_latch_t latch = { { 3 } };

	seqcount_latch_init(&latch);
	CHECK(read_seqcount_latch(&latch) == 0);
}

/* At every step of a write a reader finds a complete copy. */
static void a_reader_at_every_step(unsigned (*read)(const seqcount_latch_t *),
				   int (*retry)(const seqcount_latch_t *, unsigned))
{
	seqcount_latch_t latch = SEQCNT_LATCH_ZERO(latch);
	int data[2] = { 1, 1 };
	unsigned before = read(&latch);

	write_seqcount_latch_begin(&latch);
	CHECK(retry(&latch, before));
	WRITE_ONCE(data[0], 2);
	CHECK(READ_ONCE(data[read(&latch) & 1]) == 1);
	write_seqcount_latch(&latch);
	WRITE_ONCE(data[1], 2);
	CHECK(READ_ONCE(data[read(&latch) & 1]) == 2);
	write_seqcount_latch_end(&latch);
	CHECK(READ_ONCE(data[read(&latch) & 1]) == 2);
	CHECK(!retry(&latch, read(&latch)));
}

TEST(read_seqcount_latch)
{
	a_reader_at_every_step(read_seqcount_latch, raw_read_seqcount_latch_retry);
}

TEST(read_seqcount_latch_retry)
{
	a_reader_at_every_step(raw_read_seqcount_latch, read_seqcount_latch_retry);
}

TEST(raw_read_seqcount_latch)
{
	a_reader_at_every_step(raw_read_seqcount_latch, raw_read_seqcount_latch_retry);
}

TEST(raw_read_seqcount_latch_retry)
{
	a_reader_at_every_step(read_seqcount_latch, raw_read_seqcount_latch_retry);
}

TEST(write_seqcount_latch_begin)
{
	seqcount_latch_t latch = SEQCNT_LATCH_ZERO(latch);

	write_seqcount_latch_begin(&latch);
	CHECK((read_seqcount_latch(&latch) & 1) == 1);
}

TEST(write_seqcount_latch)
{
	seqcount_latch_t latch = SEQCNT_LATCH_ZERO(latch);

	write_seqcount_latch_begin(&latch);
	write_seqcount_latch(&latch);
	CHECK(read_seqcount_latch(&latch) == 2);
}

TEST(write_seqcount_latch_end)
{
	seqcount_latch_t latch = { { 2 } };

	write_seqcount_latch_end(&latch);
	CHECK(read_seqcount_latch(&latch) == 2);
}

TEST(raw_write_seqcount_latch)
{
	seqcount_latch_t latch = SEQCNT_LATCH_ZERO(latch);

	raw_write_seqcount_latch(&latch);
	CHECK(read_seqcount_latch(&latch) == 1);
	raw_write_seqcount_latch(&latch);
	CHECK(read_seqcount_latch(&latch) == 2);
}
