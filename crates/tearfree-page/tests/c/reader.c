/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Opens and reads a page that any process may have written. */
#include "page.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

const error NO_PAGE = "there is no page", OTHER_BOOT = "a page from before the last boot";

/* Whether file and directory are of this user or of root, and no other user can write to them. */
static bool is_trusted(int directory, const struct stat *file, bool for_writing)
{
	struct stat of_directory;

	return !fstat(directory, &of_directory) &&
	       (file->st_uid == geteuid() || (file->st_uid == 0 && !for_writing)) &&
	       (of_directory.st_uid == geteuid() || of_directory.st_uid == 0) &&
	       !((file->st_mode | of_directory.st_mode) & (S_IWGRP | S_IWOTH));
}

static bool is_of_this_boot(const struct header *header)
{
	const unsigned char unknown[16] = { 0 };
	unsigned char ours[16];

	boot_id(ours);
	return !memcmp(header->boot_id, ours, 16) || !memcmp(header->boot_id, unknown, 16) || !memcmp(ours, unknown, 16);
}

/* Checks a page, and takes its header and its schema. */
static error check(struct page *page, uint64_t file_len)
{
	struct header *header = &page->header;
	char *text;
	error why;

	copy_out(header, page->map, sizeof *header);
	if (memcmp(header->magic, MAGIC, sizeof MAGIC))
		return "no page: other first bytes";
	if (header->order != BYTE_ORDER_MARK)
		return "a page of the other byte order";
	if (header->major != 1)
		return "a page of another version";
	if (header->total_len > file_len)
		return "the file is shorter than the page";
	page->stride = LINE + ((size_t)header->size + LINE - 1) / LINE * LINE;
	uint64_t schema_at = SLOTS + 2 * (uint64_t)page->stride;
	if (header->size > MAX_SIZE || !header->text_len || header->text_len > MAX_TEXT ||
	    schema_at + header->text_len > header->total_len)
		return "the sizes in the header";
	text = malloc(header->text_len);
	copy_out(text, page->map + schema_at, header->text_len);
	why = parse_schema(text, header->text_len, &page->schema);
	if (!why && (fnv1a(text, header->text_len) != header->fingerprint || page->schema.size != header->size ||
		     page->schema.align != header->align))
		why = "the schema contradicts the header";
	free(text);
	return why ? why : is_of_this_boot(header) ? NULL : OTHER_BOOT;
}

error open_page(int directory, const char *name, bool for_writing, struct page *page)
{
	int access = for_writing ? O_RDWR : O_RDONLY;
	int file = openat(directory, name, access | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	error why = NULL;

	*page = (struct page){ .map = MAP_FAILED };
	if (file < 0)
		return errno == ENOENT ? NO_PAGE : strerror(errno);
	if (fstat(file, &status))
		why = strerror(errno);
	else if (!S_ISREG(status.st_mode))
		why = "no page: no regular file";
	else if (!is_trusted(directory, &status, for_writing))
		why = "the page belongs to another user, or others can write to it";
	else if (status.st_size < SLOTS)
		why = "no page: too short";
	if (!why) {
		page->map_len = (uint64_t)status.st_size < MAX_LEN ? (size_t)status.st_size : MAX_LEN;
		page->device = status.st_dev, page->inode = status.st_ino;
		page->map = mmap(NULL, page->map_len, PROT_READ | (for_writing ? PROT_WRITE : 0), MAP_SHARED, file, 0);
		why = page->map == MAP_FAILED ? strerror(errno) : check(page, (uint64_t)status.st_size);
	}
	close(file);
	if (why)
		close_page(page);
	return why;
}

void close_page(struct page *page)
{
	free_schema(&page->schema);
	if (page->map != MAP_FAILED)
		munmap(page->map, page->map_len);
	page->map = MAP_FAILED;
}

error read_page(const struct page *page, struct reading *reading)
{
	size_t len = sizeof reading->stamp + page->header.size;
	unsigned char *copy = malloc(len);
	error why = read_pair(page, COUNT, SLOTS, page->stride, copy, len, &reading->generation, &reading->was_newest);

	memcpy(&reading->stamp, copy, sizeof reading->stamp);
	memmove(copy, copy + sizeof reading->stamp, page->header.size);
	reading->payload = copy;
	return why;
}

error read_record(const struct page *page, struct record *record)
{
	uint64_t generation;

	return read_pair(page, WRITER_COUNT, RECORDS, LINE, record, sizeof *record, &generation, NULL);
}

const char *freshness(const struct stamp *stamp, uint64_t *age_ns)
{
	uint64_t now = boottime(), ours = namespace_inode("time");
	bool is_known = stamp->time_ns && stamp->time_ns == ours;

	*age_ns = is_known && stamp->published_ns && stamp->published_ns <= now ? now - stamp->published_ns : UINT64_MAX;
	if (stamp->valid_until == NO_PROMISE)
		return "unpromised";
	if (!is_known || stamp->valid_until == NEVER_STORED || stamp->published_ns > now)
		return "unknown";
	return now <= stamp->valid_until ? "fresh" : "stale";
}

/* `struct futex_waitv` of Linux 5.16. */
struct sleeper {
	uint64_t expected, address;
	uint32_t flags, zero;
};

static void sleep_on(const struct page *page, uint64_t count, uint32_t state, uint64_t at_most_ns)
{
	struct sleeper words[2] = {
		{ (uint32_t)count, (uintptr_t)(page->map + low_half(COUNT)), 2 /* 32 bits */, 0 },
		{ state, (uintptr_t)(page->map + STATE), 2, 0 },
	};
	struct timespec until;
	const long waitv = 449;

	clock_gettime(CLOCK_MONOTONIC, &until);
	uint64_t end = (uint64_t)until.tv_sec * 1000000000 + (uint64_t)until.tv_nsec + at_most_ns;
	until = (struct timespec){ (time_t)(end / 1000000000), (long)(end % 1000000000) };
	if (syscall(waitv, words, 2, 0, &until, CLOCK_MONOTONIC) >= 0 || errno != ENOSYS)
		return;
	struct timespec shortly = { 0, at_most_ns < 100000000 ? (long)at_most_ns : 100000000 };
	syscall(SYS_futex, page->map + low_half(COUNT), FUTEX_WAIT, (uint32_t)count, &shortly, NULL, 0);
}

/* How long to sleep where no writer wakes. */
static uint64_t poll_interval(uint64_t waited, uint64_t at_most)
{
	uint64_t interval = waited / 8;

	if (interval < 1000000)
		interval = 1000000;
	if (interval > 100000000)
		interval = 100000000;
	return interval < at_most ? interval : at_most;
}

const char *wait_page(const struct page *page, const struct reading *reading)
{
	const uint64_t begin = boottime();

	for (;;) {
		struct stamp stamp;
		uint64_t generation, age, at_most = 1000000000;
		uint64_t count = atomic_load(word(page, COUNT));
		uint32_t state = atomic_load(half_word(page, STATE));

		if (count / 2 != reading->generation)
			return "changed";
		if (state != LIVE)
			return state == SUPERSEDED ? "superseded" : "ended";
		/* A promise can be renewed meanwhile. */
		if (read_pair(page, COUNT, SLOTS, page->stride, &stamp, sizeof stamp, &generation, NULL) ||
		    generation != reading->generation)
			continue;
		if (!strcmp(freshness(&stamp, &age), "stale"))
			return "stale";
		if (!strcmp(freshness(&stamp, &age), "fresh")) {
			uint64_t left = stamp.valid_until - boottime() + 1;
			at_most = left < at_most ? left : at_most;
		}
		if (page->header.flags & WAKES)
			sleep_on(page, count, state, at_most);
		else
			nanosleep(&(struct timespec){ 0, (long)poll_interval(boottime() - begin, at_most) }, NULL);
	}
}
