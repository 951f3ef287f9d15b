/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Writes pages in C, by the calls of <tearfree.h>: what each call does, and what it refuses. */
#include <stdint.h>
#include <string.h>
#include <tearfree.h>

#include "expect.h"

static const char schema[] = "value:u64 rest:u8[8]";

struct value {
	uint64_t value;
	uint8_t rest[8];
};

/* On a path where nothing is: wrong arguments are refused, and create nothing. */
int c_writer_arguments(const char *path);
int c_writer_arguments(const char *path)
{
	struct tearfree_writer_options options = TEARFREE_WRITER_OPTIONS_INIT;
	struct tearfree_writer *writer = NULL, *second = NULL;
	struct tearfree_page *page = NULL;
	struct value value = { 5, { 0 } };
	uint64_t word = 0;
	size_t size;

	EXPECT(tearfree_writer_create(NULL, schema, &value, 16, NULL, &writer) ==
	       TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_create(path, NULL, &value, 16, NULL, &writer) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_create(path, schema, &value, 16, NULL, NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_create(path, "value", &value, 16, NULL, &writer) ==
	       TEARFREE_ERROR_NO_SCHEMA);
	EXPECT(tearfree_writer_create("a b", schema, &value, 16, NULL, &writer) == TEARFREE_ERROR_NAME);
	for (size = 0; size < 64; size++) {
		if (size == sizeof value)
			continue;
		EXPECT(tearfree_writer_create(path, schema, &value, size, NULL, &writer) ==
		       TEARFREE_ERROR_SIZE);
		EXPECT(tearfree_writer_create(path, schema, NULL, size, NULL, &writer) ==
		       TEARFREE_ERROR_SIZE);
		EXPECT(tearfree_writer_create_sealed("sealed", schema, NULL, size, NULL, &writer) ==
		       TEARFREE_ERROR_SIZE);
	}
	EXPECT(tearfree_writer_create_sealed("flags", "flag:bool", "\2", 1, NULL, &writer) ==
	       TEARFREE_ERROR_VALUE);
	EXPECT(tearfree_writer_create(path, "flag:bool", "\2", 1, NULL, &writer) == TEARFREE_ERROR_VALUE);
	options.size = 8;
	EXPECT(tearfree_writer_create(path, schema, NULL, 16, &options, &writer) ==
	       TEARFREE_ERROR_ARGUMENT);
	options.size = sizeof options;
	options.flags = 1U << 31;
	EXPECT(tearfree_writer_create(path, schema, NULL, 16, &options, &writer) ==
	       TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_take_over(path, schema, NULL, &writer) == TEARFREE_ERROR_MISSING);
	EXPECT(tearfree_page_open(path, NULL, &page) == TEARFREE_ERROR_MISSING);
	EXPECT(writer == NULL);

	EXPECT(tearfree_writer_create(path, schema, &value, sizeof value, NULL, &writer) == 0);
	EXPECT(tearfree_writer_create(path, schema, &value, sizeof value, NULL, &second) ==
	       TEARFREE_ERROR_BUSY);
	EXPECT(tearfree_writer_take_over(path, NULL, NULL, &second) == TEARFREE_ERROR_BUSY);
	EXPECT(second == NULL);
	EXPECT(tearfree_writer_set(NULL, &value, 16) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_set(writer, NULL, 16) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_set(writer, &value, 15) == TEARFREE_ERROR_SIZE);
	EXPECT(tearfree_writer_set(writer, &value, SIZE_MAX) == TEARFREE_ERROR_SIZE);
	EXPECT(tearfree_writer_create(path, schema, &value, SIZE_MAX, NULL, &second) ==
	       TEARFREE_ERROR_SIZE);
	EXPECT(tearfree_writer_get(writer, &value, SIZE_MAX) == TEARFREE_ERROR_SIZE);
	EXPECT(tearfree_writer_get(NULL, &value, 16) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_get(writer, NULL, 16) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_get(writer, &value, 17) == TEARFREE_ERROR_SIZE);
	EXPECT(tearfree_writer_update(NULL, NULL, NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_update(writer, NULL, NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_set_word(NULL, 0, 1) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_set_word(writer, 8, 1) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_set_word(writer, UINT32_MAX, 1) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_touch(NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_end(NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_writer_generation(NULL) == 0 && tearfree_writer_size(NULL) == 0);
	EXPECT(tearfree_writer_schema(NULL) == NULL && tearfree_writer_file(NULL) == -1);
	EXPECT(tearfree_writer_generation(writer) == 0 && value.value == 5);

	EXPECT(tearfree_page_open(path, schema, &page) == 0);
	EXPECT(tearfree_page_read(page, &value, SIZE_MAX, NULL) == TEARFREE_ERROR_SIZE);
	EXPECT(tearfree_page_read(page, NULL, 16, NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_page_word(NULL, 0, &word) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_page_word(page, 8, &word) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_page_word(page, 0, NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_page_read(NULL, &value, 16, NULL) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_page_wait(NULL, 0, 0) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(tearfree_page_generation(NULL) == 0 && tearfree_page_size(NULL) == 0);
	EXPECT(tearfree_page_schema(NULL) == NULL);
	tearfree_page_close(page);
	tearfree_writer_close(writer);
	tearfree_writer_close(NULL);
	return 0;
}

static int add(void *value, size_t size, void *argument)
{
	struct value *changed = value;

	if (size != sizeof *changed)
		return -1;
	changed->value += *(const uint64_t *)argument;
	return changed->value > 100;
}

/* On a path where nothing is: each call does what it says, and a reader sees it. */
int c_writer_calls(const char *path);
int c_writer_calls(const char *path)
{
	struct tearfree_writer_options options = TEARFREE_WRITER_OPTIONS_INIT;
	struct tearfree_reading reading;
	struct tearfree_writer *writer;
	struct tearfree_page *page;
	struct value value = { 5, { 1, 2, 3 } }, seen;
	uint64_t more = 7, left, word;

	options.lifetime_ns = 3600000000000;
	EXPECT(tearfree_writer_create(path, schema, &value, sizeof value, &options, &writer) == 0);
	EXPECT(tearfree_writer_size(writer) == sizeof value && tearfree_writer_file(writer) == -1);
	EXPECT(strcmp(tearfree_writer_schema(writer), schema) == 0);
	EXPECT(tearfree_page_open(path, schema, &page) == 0);
	EXPECT(tearfree_page_read(page, &seen, sizeof seen, &reading) == 0);
	EXPECT(memcmp(&seen, &value, sizeof seen) == 0 && reading.generation == 0);
	EXPECT(tearfree_reading_freshness(&reading, &left) == TEARFREE_FRESH && left <= options.lifetime_ns);
	EXPECT(reading.writer == TEARFREE_LIVE);

	value.value = 50;
	EXPECT(tearfree_writer_set(writer, &value, sizeof value) == 0);
	EXPECT(tearfree_writer_generation(writer) == 1);
	EXPECT(tearfree_writer_update(writer, add, &more) == 0);
	EXPECT(tearfree_writer_generation(writer) == 2);
	more = 60;
	EXPECT(tearfree_writer_update(writer, add, &more) == TEARFREE_ERROR_DISCARDED);
	EXPECT(tearfree_writer_generation(writer) == 2);
	EXPECT(tearfree_writer_get(writer, &seen, sizeof seen) == 0);
	EXPECT(seen.value == 57 && seen.rest[2] == 3);
	EXPECT(tearfree_page_read(page, &seen, sizeof seen, &reading) == 0);
	EXPECT(seen.value == 57 && reading.generation == 2);
	EXPECT(tearfree_writer_touch(writer) == 0);
	EXPECT(tearfree_page_generation(page) == 2);
	EXPECT(tearfree_writer_set_word(writer, 0, 11) == 0);
	EXPECT(tearfree_writer_set_word(writer, 7, UINT64_MAX) == 0);
	EXPECT(tearfree_page_word(page, 0, &word) == 0 && word == 11);
	EXPECT(tearfree_page_word(page, 6, &word) == 0 && word == 0);
	EXPECT(tearfree_page_word(page, 7, &word) == 0 && word == UINT64_MAX);

	EXPECT(tearfree_writer_end(writer) == 0);
	EXPECT(tearfree_page_read(page, &seen, sizeof seen, &reading) == 0);
	EXPECT(seen.value == 57 && reading.writer == TEARFREE_ENDED);
	EXPECT(tearfree_writer_end(writer) == TEARFREE_ERROR_ENDED);
	EXPECT(tearfree_writer_set(writer, &value, sizeof value) == TEARFREE_ERROR_ENDED);
	EXPECT(tearfree_writer_get(writer, &seen, sizeof seen) == TEARFREE_ERROR_ENDED);
	EXPECT(tearfree_writer_update(writer, add, &more) == TEARFREE_ERROR_ENDED);
	EXPECT(tearfree_writer_set_word(writer, 0, 1) == TEARFREE_ERROR_ENDED);
	EXPECT(tearfree_writer_touch(writer) == TEARFREE_ERROR_ENDED);
	EXPECT(tearfree_writer_generation(writer) == 2 && tearfree_writer_size(writer) == 16);
	EXPECT(tearfree_page_generation(page) == 2);
	tearfree_writer_close(writer);
	tearfree_page_close(page);
	return 0;
}

/* On a path where nothing is: the value stays unless a new one is given. */
int c_writer_keeps(const char *path);
int c_writer_keeps(const char *path)
{
	struct tearfree_writer_options options = TEARFREE_WRITER_OPTIONS_INIT;
	struct tearfree_writer *writer;
	struct tearfree_page *page;
	struct value zero = { 0, { 0 } }, value = { 5, { 1, 2, 3 } }, seen;

	EXPECT(tearfree_writer_create(path, schema, NULL, sizeof value, NULL, &writer) == 0);
	EXPECT(tearfree_writer_get(writer, &seen, sizeof seen) == 0);
	EXPECT(memcmp(&seen, &zero, sizeof seen) == 0);
	EXPECT(tearfree_writer_set(writer, &value, sizeof value) == 0);
	tearfree_writer_close(writer);

	EXPECT(tearfree_page_open(path, schema, &page) == 0);
	EXPECT(tearfree_writer_create(path, schema, NULL, sizeof value, NULL, &writer) == 0);
	EXPECT(tearfree_writer_generation(writer) == 1);
	EXPECT(tearfree_writer_get(writer, &seen, sizeof seen) == 0);
	EXPECT(memcmp(&seen, &value, sizeof seen) == 0);
	tearfree_writer_close(writer);
	EXPECT(tearfree_writer_take_over(path, NULL, NULL, &writer) == 0);
	EXPECT(tearfree_writer_generation(writer) == 1);
	tearfree_writer_close(writer);
	EXPECT(tearfree_writer_take_over(path, "other:u64", NULL, &writer) == TEARFREE_ERROR_SCHEMA);
	EXPECT(tearfree_writer_take_over(path, "other", NULL, &writer) == TEARFREE_ERROR_NO_SCHEMA);
	EXPECT(tearfree_writer_create(path, "other:u64", NULL, 8, NULL, &writer) ==
	       TEARFREE_ERROR_SCHEMA);
	EXPECT(tearfree_page_read(page, &seen, sizeof seen, NULL) == 0 && seen.value == 5);

	/* Other options make a new page, of the same value. */
	options.flags = TEARFREE_WAKES;
	EXPECT(tearfree_writer_create(path, schema, NULL, sizeof value, &options, &writer) == 0);
	EXPECT(tearfree_writer_get(writer, &seen, sizeof seen) == 0);
	EXPECT(memcmp(&seen, &value, sizeof seen) == 0);
	EXPECT(tearfree_page_wait(page, UINT64_MAX, -1) == TEARFREE_ERROR_SUPERSEDED);
	tearfree_page_close(page);
	tearfree_writer_close(writer);

	/* So does another schema, if that is asked for; nothing can be kept then. */
	options.flags = TEARFREE_REPLACE;
	EXPECT(tearfree_writer_create(path, "other:u64", NULL, 8, &options, &writer) == 0);
	EXPECT(tearfree_writer_get(writer, &seen, 8) == 0 && seen.value == 0);
	tearfree_writer_close(writer);
	return 0;
}

struct calls {
	struct tearfree_writer *writer;
	int results[7];
};

static int call_from_inside(void *value, size_t size, void *argument)
{
	struct calls *calls = argument;
	struct tearfree_writer *writer = calls->writer;

	if ((uintptr_t)value % 16 != 0 || size != 32)
		return 1;
	calls->results[0] = tearfree_writer_set(writer, value, size);
	calls->results[1] = tearfree_writer_get(writer, value, size);
	calls->results[2] = tearfree_writer_update(writer, call_from_inside, argument);
	calls->results[3] = tearfree_writer_set_word(writer, 0, 1);
	calls->results[4] = tearfree_writer_touch(writer);
	calls->results[5] = tearfree_writer_end(writer);
	calls->results[6] = TEARFREE_ERROR_NESTED;
	tearfree_writer_close(writer);
	((uint8_t *)value)[31] = 9;
	return 0;
}

/* A callback gets an aligned value, and cannot call its own writer. */
int c_writer_callback(void);
int c_writer_callback(void)
{
	struct calls calls = { NULL, { 0 } };
	uint8_t seen[32];
	size_t i;

	EXPECT(tearfree_writer_create_sealed("aligned", "value:u128[2]", NULL, 32, NULL,
					     &calls.writer) == 0);
	EXPECT(tearfree_writer_update(calls.writer, call_from_inside, &calls) == 0);
	for (i = 0; i < sizeof calls.results / sizeof *calls.results; i++)
		EXPECT(calls.results[i] == TEARFREE_ERROR_NESTED);
	EXPECT(tearfree_writer_generation(calls.writer) == 1);
	EXPECT(tearfree_writer_get(calls.writer, seen, sizeof seen) == 0 && seen[31] == 9);
	tearfree_writer_close(calls.writer);
	return 0;
}

/* A sealed page is read by its descriptor, also after its writer has ended. */
int c_writer_sealed(void);
int c_writer_sealed(void)
{
	struct tearfree_writer *writer;
	struct tearfree_page *page;
	struct value value = { 5, { 0 } }, seen;

	EXPECT(tearfree_writer_create_sealed("numbers", schema, &value, sizeof value, NULL, &writer) ==
	       0);
	EXPECT(tearfree_page_open_sealed(tearfree_writer_file(writer), schema, &page) == 0);
	value.value = 6;
	EXPECT(tearfree_writer_set(writer, &value, sizeof value) == 0);
	EXPECT(tearfree_writer_end(writer) == 0 && tearfree_writer_file(writer) == -1);
	tearfree_writer_close(writer);
	EXPECT(tearfree_page_read(page, &seen, sizeof seen, NULL) == 0 && seen.value == 6);
	tearfree_page_close(page);
	return 0;
}

/* On a page of this user, `own`, who is not user `other`: it is opened if that is a trusted owner. */
int c_trusted_owner(const char *path, const char *own, const char *other);
int c_trusted_owner(const char *path, const char *own, const char *other)
{
	struct tearfree_page_options options = TEARFREE_PAGE_OPTIONS_INIT;
	const char *const trusted[] = { NULL, "any", own };
	struct tearfree_page *page = NULL;
	size_t i;

	options.owner = other;
	EXPECT(tearfree_page_open_with(path, NULL, &options, &page) == TEARFREE_ERROR_OWNER);
	options.owner = "-1";
	EXPECT(tearfree_page_open_with(path, NULL, &options, &page) != 0);
	options.size--;
	EXPECT(tearfree_page_open_with(path, NULL, &options, &page) == TEARFREE_ERROR_ARGUMENT);
	EXPECT(page == NULL);
	options.size++;
	for (i = 0; i < 3; i++) {
		options.owner = trusted[i];
		EXPECT(tearfree_page_open_with(path, NULL, &options, &page) == 0);
		tearfree_page_close(page);
	}
	EXPECT(tearfree_page_open_with(path, NULL, NULL, &page) == 0);
	tearfree_page_close(page);
	return 0;
}
