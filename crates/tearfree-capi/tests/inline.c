/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The inline reader of <tearfree.h>, without the library: which copies it accepts, and what it leaves to the
 * library, whose function is a stub here.
 */
#include <string.h>
#include <tearfree.h>

#include "check.h"

static int calls;

/* In place of the function of the library. */
int stub(const struct tearfree_page *page, void *to, size_t size, struct tearfree_reading *reading)
	__asm__("tearfree_page_read");
int stub(const struct tearfree_page *page, void *to, size_t size, struct tearfree_reading *reading)
{
	(void)page;
	(void)to;
	(void)size;
	(void)reading;
	calls++;
	return TEARFREE_ERROR_UNSETTLED;
}

static _Alignas(64) unsigned char slots[2][128];
static uint64_t count;

static struct tearfree_page_stamp stamps[2];
static uint32_t state = TEARFREE_LIVE;

static struct tearfree_page_view view = { 8, &count, { slots[0], slots[1] }, { &stamps[0], &stamps[1] }, &state, 5 };
static const struct tearfree_page *page = (const struct tearfree_page *)&view;

/*
 * Reads the count `second`, of eight bytes, to where the count is. So the first load finds `first`, and the one
 * behind the copy finds `second`, as if a writer had come in between.
 */
static int is_accepted(uint64_t first, uint64_t second)
{
	const int before = calls;

	count = first;
	memcpy(slots[first / 2 % 2], &second, sizeof second);
	memset(slots[1 - first / 2 % 2], 0xee, 8);
	if (tearfree_page_read(page, &count, 8, NULL) == 0) {
		CHECK(calls == before && count == second);
		return 1;
	}
	CHECK(calls == before + 1);
	return 0;
}

static void test_counts(void)
{
	const uint64_t firsts[] = { 0, 2, 4, 1000, 1UL << 32, UINT64_MAX - 3, UINT64_MAX - 1 };
	size_t i;
	uint64_t ahead;

	for (i = 0; i < sizeof firsts / sizeof *firsts; i++) {
		const uint64_t even = firsts[i];

		/* Generation g is in its slot, whole, until the count is 2g + 3. */
		for (ahead = 0; ahead <= 2; ahead++)
			CHECK(is_accepted(even, even + ahead));
		for (ahead = 1; ahead <= 2; ahead++)
			CHECK(is_accepted(even + 1, even + ahead));
		for (ahead = 3; ahead < 10; ahead++) {
			CHECK(!is_accepted(even, even + ahead));
			CHECK(!is_accepted(even + 1, even + ahead));
		}
		/* A count that has gone back is the work of a hostile writer. */
		CHECK(!is_accepted(even, even - 1));
		CHECK(!is_accepted(even + 1, even - 2));
	}
}

/* Reads `size` bytes from each slot: exactly these. */
static void check_size(size_t size, int (*read)(void *to, size_t size))
{
	unsigned char to[130];
	size_t i;

	for (i = 0; i < sizeof slots; i++)
		slots[i / 128][i % 128] = (unsigned char)(i * 7 + 1);
	view.size = size;
	for (count = 0; count < 4; count++) {
		memset(to, 0xdd, sizeof to);
		CHECK(read(to + 1, size) == 0);
		CHECK(memcmp(to + 1, slots[count / 2], size) == 0);
		CHECK(to[0] == 0xdd && to[size + 1] == 0xdd);
	}
	CHECK(calls == 0);
	view.size++;
	CHECK(read(to, size) != 0 && calls == 1);
	view.size -= 2;
	CHECK(read(to, size) != 0 && calls == 2);
	calls = 0;
}

static int read_any(void *to, size_t size)
{
	return tearfree_page_read(page, to, size, NULL);
}

#define CONSTANT(n)                                                                                \
	static int read_##n(void *to, size_t size)                                                 \
	{                                                                                          \
		(void)size;                                                                        \
		return tearfree_page_read(page, to, n, NULL);                                      \
	}
#define EIGHT(f, a, b, c, d, e, g, h, i) f(a) f(b) f(c) f(d) f(e) f(g) f(h) f(i)
#define ALL(f)                                                                                     \
	EIGHT(f, 1, 2, 3, 4, 5, 6, 7, 8)                                                           \
	EIGHT(f, 9, 10, 11, 12, 13, 14, 15, 16)                                                    \
	EIGHT(f, 17, 18, 19, 20, 21, 22, 23, 24)                                                   \
	EIGHT(f, 25, 26, 27, 28, 29, 30, 31, 32)                                                   \
	EIGHT(f, 33, 34, 35, 36, 37, 38, 39, 40)                                                   \
	EIGHT(f, 41, 42, 43, 44, 45, 46, 47, 48)                                                   \
	EIGHT(f, 49, 50, 51, 52, 53, 54, 55, 56)                                                   \
	EIGHT(f, 57, 58, 59, 60, 61, 62, 63, 64)
ALL(CONSTANT)

/* Reads the stamp of a slot, as a page says it. */
static struct tearfree_reading reading_of(uint64_t published_ns, uint64_t valid_until, uint64_t time_namespace)
{
	const struct tearfree_page_stamp stamp = { published_ns, valid_until, time_namespace };
	struct tearfree_reading reading;
	unsigned char to[8];
	size_t i;

	memset(&reading, 0xee, sizeof reading);
	stamps[count / 2 % 2] = stamp;
	memset(&stamps[1 - count / 2 % 2], 0xdd, sizeof stamp);
	CHECK(tearfree_page_read(page, to, 8, &reading) == 0 && calls == 0);
	CHECK(memcmp(to, slots[count / 2 % 2], 8) == 0);
	CHECK(reading.generation == count / 2);
	for (i = 0; i < sizeof reading.reserved / sizeof *reading.reserved; i++)
		CHECK(reading.reserved[i] == 0);
	return reading;
}

static void test_readings(void)
{
	struct tearfree_reading reading;

	view.size = 8;
	for (count = 0; count < 8; count++) {
		reading = reading_of(11, 12, 5);
		CHECK(reading.published_ns == 11 && reading.valid_until == 12);
		reading = reading_of(11, TEARFREE_NO_PROMISE, 5);
		CHECK(reading.published_ns == 11 && reading.valid_until == TEARFREE_NO_PROMISE);
		/* By another clock, or by an unknown one. */
		reading = reading_of(11, 12, 6);
		CHECK(reading.published_ns == 0 && reading.valid_until == TEARFREE_PROMISE_UNKNOWN);
		reading = reading_of(11, TEARFREE_NO_PROMISE, 6);
		CHECK(reading.published_ns == 0 && reading.valid_until == TEARFREE_NO_PROMISE);
		view.time_namespace = 0;
		reading = reading_of(11, 12, 0);
		CHECK(reading.published_ns == 0 && reading.valid_until == TEARFREE_PROMISE_UNKNOWN);
		view.time_namespace = 5;
	}
	for (state = 0; state < 9; state++) {
		reading = reading_of(11, 12, 5);
		CHECK(reading.writer == (state == 1 ? TEARFREE_LIVE :
					 state == 3 ? TEARFREE_SUPERSEDED :
						      TEARFREE_ENDED));
	}
}

#define CHECK_BOTH(n)                                                                              \
	check_size(n, read_##n);                                                                   \
	check_size(n, read_any);

int main(void)
{
	struct tearfree_reading reading;
	unsigned char to[128];

	test_counts();
	calls = 0;
	ALL(CHECK_BOTH)
	test_readings();
	/* The rest is the library's. */
	view.size = 65;
	CHECK(tearfree_page_read(page, to, 65, NULL) != 0 && calls == 1);
	CHECK(tearfree_page_read(page, to, 65, &reading) != 0 && calls == 2);
	view.size = 8;
	CHECK(tearfree_page_read(NULL, to, 8, NULL) != 0 && calls == 3);
	CHECK(tearfree_page_read(page, NULL, 8, &reading) != 0 && calls == 4);
	puts("the inline reader accepts what is whole, and leaves the rest to the library");
	return 0;
}
