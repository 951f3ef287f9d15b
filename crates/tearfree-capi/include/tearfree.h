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
 * Calls that can fail return 0 or one of these numbers. A number never changes its meaning, and is never
 * used again; later versions may add some.
 */
enum {
	TEARFREE_OK = 0,
	TEARFREE_ERROR_BUG = 1, /* a bug in the library */
	TEARFREE_ERROR_SIGNAL = 2, /* a signal number outside 1 to 64 */
	TEARFREE_ERROR_ARGUMENT = 3, /* a null pointer, an invalid option, index or owner */
	TEARFREE_ERROR_NAME = 4, /* invalid page name */
	TEARFREE_ERROR_NO_DIRECTORY = 5, /* there is no directory for pages */
	TEARFREE_ERROR_MISSING = 6, /* there is no such page */
	TEARFREE_ERROR_DAMAGED = 7, /* the file is not a valid page */
	TEARFREE_ERROR_NOT_A_FILE = 8, /* a link, a pipe, a directory */
	TEARFREE_ERROR_OTHER_BOOT = 9, /* from before the last boot */
	TEARFREE_ERROR_SCHEMA = 10, /* the page has another schema */
	TEARFREE_ERROR_NO_SCHEMA = 11, /* the schema that was passed is invalid */
	TEARFREE_ERROR_SIZE = 12, /* the value has another size */
	TEARFREE_ERROR_OWNER = 13, /* the page belongs to a user who is not trusted */
	TEARFREE_ERROR_NOT_SEALED = 14, /* not a sealed memory file */
	TEARFREE_ERROR_UNSETTLED = 15, /* the page changed twice during each of many copies */
	TEARFREE_ERROR_SYSTEM = 16, /* a system call failed */
	TEARFREE_ERROR_TIMED_OUT = 17, /* the time of a wait was up */
	TEARFREE_ERROR_SUPERSEDED = 18, /* replaced by a new page: open it again */
	TEARFREE_ERROR_OTHER = 19, /* another error; see the text */
	TEARFREE_ERROR_COUNTER = 20, /* the clock needs a counter that this build cannot read */
	TEARFREE_ERROR_TIME_NAMESPACE = 21, /* the clock belongs to another time namespace */
	TEARFREE_ERROR_BUSY = 22, /* the page already has a writer */
	TEARFREE_ERROR_NO_SPACE = 23, /* no space for the page */
	TEARFREE_ERROR_FORKED = 24, /* a forked child uses its parent's writer */
	TEARFREE_ERROR_ENDED = 25, /* the writer has ended */
	TEARFREE_ERROR_DISCARDED = 26, /* the callback refused the update */
	TEARFREE_ERROR_NESTED = 27, /* a call for a writer from inside of another one */
	TEARFREE_ERROR_VALUE = 28, /* a field of the value is not valid for its kind */
	TEARFREE_ERROR_LOST = 29, /* the writer has lost its page to another one */
	TEARFREE_ERROR_IN_USE = 30 /* another thread uses the follower */
};

/*
 * Returns what happened in this thread's last failed call, and what to do; empty if no call failed. The
 * text is valid until the next failed call of this thread.
 */
const char *tearfree_last_error(void);

/* Returns the general meaning of an error number. The text is always valid. */
const char *tearfree_error_text(int number);

/* ---- Pages: one value that another process publishes, never torn ---- */

struct tearfree_page;

/* Whether a value is as fresh as its writer promised. */
enum {
	TEARFREE_FRESH = 1, /* within the promise */
	TEARFREE_STALE = 2, /* the promise was broken */
	TEARFREE_UNPROMISED = 3, /* nothing was promised */
	TEARFREE_UNKNOWN = 4 /* the promise is by a clock that this process cannot read */
};

/* The last known state of the writer. */
enum {
	TEARFREE_LIVE = 1, /* it may have crashed since */
	TEARFREE_ENDED = 2, /* it has ended; another one may take over */
	TEARFREE_SUPERSEDED = 3 /* the page was replaced by a new one: open it again */
};

/* The age of a value whose age is unknown. */
#define TEARFREE_AGE_UNKNOWN UINT64_MAX
/* In place of a time: there is no promise, or one by a clock that this process cannot read. */
#define TEARFREE_NO_PROMISE UINT64_MAX
#define TEARFREE_PROMISE_UNKNOWN (UINT64_MAX - 1)

/* What is known about a value. The times belong to the value: a take-over does not change them. */
struct tearfree_reading {
	uint64_t generation; /* how many values were published before this one */
	uint64_t published_ns; /* CLOCK_BOOTTIME when its publication began; 0 if unknown */
	uint64_t valid_until; /* CLOCK_BOOTTIME until which its writer promised another one; see above */
	int writer; /* the state of the writer after the read */
	uint32_t reserved[5]; /* 0; later versions may use them */
};

/*
 * Returns how long ago the publication of a value began, in nanoseconds; TEARFREE_AGE_UNKNOWN if that is unknown.
 * Reads the clock, which takes some tens of nanoseconds. A read itself does not.
 */
uint64_t tearfree_reading_age(const struct tearfree_reading *reading);

/*
 * Returns how fresh a value is now: one of TEARFREE_FRESH, _STALE, _UNPROMISED, _UNKNOWN. Stores to `ns`, unless that
 * is NULL, for how many nanoseconds it stays fresh, or for how many it has been stale; otherwise 0. Reads the clock if
 * there is a promise.
 */
int tearfree_reading_freshness(const struct tearfree_reading *reading, uint64_t *ns);

/*
 * Opens a page for reading, by its name, or by its path if it contains a '/'. `schema` is the schema that
 * the program expects, "price:f64 qty:u64", or NULL for any. In a struct of the same shape `f64` is a double,
 * `u64` an uint64_t, `bool` an uint8_t, `text[16]` a char[16], which ends with its first NUL or at 16 bytes,
 * and `u8{idle=0,busy=1}` an uint8_t. Check these three: a hostile writer can store any bytes. The page has to belong to this user or to
 * root: its owner could truncate the file, and then a read ends the process by SIGBUS.
 */
int tearfree_page_open(const char *page, const char *schema, struct tearfree_page **to);

/*
 * Which pages are opened. Later versions have more fields; TEARFREE_PAGE_OPTIONS_INIT initialises them all.
 *
 *	struct tearfree_page_options options = TEARFREE_PAGE_OPTIONS_INIT;
 *
 *	options.owner = "group:daq";
 */
struct tearfree_page_options {
	size_t size; /* of this struct */
	/* The trusted owner: "any", a user's name or ID, or "group:" and that of a group; NULL: this user and root */
	const char *owner;
};

#define TEARFREE_PAGE_OPTIONS_INIT { sizeof(struct tearfree_page_options), NULL }

/* As tearfree_page_open, for pages of another owner. `options` may be NULL. */
int tearfree_page_open_with(const char *page, const char *schema,
			    const struct tearfree_page_options *options, struct tearfree_page **to);

/* As tearfree_page_open, for a sealed memory file, which cannot be truncated. The file stays open. */
int tearfree_page_open_sealed(int file, const char *schema, struct tearfree_page **to);

/* Closes a page. NULL is ignored. */
void tearfree_page_close(struct tearfree_page *page);

/* Return the schema, as text that is valid until the page is closed, and the size of the value. */
const char *tearfree_page_schema(const struct tearfree_page *page);
size_t tearfree_page_size(const struct tearfree_page *page);

/*
 * Copies the newest value, never torn, to `to`, which has `size` bytes; `reading` may be NULL. Takes no lock,
 * makes no system call, reads no clock, and never waits for the writer. Any thread may call it. After a failure
 * the bytes at `to` are unspecified. In programs that are compiled with optimisation a read of at most 64 bytes is
 * inline.
 */
int tearfree_page_read(const struct tearfree_page *page, void *to, size_t size,
		       struct tearfree_reading *reading);

/* Returns the number of publications until now, with one load. */
uint64_t tearfree_page_generation(const struct tearfree_page *page);

/*
 * Loads one of the eight words beside the value, whose `index` is 0 to 7: see tearfree_writer_set_word.
 */
int tearfree_page_word(const struct tearfree_page *page, unsigned int index, uint64_t *to);

/*
 * Sleeps until the generation is not `seen`: for at most `timeout_ns` nanoseconds, then returns
 * TEARFREE_ERROR_TIMED_OUT; without a limit if that is negative.
 */
int tearfree_page_wait(const struct tearfree_page *page, uint64_t seen, int64_t timeout_ns);

/* What ended a wait. */
enum {
	TEARFREE_EVENT_CHANGED = 1, /* there is another value */
	TEARFREE_EVENT_STALE = 2, /* the promise was broken: the writer may be dead, stopped or slow */
	TEARFREE_EVENT_ENDED = 3, /* the writer has ended; another one may take over */
	/* For followers: */
	TEARFREE_EVENT_REPLACED = 4, /* another page has the name now, or a page has it again */
	TEARFREE_EVENT_GONE = 5 /* no page has the name, or none that can be read */
};

/* What a program knows of a page. tearfree_page_wait_event keeps it up to date. */
struct tearfree_watch {
	uint64_t generation; /* of the last reading: the program may store it here, */
	int writer; /* and this, too */
	int is_stale; /* the rest is the library's */
	uint64_t stale_generation;
	uint64_t stale_until;
	uint64_t reserved[2];
};

/* Nothing is known. */
#define TEARFREE_WATCH_INIT { 0, 0, 0, 0, 0, { 0, 0 } }

/*
 * Sleeps until something happens to the page that `watch` does not know: there is another generation, the value is
 * stale, or the writer has ended, whichever comes first. Stores which of them to `event`, unless that is NULL, and to
 * `watch`, so that the next wait is for something else. Returns TEARFREE_ERROR_SUPERSEDED if the page was replaced or
 * removed, and TEARFREE_ERROR_TIMED_OUT after `timeout_ns` nanoseconds, unless that is negative.
 *
 * A wait notices a killed writer by its broken promise; without a promise it cannot.
 */
int tearfree_page_wait_event(const struct tearfree_page *page, struct tearfree_watch *watch,
			     int64_t timeout_ns, int *event);

/* ---- Writing pages ---- */

/*
 *	struct quote { double price; uint64_t qty; } quote = { 9.5, 100 };
 *	struct tearfree_writer_options options = TEARFREE_WRITER_OPTIONS_INIT;
 *	struct tearfree_writer *writer;
 *
 *	options.lifetime_ns = 2000000000;
 *	if (tearfree_writer_create("quotes", "price:f64 qty:u64", &quote, sizeof quote, &options,
 *				   &writer) != 0) {
 *		fprintf(stderr, "%s\n", tearfree_last_error());
 *		return 1;
 *	}
 *	quote.qty -= 10;
 *	tearfree_writer_set(writer, &quote, sizeof quote);
 *	tearfree_writer_close(writer);
 *
 * A page has at most one writer, whose right to publish ends with its process, also if that is killed. Each
 * call may come from any thread: the calls for one writer run one after the other. None may come from a
 * signal handler. A null pointer is TEARFREE_ERROR_ARGUMENT, a call after tearfree_writer_end is
 * TEARFREE_ERROR_ENDED, and a call in a forked child, to which the writer does not belong, is
 * TEARFREE_ERROR_FORKED. After an error the page has the value that it had before.
 */
struct tearfree_writer;

/* Flags of the options. */
enum {
	TEARFREE_WAKES = 1, /* wake waiting readers, by a system call in each publication; otherwise they poll: after an
			       eighth of the time for which they have waited, between 1 and 100 ms */
	TEARFREE_REPLACE = 2, /* replace a page that has another schema or is damaged */
	TEARFREE_UNTIMED = 4 /* values have no time: saves a clock reading in each publication */
};

/*
 * How a page is written. Later versions have more fields; TEARFREE_WRITER_OPTIONS_INIT initialises them all,
 * to what NULL in place of options means: no promise, no waking, mode 0644 or that of the existing page.
 */
struct tearfree_writer_options {
	size_t size; /* of this struct */
	uint64_t lifetime_ns; /* the promised longest time between two publications, or 0 */
	uint32_t mode; /* file permissions, 0600 to 0644, or 0; another mode than before makes a new page */
	uint32_t flags;
};

#define TEARFREE_WRITER_OPTIONS_INIT { sizeof(struct tearfree_writer_options), 0, 0, 0 }

/*
 * Creates a page, and publishes `value`. `page` is a name, or a path if it contains a '/'. If there is a page
 * of this schema without a writer, takes that over and continues its count: a service calls this at each
 * start. If `value` is NULL, the page keeps its value, and a new one begins with zeros. `size` is the size of
 * the value, also if that is NULL: a struct that does not fit the schema is TEARFREE_ERROR_SIZE. `options`
 * may be NULL.
 */
int tearfree_writer_create(const char *page, const char *schema, const void *value, size_t size,
			   const struct tearfree_writer_options *options,
			   struct tearfree_writer **to);

/*
 * Takes over an existing page, and keeps its value. `schema` is the schema that the program expects, or NULL
 * for any. The options say what this writer promises; the page stays as it was created.
 */
int tearfree_writer_take_over(const char *page, const char *schema,
			      const struct tearfree_writer_options *options,
			      struct tearfree_writer **to);

/*
 * Creates a page in a sealed memory file, which has no path, and which no other process can change or
 * truncate. Pass its descriptor, tearfree_writer_file, to the readers: through a socket (SCM_RIGHTS), or to a
 * child process. `name` is shown in /proc/PID/maps.
 */
int tearfree_writer_create_sealed(const char *name, const char *schema, const void *value,
				  size_t size, const struct tearfree_writer_options *options,
				  struct tearfree_writer **to);

/* Publishes a value of `size` bytes. What happened before is visible to a reader that sees the value. */
int tearfree_writer_set(struct tearfree_writer *writer, const void *value, size_t size);

/* Copies the published value to `to`, which has `size` bytes. */
int tearfree_writer_get(const struct tearfree_writer *writer, void *to, size_t size);

/*
 * Changes the value: calls `change` once, with a private copy of the value, aligned for any schema, its size,
 * and `argument`, and publishes the copy if it returns 0. Otherwise nothing is published, and the result is
 * TEARFREE_ERROR_DISCARDED. Calls of other threads wait meanwhile, so no change is lost; where one thread
 * alone writes, tearfree_writer_get and tearfree_writer_set do the same. `change` has to return, not to
 * jump or throw; a call for the same writer in it is TEARFREE_ERROR_NESTED.
 */
int tearfree_writer_update(struct tearfree_writer *writer,
			   int (*change)(void *value, size_t size, void *argument), void *argument);

/*
 * Stores one of the eight words beside the value, whose `index` is 0 to 7. Each is one atomic, in no order to
 * the value or the other words.
 */
int tearfree_writer_set_word(struct tearfree_writer *writer, unsigned int index, uint64_t word);

/* Renews the promise of `lifetime_ns` without publishing: the value is still valid. */
int tearfree_writer_touch(struct tearfree_writer *writer);

/* Returns the number of publications until now, by all writers of the page, also after the end. */
uint64_t tearfree_writer_generation(const struct tearfree_writer *writer);

/*
 * Returns a random number of this process, which a forked child does not share even where it has the same process ID; 0
 * if forks cannot be noticed. For bindings with locks of their own, which a child has to leave alone.
 */
uint64_t tearfree_process_number(void);

/* Return the schema, as text that is valid until the writer is closed, and the size of the value. */
const char *tearfree_writer_schema(const struct tearfree_writer *writer);
size_t tearfree_writer_size(const struct tearfree_writer *writer);

/* Returns the descriptor of a sealed page, which stays open until the end of the writer; -1 without one. */
int tearfree_writer_file(const struct tearfree_writer *writer);

/*
 * Ends the writer: the page keeps its value, and readers see TEARFREE_ENDED. Another writer may take over. A
 * program that just exits leaves the page as if it had been killed.
 */
int tearfree_writer_end(struct tearfree_writer *writer);

/*
 * Ends the writer, unless it has ended, and frees it. No thread may use it from then on. NULL is ignored. A
 * forked child may close its parent's writer, which changes nothing for the parent.
 */
void tearfree_writer_close(struct tearfree_writer *writer);

#ifdef __cplusplus
}
#endif

#include <tearfree/clock.h>
#include <tearfree/follower.h>
#include <tearfree/inline.h>

#endif
