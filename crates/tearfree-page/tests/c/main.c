/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The commands of the reader and writer in C. Values are hexadecimal digits, in the byte order of the machine.
 *
 *	page write DIRECTORY SCHEMA [LIFETIME_NS] [wakes]
 *		publishes each line of the input, and answers with its generation. The first one creates the page or takes
 *		it over; "renew" renews the promise; the end of the input ends the writer.
 *	page hammer DIRECTORY COUNT	publishes values of COUNT equal u64 until it is killed, or loses the page
 *	page tear DIRECTORY SCHEMA	takes the page over, and breaks the protocol: half of each line is stored in the
 *					slot in use, which is a control, and has to be seen
 *	page read FILE			prints the newest value and what is known about it
 *	page step FILE			prints "half" in the middle of each copy, and goes on at the next line of the input;
 *					then prints the generation, whether it was the newest, and the value
 *	page scan FILE COUNT		reads COUNT times; each value has to be equal u64, and none older than the last
 *	page wait FILE			prints why a wait ended, and the generation before and after it
 *	page follow DIRECTORY		prints each value that has the name, until the end of the input
 *	page remove DIRECTORY
 */
#include "page.h"
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void require(error why)
{
	if (!why)
		return;
	fprintf(stderr, "page: %s\n", why);
	exit(1);
}

/* The payload that a line of digits is, or NULL. */
static unsigned char *payload_from(const char *line, size_t size)
{
	unsigned char *payload = calloc(1, size);
	size_t i;

	for (i = 0; i < size && sscanf(line + 2 * i, "%2hhx", &payload[i]) == 1; i++)
		;
	if (i == size && (line[2 * i] == '\n' || !line[2 * i]))
		return payload;
	free(payload);
	return NULL;
}

static void print_payload(const unsigned char *payload, size_t size)
{
	for (size_t i = 0; i < size; i++)
		printf("%02x", payload[i]);
}

static struct page open_file(const char *path)
{
	char *directory = strdup(path), *name = strdup(path);
	int folder = open(dirname(directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct page page = { 0 };

	require(folder < 0 ? "there is no page" : open_page(folder, basename(name), false, &page));
	close(folder);
	free(directory);
	free(name);
	return page;
}

static const char *state_name(uint32_t state)
{
	return state == LIVE ? "live" : state == SUPERSEDED ? "superseded" : "ended";
}

static int write_lines(struct writer *writer, const char *path, const struct schema *schema)
{
	char *line = NULL;
	size_t space = 0;
	bool has_begun = false;

	while (getline(&line, &space, stdin) > 0) {
		if (has_begun && !strcmp(line, "renew\n")) {
			require(renew(writer));
		} else {
			unsigned char *value = payload_from(line, schema->size);

			require(!value ? "no value of this size" : first_invalid(schema, value) ? "the value is invalid" : NULL);
			require(has_begun ? publish(writer, value) : begin_writing(writer, path, schema, value));
			has_begun = true;
			free(value);
		}
		printf("%" PRIu64 "\n", writer->generation);
		fflush(stdout);
	}
	if (has_begun)
		end_writing(writer);
	return 0;
}

static int hammer(struct writer *writer, const char *path, size_t count)
{
	struct schema schema;
	char text[32];
	uint64_t *value = calloc(count, sizeof *value);
	error why;

	snprintf(text, sizeof text, count > 1 ? "v:u64[%zu]" : "v:u64", count);
	require(parse_schema(text, strlen(text), &schema));
	require(begin_writing(writer, path, &schema, value));
	printf("%" PRIu64 "\n", writer->generation);
	fflush(stdout);
	do {
		for (size_t i = 0; i < count; i++)
			value[i] = writer->generation + 1;
		why = publish(writer, value);
	} while (!why);
	require(why);
	return 1;
}

static int tear(struct writer *writer, const char *path, const struct schema *schema)
{
	char *line = NULL;
	size_t space = 0;

	while (getline(&line, &space, stdin) > 0) {
		unsigned char *value = payload_from(line, schema->size);

		require(value ? NULL : "no value of this size");
		if (!writer->page.map)
			require(begin_writing(writer, path, schema, value));
		else
			copy_in(writer->page.map + SLOTS + writer->page.stride * (writer->generation % 2) + LINE, value,
				schema->size / 2);
		printf("%" PRIu64 "\n", writer->generation);
		fflush(stdout);
		free(value);
	}
	return 0;
}

static int print_page(const char *path)
{
	struct page page = open_file(path);
	struct reading reading;
	struct record record;
	uint64_t age;

	require(read_page(&page, &reading));
	uint32_t state = atomic_load(half_word(&page, STATE));
	const char *its_freshness = freshness(&reading.stamp, &age);
	const struct field *invalid = first_invalid(&page.schema, reading.payload);
	require(read_record(&page, &record));
	printf("{\"generation\": %" PRIu64 ", \"payload\": \"", reading.generation);
	print_payload(reading.payload, page.header.size);
	printf("\", \"invalid\": \"%.*s\", \"freshness\": \"%s\"", invalid ? (int)invalid->name_len : 0,
	       invalid ? invalid->name : "", its_freshness);
	if (age != UINT64_MAX)
		printf(", \"age_ns\": %" PRIu64, age);
	printf(", \"state\": \"%s\", \"incarnation\": %" PRIu64 ", \"schema\": \"%.*s\"", state_name(state),
	       page.header.incarnation, (int)page.schema.len, page.schema.text);
	printf(", \"pid\": %" PRIu32 ", \"takeovers\": %" PRIu64 "}\n", record.pid, record.takeovers);
	return 0;
}

static void wait_for_line(void)
{
	printf("half\n");
	fflush(stdout);
	while (getchar() != '\n' && !feof(stdin))
		;
}

static int read_in_steps(const char *path)
{
	struct page page = open_file(path);
	struct reading reading;

	in_each_copy = wait_for_line;
	require(read_page(&page, &reading));
	printf("%" PRIu64 " %s ", reading.generation, reading.was_newest ? "newest" : "old");
	print_payload(reading.payload, page.header.size);
	printf("\n");
	return 0;
}

/* Prints the numbers of torn values, of values older than the last one, of newest values, and the last generation. */
static int scan(const char *path, uint64_t count)
{
	struct page page = open_file(path);
	uint64_t torn = 0, back = 0, changes = 0, last = 0;

	for (uint64_t i = 0; i < count; i++) {
		struct reading reading;

		require(read_page(&page, &reading));
		for (size_t at = 8; at + 8 <= page.header.size; at += 8)
			if (memcmp(reading.payload, reading.payload + at, 8)) {
				torn++;
				break;
			}
		back += reading.generation < last;
		changes += reading.generation > last;
		last = reading.generation;
		free(reading.payload);
	}
	printf("torn %" PRIu64 " back %" PRIu64 " changes %" PRIu64 " last %" PRIu64 "\n", torn, back, changes, last);
	return torn || back;
}

static int wait_once(const char *path)
{
	struct page page = open_file(path);
	struct reading before, after;

	require(read_page(&page, &before));
	printf("%" PRIu64 "\n", before.generation);
	fflush(stdout);
	const char *why = wait_page(&page, &before);
	require(read_page(&page, &after));
	printf("%s %" PRIu64 "\n", why, after.generation);
	return 0;
}

static bool input_has_ended(void)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };

	return poll(&input, 1, 1) > 0;
}

/* Opens the page under the name again if it is another file, and no older than what was shown. */
static void look_again(const char *path, struct page *page, uint64_t incarnation, uint64_t generation)
{
	struct page found;
	struct stat status;
	struct reading reading = { 0 };
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0)
		return;
	bool is_other = !fstatat(directory, "page", &status, AT_SYMLINK_NOFOLLOW) &&
			(!page->map || status.st_dev != page->device || status.st_ino != page->inode);
	error why = is_other ? open_page(directory, "page", false, &found) : "the same file";

	close(directory);
	if (why)
		return;
	uint64_t other = found.header.incarnation;
	why = atomic_load(half_word(&found, STATE)) == SUPERSEDED ? "soon there is another one" : read_page(&found, &reading);
	bool is_older = other < incarnation || (other == incarnation && reading.generation < generation);
	free(reading.payload);
	if (why || is_older) {
		close_page(&found);
		return;
	}
	if (page->map)
		close_page(page);
	*page = found;
}

static int follow(const char *path)
{
	struct page page = { 0 };
	uint64_t incarnation = 0, generation = 0;
	bool has_shown = false;

	for (;;) {
		struct reading reading;
		bool is_last = input_has_ended();

		look_again(path, &page, incarnation, generation);
		if (page.map && !read_page(&page, &reading)) {
			if (!has_shown || page.header.incarnation != incarnation || reading.generation != generation) {
				printf("%" PRIu64 " %" PRIu64 " ", page.header.incarnation, reading.generation);
				print_payload(reading.payload, page.header.size);
				printf("\n");
				fflush(stdout);
			}
			incarnation = page.header.incarnation, generation = reading.generation;
			has_shown = true;
			free(reading.payload);
		}
		if (is_last)
			return 0;
	}
}

int main(int argc, char **argv)
{
	struct writer writer = { 0 };
	struct schema schema;
	const char *command = argc > 2 ? argv[1] : "";

	if (argc > 3 && (!strcmp(command, "write") || !strcmp(command, "tear"))) {
		require(parse_schema(argv[3], strlen(argv[3]), &schema));
		for (int i = 4; i < argc; i++) {
			writer.wakes |= !strcmp(argv[i], "wakes");
			writer.lifetime_ns += strtoull(argv[i], NULL, 10);
		}
		return *command == 'w' ? write_lines(&writer, argv[2], &schema) : tear(&writer, argv[2], &schema);
	}
	if (argc == 4 && !strcmp(command, "hammer"))
		return hammer(&writer, argv[2], strtoull(argv[3], NULL, 10));
	if (argc == 4 && !strcmp(command, "scan"))
		return scan(argv[2], strtoull(argv[3], NULL, 10));
	if (!strcmp(command, "read"))
		return print_page(argv[2]);
	if (!strcmp(command, "step"))
		return read_in_steps(argv[2]);
	if (!strcmp(command, "wait"))
		return wait_once(argv[2]);
	if (!strcmp(command, "follow"))
		return follow(argv[2]);
	if (!strcmp(command, "remove"))
		return require(remove_page(argv[2])), 0;
	fprintf(stderr, "see the first lines of main.c\n");
	return 2;
}
