/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A reader of clocks in C, by the calls of <tearfree.h>. */
#include <tearfree.h>

struct look {
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

/* One call of each kind. */
void c_clock_look(const struct tearfree_clock *clock, struct look *look);
void c_clock_look(const struct tearfree_clock *clock, struct look *look)
{
	look->now = tearfree_clock_now(clock);
	look->now_unordered = tearfree_clock_now_unordered(clock);
	look->coarse = tearfree_clock_coarse(clock);
	look->realtime = tearfree_clock_realtime(clock);
	look->bounded = tearfree_clock_now_bounded(clock);
	look->utc = tearfree_clock_utc_bounded(clock);
	look->status = tearfree_clock_status(clock);
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

/* The number of the line that expected something else. */
#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__;                                                           \
	} while (0)

/* Of a test clock: wrong arguments are refused, and right ones work after. */
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
