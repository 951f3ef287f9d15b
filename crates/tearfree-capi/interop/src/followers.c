/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Follows names in C, by the calls of <tearfree.h>. */
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <tearfree.h>

#include "expect.h"

static const char schema[] = "number:u64 copy:u64";

struct value {
	uint64_t number, copy;
};

/*
 * Sets `seen` to each number that it reads, until that is `last`. Returns the line of a value that is torn or earlier than
 * the one before, or of a call that fails, or 0.
 */
int c_follow(const char *path, uint64_t last, bool by_descriptor, uint64_t *seen);
int c_follow(const char *path, uint64_t last, bool by_descriptor, uint64_t *seen)
{
	struct tearfree_follower *follower;
	struct pollfd ready = { -1, POLLIN, 0 };
	struct value value = { 0, 0 };
	uint64_t newest = 0;
	int error;

	EXPECT(tearfree_follower_open(path, schema, NULL, &follower) == 0);
	if (by_descriptor)
		EXPECT(tearfree_follower_descriptor(follower, &ready.fd) == 0 && ready.fd >= 0);
	while (newest < last) {
		error = tearfree_follower_read(follower, &value, sizeof value, NULL);
		EXPECT(error == 0 || (error == TEARFREE_ERROR_MISSING && newest == 0));
		EXPECT(value.number == value.copy && value.number >= newest);
		newest = value.number;
		/* ORDERING: Relaxed: a number that says how far this is. */
		__atomic_store_n(seen, newest, __ATOMIC_RELAXED);
		error = tearfree_follower_wait(follower, by_descriptor ? 0 : -1, NULL);
		EXPECT(error == 0 || (by_descriptor && error == TEARFREE_ERROR_TIMED_OUT));
		if (error != 0 && newest < last)
			EXPECT(poll(&ready, 1, -1) == 1);
	}
	tearfree_follower_close(follower);
	return 0;
}

static void *wait_in_thread(void *follower)
{
	static int error;

	/* The first thread asks again and again whether the follower is in use, and uses it for that. */
	do
		error = tearfree_follower_wait(follower, -1, NULL);
	while (error == TEARFREE_ERROR_IN_USE);
	return &error;
}

/* On a path where nothing is: wrong arguments are refused, and another thread is. */
int c_follower_arguments(const char *path);
int c_follower_arguments(const char *path)
{
	struct tearfree_writer_options options = TEARFREE_WRITER_OPTIONS_INIT;
	struct tearfree_page_options owner = TEARFREE_PAGE_OPTIONS_INIT;
	struct tearfree_follower *follower = NULL;
	struct tearfree_writer *writer;
	struct tearfree_reading reading;
	struct value value = { 5, 5 };
	pthread_t thread;
	void *result;
	int event = 0, descriptor, error;

	EXPECT(tearfree_follower_open(NULL, NULL, NULL, &follower) == TEARFREE_ERROR_NAME);
	EXPECT(tearfree_follower_open(path, NULL, NULL, NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_follower_open(path, "number", NULL, &follower) == TEARFREE_ERROR_NO_SCHEMA);
	owner.owner = "+1";
	EXPECT(tearfree_follower_open(path, NULL, &owner, &follower) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_follower_read(NULL, &value, 8, NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_follower_wait(NULL, 0, &event) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_follower_descriptor(NULL, &descriptor) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_follower_problem(NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_follower_schema(NULL) == NULL && tearfree_follower_size(NULL) == 0);
	tearfree_follower_close(NULL);
	EXPECT(follower == NULL);

	owner.owner = "any";
	EXPECT(tearfree_follower_open(path, NULL, &owner, &follower) == 0);
	EXPECT(tearfree_follower_problem(follower) == TEARFREE_ERROR_MISSING);
	EXPECT(tearfree_follower_read(follower, &value, 0, NULL) == TEARFREE_ERROR_MISSING);
	EXPECT(tearfree_follower_descriptor(follower, NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_follower_wait(follower, 1000000, &event) == TEARFREE_ERROR_TIMED_OUT && event == 0);
	EXPECT(pthread_create(&thread, NULL, wait_in_thread, follower) == 0);
	do
		error = tearfree_follower_problem(follower);
	while (error == TEARFREE_ERROR_MISSING);
	EXPECT(error == TEARFREE_ERROR_IN_USE && strstr(tearfree_last_error(), "another thread") != NULL);
	options.flags = TEARFREE_WAKES;
	options.lifetime_ns = 1;
	EXPECT(tearfree_writer_create(path, schema, &value, sizeof value, &options, &writer) == 0);
	EXPECT(pthread_join(thread, &result) == 0 && *(int *)result == 0);

	EXPECT(tearfree_follower_read(follower, NULL, sizeof value, NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_follower_read(follower, &value, 8, NULL) == TEARFREE_ERROR_SIZE);
	value.number = 0;
	EXPECT(tearfree_follower_read(follower, &value, sizeof value, &reading) == 0 && value.number == 5);
	EXPECT(reading.writer == TEARFREE_LIVE && reading.generation == 0);
	EXPECT(tearfree_reading_freshness(&reading, NULL) == TEARFREE_STALE);
	EXPECT(tearfree_follower_wait(follower, -1, &event) == 0 && event == TEARFREE_EVENT_STALE);
	tearfree_writer_close(writer);
	EXPECT(tearfree_follower_wait(follower, -1, &event) == 0 && event == TEARFREE_EVENT_ENDED);
	EXPECT(strcmp(tearfree_follower_schema(follower), schema) == 0);
	EXPECT(tearfree_follower_size(follower) == sizeof value && tearfree_follower_problem(follower) == 0);
	tearfree_follower_close(follower);
	return 0;
}
