/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The clock: the time that a timekeeper publishes for all processes. Included by <tearfree.h>. */
#ifndef TEARFREE_CLOCK_H
#define TEARFREE_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <tearfree.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 *	struct tearfree_clock *clock;
 *
 *	if (tearfree_clock_open(NULL, &clock) == 0)
 *		printf("%" PRIu64 "\n", tearfree_clock_now(clock));
 *
 * All times are nanoseconds. Reading takes no lock, makes no system call if the machine has a trustworthy
 * counter, and never waits for the timekeeper. Any thread may do it, also signal handlers and forked
 * children. A clock whose timekeeper has died runs on at its last slope, and its status says so.
 */
struct tearfree_clock;

/* How far a time can be trusted. */
enum {
	TEARFREE_CLOCK_UNKNOWN = 0, /* never compared with the host's clock, or too long ago */
	TEARFREE_CLOCK_SYNCHRONISED = 1, /* compared at each tick, and close */
	TEARFREE_CLOCK_FREE_RUNNING = 2, /* the timekeeper is dead, late, or has just started */
	TEARFREE_CLOCK_DISRUPTED = 3 /* there was a jump, and the clock is being slewed back */
};

/* An interval that contains the true time, both ends included. */
struct tearfree_bounded {
	uint64_t earliest;
	uint64_t latest;
	int status;
};

/*
 * Opens a clock by the name of its page, or by its path if it contains a '/'; NULL opens the clock of this
 * machine, the page "clock". The page has to belong to this user or to root, as for tearfree_page_open.
 */
int tearfree_clock_open(const char *page, struct tearfree_clock **to);

/* Closes a clock. NULL is ignored. */
void tearfree_clock_close(struct tearfree_clock *clock);

/*
 * Returns the time, like CLOCK_MONOTONIC, read after everything that precedes the call in the program. It
 * never decreases, across all processes and threads.
 */
uint64_t tearfree_clock_now(const struct tearfree_clock *clock);

/* As tearfree_clock_now, but the processor may read it some tens of nanoseconds early or late. */
uint64_t tearfree_clock_now_unordered(const struct tearfree_clock *clock);

/* Returns the time of the last tick, one every 10 ms, with one load; never later than now. */
uint64_t tearfree_clock_coarse(const struct tearfree_clock *clock);

/* Returns the time of day, like CLOCK_REALTIME: since 1970. It may be set, also back. */
uint64_t tearfree_clock_realtime(const struct tearfree_clock *clock);

/* Returns the interval that contains the host's CLOCK_MONOTONIC. */
struct tearfree_bounded tearfree_clock_now_bounded(const struct tearfree_clock *clock);

/* Returns the interval that contains UTC, since 1970, by the kernel's NTP code. */
struct tearfree_bounded tearfree_clock_utc_bounded(const struct tearfree_clock *clock);

/* Returns the status against the host's clock: one of TEARFREE_CLOCK_*. */
int tearfree_clock_status(const struct tearfree_clock *clock);

/*
 * Sleep until the whole interval of the host's CLOCK_MONOTONIC or of UTC is past `ns`, or until the clock
 * is synchronised with the host's: for at most `timeout_ns` nanoseconds, then they return
 * TEARFREE_ERROR_TIMED_OUT; without a limit if that is negative. The interval is stored to `seen`, unless
 * that is NULL; after a failure it is unchanged.
 */
int tearfree_clock_wait_until_past(const struct tearfree_clock *clock, uint64_t ns,
				   int64_t timeout_ns, struct tearfree_bounded *seen);
int tearfree_clock_wait_until_past_utc(const struct tearfree_clock *clock, uint64_t ns,
				       int64_t timeout_ns, struct tearfree_bounded *seen);
int tearfree_clock_wait_synchronised(const struct tearfree_clock *clock, int64_t timeout_ns,
				     struct tearfree_bounded *seen);

#ifdef __cplusplus
}
#endif

#endif
