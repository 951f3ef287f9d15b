/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* seqcount_t, call by call. */
#include <linux/seqlock.h>

#include "test.h"

TEST(seqcount_t)
{
	seqcount_t count = SEQCNT_ZERO(count);

	CHECK(sizeof(seqcount_t) == sizeof(unsigned));
	CHECK(&count.sequence == (unsigned *)&count);
}

TEST(SEQCNT_ZERO)
{
	static seqcount_t count = SEQCNT_ZERO(count);

	CHECK(read_seqcount_begin(&count) == 0);
}

TEST(seqcount_init)
{
	seqcount_t count = { 7 };

	seqcount_init(&count);
	CHECK(count.sequence == 0);
}

static seqcount_t writing(unsigned sequence)
{
	seqcount_t count = { sequence };

	return count;
}

/* A reader that begins during a write waits for its end. */
struct meeting {
	seqcount_t count;
	unsigned begins, began;
};

static void *begin_plain(void *argument)
{
	struct meeting *meeting = (struct meeting *)argument;

	__atomic_fetch_add(&meeting->begins, 1, __ATOMIC_RELEASE);
	meeting->began = read_seqcount_begin(&meeting->count);
	return NULL;
}

static void *begin_raw(void *argument)
{
	struct meeting *meeting = (struct meeting *)argument;

	__atomic_fetch_add(&meeting->begins, 1, __ATOMIC_RELEASE);
	meeting->began = raw_read_seqcount_begin(&meeting->count);
	return NULL;
}

static void *begin_underscored(void *argument)
{
	struct meeting *meeting = (struct meeting *)argument;

	__atomic_fetch_add(&meeting->begins, 1, __ATOMIC_RELEASE);
	meeting->began = __read_seqcount_begin(&meeting->count);
	return NULL;
}

static void *end_after_begin(void *argument)
{
	struct meeting *meeting = (struct meeting *)argument;
	int i;

	while (__atomic_load_n(&meeting->begins, __ATOMIC_ACQUIRE) == 0)
		cpu_relax();
	for (i = 0; i < 100000; i++)
		cpu_relax();
	write_seqcount_end(&meeting->count);
	return NULL;
}

static void waits_for_the_end_of_a_write(void *(*begin)(void *))
{
	struct meeting meeting = { SEQCNT_ZERO(count), 0, 0 };

	begin(&meeting);
	CHECK(meeting.began == 0);
	meeting.begins = 0;
	write_seqcount_begin(&meeting.count);
	at_the_same_time(begin, end_after_begin, &meeting);
	CHECK(meeting.began == 2);
}

TEST(read_seqcount_begin)
{
	waits_for_the_end_of_a_write(begin_plain);
}

TEST(raw_read_seqcount_begin)
{
	waits_for_the_end_of_a_write(begin_raw);
}

TEST(__read_seqcount_begin)
{
	waits_for_the_end_of_a_write(begin_underscored);
}

TEST(raw_read_seqcount)
{
	const seqcount_t count = writing(5);

	CHECK(raw_read_seqcount(&count) == 5);
}

TEST(raw_seqcount_begin)
{
	const seqcount_t count = writing(5);
	unsigned start = raw_seqcount_begin(&count);

	CHECK(start == 4);
	CHECK(read_seqcount_retry(&count, start));
}

TEST(raw_seqcount_try_begin)
{
	const seqcount_t odd = writing(5), even = writing(6);
	unsigned start;

	CHECK(!raw_seqcount_try_begin(&odd, start));
	CHECK(raw_seqcount_try_begin(&even, start));
	CHECK(start == 6);
}

TEST(read_seqcount_retry)
{
	seqcount_t count = SEQCNT_ZERO(count);
	unsigned start = read_seqcount_begin(&count);

	CHECK(!read_seqcount_retry(&count, start));
	write_seqcount_begin(&count);
	CHECK(read_seqcount_retry(&count, start));
	write_seqcount_end(&count);
	CHECK(read_seqcount_retry(&count, start));
}

TEST(__read_seqcount_retry)
{
	const seqcount_t count = writing(6);

	smp_rmb();
	CHECK(!__read_seqcount_retry(&count, 6U));
	CHECK(__read_seqcount_retry(&count, 4U));
}

TEST(write_seqcount_begin)
{
	seqcount_t count = SEQCNT_ZERO(count);

	write_seqcount_begin(&count);
	CHECK(count.sequence == 1);
}

TEST(write_seqcount_end)
{
	seqcount_t count = writing(5);

	write_seqcount_end(&count);
	CHECK(count.sequence == 6);
}

TEST(write_seqcount_begin_nested)
{
	seqcount_t outer = SEQCNT_ZERO(outer), inner = SEQCNT_ZERO(inner);

	write_seqcount_begin(&outer);
	write_seqcount_begin_nested(&inner, 1);
	CHECK(outer.sequence == 1 && inner.sequence == 1);
	write_seqcount_end(&inner);
	write_seqcount_end(&outer);
}

TEST(raw_write_seqcount_begin)
{
	seqcount_t count = writing(~1U); /* counts wrap */

	raw_write_seqcount_begin(&count);
	CHECK(count.sequence == ~0U);
}

TEST(raw_write_seqcount_end)
{
	seqcount_t count = writing(~0U);

	raw_write_seqcount_end(&count);
	CHECK(count.sequence == 0);
}

TEST(raw_write_seqcount_barrier)
{
	seqcount_t count = SEQCNT_ZERO(count);
	unsigned start = read_seqcount_begin(&count);

	raw_write_seqcount_barrier(&count);
	CHECK(count.sequence == 2);
	CHECK(read_seqcount_retry(&count, start));
}

TEST(write_seqcount_invalidate)
{
	seqcount_t count = SEQCNT_ZERO(count);
	unsigned start = read_seqcount_begin(&count);

	write_seqcount_invalidate(&count);
	CHECK(count.sequence == 2);
	CHECK(read_seqcount_retry(&count, start));
}
