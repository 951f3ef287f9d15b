/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * tearfree beyond the kernel's API: pages that other processes write, the clock, and errors.
 *
 *	struct quote { double price; uint64_t qty; } quote;
 *	struct tearfree_page *page;
 *
 *	if (tearfree_page_open("quotes", "price:f64 qty:u64", &page) != 0) {
 *		fprintf(stderr, "%s\n", tearfree_last_error());
 *		return 1;
 *	}
 *	if (tearfree_page_read(page, &quote, sizeof quote, NULL) == 0)
 *		printf("%f\n", quote.price);
 *	tearfree_page_close(page);
 */
#ifndef TEARFREE_H
#define TEARFREE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Errors ---- */

/*
 * Calls that can fail return 0 or one of these numbers. A number never changes its meaning, and none
 * is used again; later versions may add some.
 */
enum {
	TEARFREE_OK = 0,
	TEARFREE_ERROR_BUG = 1, /* the library has a fault */
	TEARFREE_ERROR_SIGNAL = 2, /* a signal number outside 1 to 64 */
	TEARFREE_ERROR_ARGUMENT = 3, /* a null pointer */
	TEARFREE_ERROR_NAME = 4, /* not the name of a page */
	TEARFREE_ERROR_NO_DIRECTORY = 5, /* there is no directory for pages */
	TEARFREE_ERROR_MISSING = 6, /* there is no such page */
	TEARFREE_ERROR_DAMAGED = 7, /* there is something, but no page */
	TEARFREE_ERROR_NOT_A_FILE = 8, /* a link, a pipe, a directory */
	TEARFREE_ERROR_OTHER_BOOT = 9, /* from before the last start of the machine */
	TEARFREE_ERROR_SCHEMA = 10, /* the page holds other values than asked for */
	TEARFREE_ERROR_NO_SCHEMA = 11, /* what was asked for is no schema */
	TEARFREE_ERROR_SIZE = 12, /* the value has another size */
	TEARFREE_ERROR_OWNER = 13, /* the page is of a user who is not trusted */
	TEARFREE_ERROR_NOT_SEALED = 14, /* not a sealed memory file */
	TEARFREE_ERROR_UNSETTLED = 15, /* the page changed twice during each of many copies */
	TEARFREE_ERROR_SYSTEM = 16, /* the system refused something */
	TEARFREE_ERROR_TIMED_OUT = 17, /* what was waited for did not happen in that time */
	TEARFREE_ERROR_SUPERSEDED = 18, /* a new page has taken its place: open it again */
	TEARFREE_ERROR_OTHER = 19, /* something else; the text says what */
	TEARFREE_ERROR_COUNTER = 20, /* the clock needs a counter that cannot be read here */
	TEARFREE_ERROR_TIME_NAMESPACE = 21 /* the clock is of another time namespace */
};

/*
 * What happened in this thread's last call that failed, and what to do next; empty if none has. The
 * text stays until the next call of this thread that fails.
 */
const char *tearfree_last_error(void);

/* What an error number means, in general. The text stays for ever. */
const char *tearfree_error_text(int number);

/* ---- Pages: one value that another process writes, whole or not at all ---- */

struct tearfree_page;

/* How a value stands to what its writer promised. */
enum {
	TEARFREE_FRESH = 1, /* within the promise, for `ns` nanoseconds still */
	TEARFREE_STALE = 2, /* the promise was broken `ns` nanoseconds ago */
	TEARFREE_UNPROMISED = 3, /* nothing was promised */
	TEARFREE_UNKNOWN = 4 /* promised by a clock that this process does not see */
};

/* What the writer said last. */
enum {
	TEARFREE_LIVE = 1, /* nothing else; it may have died since without a word */
	TEARFREE_ENDED = 2, /* that it has ended; another one may take over */
	TEARFREE_SUPERSEDED = 3 /* that there is a new page: open it again */
};

struct tearfree_reading {
	uint64_t generation; /* how many values were published before this one */
	uint64_t ns;
	int freshness;
	int writer;
};

/*
 * Opens a page by its name, or by its path if it has a '/' in it, for reading. `schema` is what the
 * program expects in it, "price:f64 qty:u64", or NULL for anything. The page has to be of this user
 * or of root: its owner could cut the file off, and then reading it ends the process by SIGBUS.
 */
int tearfree_page_open(const char *page, const char *schema, struct tearfree_page **to);

/* The same of a sealed memory file, which nobody can cut off. The file itself stays open. */
int tearfree_page_open_sealed(int file, const char *schema, struct tearfree_page **to);

/* Ends the use of a page. NULL is no page. */
void tearfree_page_close(struct tearfree_page *page);

/* What it holds, as text that stays until it is closed, and how many bytes that is. */
const char *tearfree_page_schema(const struct tearfree_page *page);
size_t tearfree_page_size(const struct tearfree_page *page);

/*
 * Copies the newest value, whole, to `to`, which has `size` bytes; `reading` may be NULL. No lock, no
 * system call (but a look at the clock of the vDSO), no waiting, whatever the writer does. Any thread
 * may call it. After a failure `to` holds nothing of use.
 */
int tearfree_page_read(const struct tearfree_page *page, void *to, size_t size,
		       struct tearfree_reading *reading);

/* The number of publications until now. One load. */
uint64_t tearfree_page_generation(const struct tearfree_page *page);

/*
 * Sleeps until the generation is another one than `seen`: for at most `timeout_ns` nanoseconds, then
 * TEARFREE_ERROR_TIMED_OUT; or for as long as it takes if that is negative.
 */
int tearfree_page_wait(const struct tearfree_page *page, uint64_t seen, int64_t timeout_ns);

/* ---- The clock: the time that a timekeeper publishes for all processes ---- */

/*
 *	struct tearfree_clock *clock;
 *
 *	if (tearfree_clock_open(NULL, &clock) == 0)
 *		printf("%" PRIu64 "\n", tearfree_clock_now(clock));
 *
 * All times are nanoseconds. Reading takes no lock, makes no system call where the machine has a
 * counter to be trusted, and never waits for the timekeeper; any thread may do it, signal handlers
 * and forked children too. A clock whose timekeeper has died goes on at its last slope, and its
 * status says so.
 */
struct tearfree_clock;

/* How far to trust a time. */
enum {
	TEARFREE_CLOCK_UNKNOWN = 0, /* nobody knows: never compared, or too long ago */
	TEARFREE_CLOCK_SYNCHRONISED = 1, /* compared all the time, and close */
	TEARFREE_CLOCK_FREE_RUNNING = 2, /* by itself: the timekeeper is dead, late or has only begun */
	TEARFREE_CLOCK_DISRUPTED = 3 /* there was a jump, and the clock is on its way back */
};

/* An interval that contains the true time, both ends included. */
struct tearfree_bounded {
	uint64_t earliest;
	uint64_t latest;
	int status;
};

/*
 * Opens a clock by the name of its page, or by its path if it has a '/' in it; NULL is the clock of
 * this machine, the page "clock". The page has to be of this user or of root, as for
 * tearfree_page_open.
 */
int tearfree_clock_open(const char *page, struct tearfree_clock **to);

/* Ends the use of a clock. NULL is no clock. */
void tearfree_clock_close(struct tearfree_clock *clock);

/*
 * The time, like CLOCK_MONOTONIC: not before anything that precedes the call in the program. It never
 * decreases, in whatever process or thread.
 */
uint64_t tearfree_clock_now(const struct tearfree_clock *clock);

/* The same, but the processor may take it some tens of nanoseconds early or late. */
uint64_t tearfree_clock_now_unordered(const struct tearfree_clock *clock);

/* The time of the last tick, which is every 10 ms; never later than now. One load. */
uint64_t tearfree_clock_coarse(const struct tearfree_clock *clock);

/* The time of day, like CLOCK_REALTIME: since 1970. Somebody may set it, also back. */
uint64_t tearfree_clock_realtime(const struct tearfree_clock *clock);

/* The interval in which the host's CLOCK_MONOTONIC is now. */
struct tearfree_bounded tearfree_clock_now_bounded(const struct tearfree_clock *clock);

/* The interval in which UTC is now, since 1970, as far as the kernel's NTP code knows. */
struct tearfree_bounded tearfree_clock_utc_bounded(const struct tearfree_clock *clock);

/* How the clock stands to the host's: TEARFREE_CLOCK_SYNCHRONISED or one of its siblings. */
int tearfree_clock_status(const struct tearfree_clock *clock);

/*
 * These sleep until the host's CLOCK_MONOTONIC or UTC is certainly past `ns`, bounds and all, or
 * until the clock is synchronised with the host's: for at most `timeout_ns` nanoseconds, then
 * TEARFREE_ERROR_TIMED_OUT; or for as long as it takes if that is negative. `seen`, which may be NULL,
 * gets what was read then; after a failure it is as before.
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
