/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reads clocks in C, by the calls of <tearfree.h>. */
#include <tearfree.h>

#include "expect.h"

struct clock_values {
	uint64_t now, now_unordered, coarse, realtime;
	struct tearfree_bounded bounded, utc;
	int status;
};

int c_clock_open(const char *path, struct tearfree_clock **to);
int c_clock_open(const char *path, struct tearfree_clock **to)
{
	return tearfree_clock_open(path, to);
}

void c_clock_close(struct tearfree_clock *clock);
void c_clock_close(struct tearfree_clock *clock)
{
	tearfree_clock_close(clock);
}

/* Calls every function that reads. */
void c_clock_read(const struct tearfree_clock *clock, struct clock_values *values);
void c_clock_read(const struct tearfree_clock *clock, struct clock_values *values)
{
	values->now = tearfree_clock_now(clock);
	values->now_unordered = tearfree_clock_now_unordered(clock);
	values->coarse = tearfree_clock_coarse(clock);
	values->realtime = tearfree_clock_realtime(clock);
	values->bounded = tearfree_clock_now_bounded(clock);
	values->utc = tearfree_clock_utc_bounded(clock);
	values->status = tearfree_clock_status(clock);
}

/* What to wait for. */
enum { PAST = 0, PAST_UTC = 1, SYNCHRONISED = 2 };

int c_clock_wait(const struct tearfree_clock *clock, int what, uint64_t ns, int64_t timeout_ns,
		 struct tearfree_bounded *seen);
int c_clock_wait(const struct tearfree_clock *clock, int what, uint64_t ns, int64_t timeout_ns,
		 struct tearfree_bounded *seen)
{
	switch (what) {
	case PAST:
		return tearfree_clock_wait_until_past(clock, ns, timeout_ns, seen);
	case PAST_UTC:
		return tearfree_clock_wait_until_past_utc(clock, ns, timeout_ns, seen);
	default:
		return tearfree_clock_wait_synchronised(clock, timeout_ns, seen);
	}
}

/* On a test clock: wrong arguments are refused, and valid ones work afterwards. */
int c_clock_wrong_arguments(const char *path);
int c_clock_wrong_arguments(const char *path)
{
	struct tearfree_clock *clock = NULL;

	EXPECT(tearfree_clock_open(path, NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_clock_open("", &clock) == TEARFREE_ERROR_NAME);
	EXPECT(clock == NULL);
	EXPECT(tearfree_clock_open(path, &clock) == 0);
	EXPECT(tearfree_clock_wait_synchronised(clock, 0, NULL) == 0);
	EXPECT(tearfree_clock_status(clock) == TEARFREE_CLOCK_SYNCHRONISED);
	tearfree_clock_close(clock);
	tearfree_clock_close(NULL);
	return 0;
}
