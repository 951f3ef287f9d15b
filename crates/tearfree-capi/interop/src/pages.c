/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Reads pages in C, by the calls of <tearfree.h>. */
#define _GNU_SOURCE
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <tearfree.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"

enum { WORDS = 8 };

static const char schema[] = "words:u64[8]";

struct read_counts {
	uint64_t reads, torn, newest;
};

static bool is_torn(const uint64_t *words)
{
	uint64_t i;

	for (i = 0; i < WORDS; i++)
		if (words[i] != words[0] + i)
			return true;
	return words[0] % WORDS != 0;
}

/* Reads until the generation is `last`, and counts. Returns the first error number, or 0. */
int c_read_page(const char *path, uint64_t last, struct read_counts *counts);
int c_read_page(const char *path, uint64_t last, struct read_counts *counts)
{
	struct tearfree_reading reading = { 0 };
	struct tearfree_page *page;
	uint64_t words[WORDS];
	int error = tearfree_page_open(path, schema, &page);

	if (error != 0)
		return error;
	do {
		error = tearfree_page_read(page, words, sizeof words, &reading);
		counts->reads++;
		counts->torn += is_torn(words) || reading.generation < counts->newest ||
			       words[0] != reading.generation * WORDS;
		counts->newest = reading.generation;
	} while (error == 0 && counts->newest < last);
	tearfree_page_close(page);
	return error;
}

/* Copies slot 0 without its count, as a control. */
static int read_unprotected(const struct tearfree_page *page, uint64_t *words)
{
	const struct tearfree_page_view *view = (const void *)page;
	const uint64_t *slot = (const void *)view->slots[0];
	size_t i;

	/* ORDERING: Relaxed: the control does not care. */
	for (i = 0; i < WORDS; i++)
		words[i] = __atomic_load_n(slot + i, __ATOMIC_RELAXED);
	return 0;
}

/* As c_read_page, by the inline reader, which needs no reading, or by the control. */
int c_read_inline(const char *path, uint64_t last, bool is_control, struct read_counts *counts);
int c_read_inline(const char *path, uint64_t last, bool is_control, struct read_counts *counts)
{
	struct tearfree_page *page;
	uint64_t words[WORDS], generation;
	int error = tearfree_page_open(path, schema, &page);

	if (error != 0)
		return error;
	do {
		generation = tearfree_page_generation(page);
		error = is_control ? read_unprotected(page, words) :
				     tearfree_page_read(page, words, sizeof words, NULL);
		counts->reads++;
		counts->torn += is_torn(words) || words[0] < counts->newest * WORDS;
		counts->newest = words[0] / WORDS;
	} while (error == 0 && generation < last);
	tearfree_page_close(page);
	return error;
}

/* Sets `opened` when it has opened the page, then waits for each publication up to `last`. */
int c_follow_page(const char *path, uint64_t last, int64_t timeout_ns, bool *opened,
		  uint64_t *generation);
int c_follow_page(const char *path, uint64_t last, int64_t timeout_ns, bool *opened,
		  uint64_t *generation)
{
	struct tearfree_page *page;
	int error = tearfree_page_open(path, NULL, &page);

	if (error != 0)
		return error;
	/* ORDERING: pairs with the load of the thread that lent `opened` to `follow_until`. */
	__atomic_store_n(opened, true, __ATOMIC_RELEASE);
	*generation = tearfree_page_generation(page);
	while (error == 0 && *generation < last) {
		error = tearfree_page_wait(page, *generation, timeout_ns);
		*generation = tearfree_page_generation(page);
	}
	tearfree_page_close(page);
	return error;
}

/* Sets `opened` when it has opened and read the page, then waits for an event. Returns the error number. */
int c_wait_event(const char *path, bool *opened, int *event);
int c_wait_event(const char *path, bool *opened, int *event)
{
	struct tearfree_watch watch = TEARFREE_WATCH_INIT;
	struct tearfree_reading reading;
	struct tearfree_page *page;
	uint64_t words[WORDS];
	int error = tearfree_page_open(path, schema, &page);

	if (error != 0)
		return error;
	error = tearfree_page_read(page, words, sizeof words, &reading);
	watch.generation = reading.generation;
	watch.writer = reading.writer;
	/* ORDERING: pairs with the load of the thread that lent `opened` to `wait_event`. */
	__atomic_store_n(opened, true, __ATOMIC_RELEASE);
	if (error == 0)
		error = tearfree_page_wait_event(page, &watch, -1, event);
	tearfree_page_close(page);
	return error;
}

/* On a page "value:u64" whose writer has ended, and whose promise is broken. */
int c_known_events(const char *path);
int c_known_events(const char *path)
{
	struct tearfree_watch watch = TEARFREE_WATCH_INIT, before;
	struct tearfree_page *page = NULL;
	struct tearfree_reading reading;
	uint64_t value, since = 0;
	int event = 0;

	EXPECT(tearfree_page_open(path, "value:u64", &page) == 0);
	EXPECT(tearfree_page_read(page, &value, sizeof value, &reading) == 0);
	EXPECT(tearfree_reading_freshness(&reading, &since) == TEARFREE_STALE && since > 0);
	EXPECT(reading.writer == TEARFREE_ENDED && reading.valid_until < TEARFREE_PROMISE_UNKNOWN);
	EXPECT(tearfree_page_wait_event(page, NULL, 0, &event) == TEARFREE_ERROR_ARGUMENT && event == 0);
	watch.generation = reading.generation;
	EXPECT(tearfree_page_wait_event(page, &watch, -1, &event) == 0 && event == TEARFREE_EVENT_ENDED);
	before = watch;
	EXPECT(tearfree_page_wait_event(page, &watch, -1, &event) == 0 && event == TEARFREE_EVENT_STALE);
	/* Each was reported once, and neither a new reading nor a wait that times out changes that. */
	EXPECT(tearfree_page_read(page, &value, sizeof value, &reading) == 0);
	watch.generation = reading.generation;
	event = 0;
	EXPECT(tearfree_page_wait_event(page, &watch, 0, &event) == TEARFREE_ERROR_TIMED_OUT);
	EXPECT(tearfree_page_wait_event(page, &watch, 1000000, NULL) == TEARFREE_ERROR_TIMED_OUT);
	EXPECT(event == 0);
	EXPECT(tearfree_page_wait_event(page, &before, -1, NULL) == 0);
	EXPECT(tearfree_page_wait_event(page, &before, 0, NULL) == TEARFREE_ERROR_TIMED_OUT);
	/* Of another promise it is reported again. */
	watch.stale_until--;
	EXPECT(tearfree_page_wait_event(page, &watch, -1, &event) == 0 && event == TEARFREE_EVENT_STALE);
	watch.generation++;
	EXPECT(tearfree_page_wait_event(page, &watch, -1, &event) == 0 && event == TEARFREE_EVENT_CHANGED);
	EXPECT(watch.generation == reading.generation);
	tearfree_page_close(page);
	return 0;
}

/* On a page "value:u64" with the value 5: wrong arguments are refused, and valid ones work afterwards. */
int c_wrong_arguments(const char *path);
int c_wrong_arguments(const char *path)
{
	struct tearfree_page *page = NULL;
	struct tearfree_reading reading, later;
	uint64_t value[2] = { 0, 7 };

	EXPECT(tearfree_page_open(path, NULL, NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_page_open(NULL, NULL, &page) == TEARFREE_ERROR_NAME);
	EXPECT(tearfree_page_open(path, "value", &page) == TEARFREE_ERROR_NO_SCHEMA);
	EXPECT(page == NULL);
	EXPECT(tearfree_page_open(path, "value:u64", &page) == 0);
	EXPECT(tearfree_page_read(page, NULL, 8, NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_page_read(page, value, 16, NULL) == TEARFREE_ERROR_SIZE);
	EXPECT(tearfree_page_read(page, value, 8, &reading) == 0);
	EXPECT(value[0] == 5 && reading.generation == 0 && reading.writer == TEARFREE_LIVE);
	EXPECT(tearfree_reading_freshness(&reading, &value[0]) == TEARFREE_UNPROMISED && value[0] == 0);
	EXPECT(reading.published_ns != 0 && reading.valid_until == TEARFREE_NO_PROMISE);
	EXPECT(tearfree_page_read(page, value, 8, &later) == 0);
	EXPECT(memcmp(&later, &reading, sizeof later) == 0 && later.reserved[4] == 0);
	value[0] = tearfree_reading_age(&reading);
	EXPECT(value[0] < TEARFREE_AGE_UNKNOWN && tearfree_reading_age(&later) >= value[0]);
	EXPECT(tearfree_page_size(page) == 8);
	EXPECT(strcmp(tearfree_page_schema(page), "value:u64") == 0);
	tearfree_page_close(page);
	tearfree_page_close(NULL);
	return 0;
}

/* What c_without_counter does in a process that may not read the counter. */
enum { READ_CLOCK, READ, READ_AGE, READ_FRESHNESS };

/*
 * On a page "value:u64" with a promise: does one of these in a child, which the kernel ends by SIGSEGV when it reads the
 * processor's counter. Returns the status of the child, or -1 if this machine cannot do that.
 */
int c_without_counter(const char *path, int what);
int c_without_counter(const char *path, int what)
{
	struct tearfree_page *page = NULL;
	struct tearfree_reading reading;
	struct timespec time;
	uint64_t value;
	int status;
	pid_t child;

	if (tearfree_page_open(path, "value:u64", &page) != 0 ||
	    tearfree_page_read(page, &value, sizeof value, &reading) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		if (prctl(PR_SET_TSC, PR_TSC_SIGSEGV) != 0)
			_exit(1);
		if (what == READ_CLOCK)
			clock_gettime(CLOCK_BOOTTIME, &time);
		else if (what == READ_AGE)
			tearfree_reading_age(&reading);
		else if (what == READ_FRESHNESS)
			tearfree_reading_freshness(&reading, NULL);
		else if (tearfree_page_read(page, &value, sizeof value, &reading) != 0 ||
			 /* The function of the library, too. */
			 (tearfree_page_read)(page, &value, sizeof value, &reading) != 0)
			_exit(2);
		_exit(0);
	}
	tearfree_page_close(page);
	return waitpid(child, &status, 0) == child && status != 256 ? status : -1;
}

/* On a sealed page "value:u64" with the value 6, and another file. */
int c_sealed_page(int file, int other);
int c_sealed_page(int file, int other)
{
	struct tearfree_page *page = NULL;
	uint64_t value;

	EXPECT(tearfree_page_open_sealed(other, NULL, &page) == TEARFREE_ERROR_NOT_SEALED);
	EXPECT(tearfree_page_open_sealed(-1, NULL, &page) == TEARFREE_ERROR_NOT_SEALED);
	EXPECT(tearfree_page_open_sealed(file, "value:u64", &page) == 0);
	EXPECT(tearfree_page_read(page, &value, sizeof value, NULL) == 0);
	EXPECT(value == 6 && tearfree_page_generation(page) == 1);
	tearfree_page_close(page);
	return 0;
}
