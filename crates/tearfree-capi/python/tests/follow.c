/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The C side of test_follower.py, on pages "number:u64 copy:u64".
 *
 *	follow PAGE LAST           follows until the number is LAST; fails if a value is torn or earlier than the one before
 *	publish PAGE FIRST LAST    creates or takes over the page, and publishes these numbers
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tearfree.h>

static const char schema[] = "number:u64 copy:u64";

struct value {
	uint64_t number, copy;
};

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, tearfree_last_error());
	return 1;
}

static int follow(const char *page, uint64_t last)
{
	struct tearfree_follower *follower;
	struct value value = { 0, 0 };
	uint64_t newest = 0;
	int error;

	if (tearfree_follower_open(page, schema, NULL, &follower) != 0)
		return fail("open");
	puts("ready");
	fflush(stdout);
	while (newest < last) {
		error = tearfree_follower_read(follower, &value, sizeof value, NULL);
		/* For a moment there is no page, or one of another schema. */
		if (error != 0 && error != TEARFREE_ERROR_MISSING && error != TEARFREE_ERROR_SCHEMA)
			return fail("read");
		if (value.number != value.copy || value.number < newest)
			return fail("a torn or earlier value");
		newest = value.number;
		if (newest < last && tearfree_follower_wait(follower, -1, NULL) != 0)
			return fail("wait");
	}
	tearfree_follower_close(follower);
	return 0;
}

static int publish(const char *page, uint64_t first, uint64_t last)
{
	struct tearfree_writer_options options = TEARFREE_WRITER_OPTIONS_INIT;
	struct tearfree_writer *writer;
	struct value value = { first, first };

	options.flags = TEARFREE_WAKES | TEARFREE_REPLACE;
	if (tearfree_writer_create(page, schema, &value, sizeof value, &options, &writer) != 0)
		return fail("create");
	while (value.number < last) {
		value.copy = ++value.number;
		if (tearfree_writer_set(writer, &value, sizeof value) != 0)
			return fail("set");
	}
	tearfree_writer_close(writer);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "follow") == 0)
		return follow(argv[2], strtoull(argv[3], NULL, 10));
	if (argc == 5 && strcmp(argv[1], "publish") == 0)
		return publish(argv[2], strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
	return 2;
}
