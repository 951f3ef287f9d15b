/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Creates a page or takes it over, and publishes. */
#include "page.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the generation skips where another writer may still publish what it had begun. */
#define GAP (1u << 20)

static uint64_t own(const struct writer *writer) { return ownership(LIVE, (uint32_t)writer->takeovers); }

static bool change_ownership(const struct page *page, uint64_t from, uint64_t to)
{
	return atomic_compare_exchange_strong(word(page, STATE), &from, to);
}

static uint64_t promised_until(const struct writer *writer, uint64_t now)
{
	const uint64_t most = UINT64_MAX - 2;

	if (!writer->lifetime_ns)
		return NO_PROMISE;
	return now > most - writer->lifetime_ns ? most : now + writer->lifetime_ns;
}

static struct stamp stamp_of_now(const struct writer *writer)
{
	uint64_t now = boottime();

	return (struct stamp){ now, promised_until(writer, now), namespace_inode("time"), { 0 } };
}

static void write_record(const struct writer *writer)
{
	struct record record = { writer->takeovers, (uint32_t)getpid(), geteuid(), namespace_inode("pid"), start_time(0),
				 realtime(), writer->lifetime_ns, namespace_inode("time"), 0 };
	uint64_t generation = atomic_load(word(&writer->page, WRITER_COUNT)) / 2;

	write_pair(&writer->page, WRITER_COUNT, RECORDS, LINE, generation, NULL, &record, sizeof record);
}

/* Whether the writer that the record names has provably ended. */
static bool is_gone(const struct record *record)
{
	uint64_t now;

	if (!record->pid_ns || record->pid_ns != namespace_inode("pid"))
		return false;
	if (kill((pid_t)record->pid, 0) && errno == ESRCH)
		return true;
	if (!record->time_ns || record->time_ns != namespace_inode("time"))
		return false; /* the start time is by another clock */
	now = start_time((pid_t)record->pid);
	return now && record->start_time && (now != record->start_time || is_zombie((pid_t)record->pid));
}

/* Whether no process can still write to the page. */
static bool has_ended(const struct page *page, int lock, uint64_t seen)
{
	struct stat status;
	struct record record;

	if (fstat(lock, &status) || page->header.lock_inode != status.st_ino)
		return false;
	return state_of(seen) == ENDED || (state_of(seen) == LIVE && !read_record(page, &record) && is_gone(&record));
}

static uint64_t without_owner(uint64_t seen) { return ownership(state_of(seen), (owner_of(seen) + 1) ^ 1u << 31); }

/* Its writer, if it is alive, finds another owner than itself. Returns what it was. */
static uint64_t stop_writer(const struct page *page)
{
	uint64_t seen;

	do
		seen = atomic_load(word(page, STATE));
	while (!change_ownership(page, seen, without_owner(seen)));
	/* What it still publishes is what it had begun. */
	atomic_thread_fence(memory_order_seq_cst);
	return seen;
}

static error take_over_in_place(struct writer *writer, uint64_t seen)
{
	write_record(writer);
	if (!change_ownership(&writer->page, seen, own(writer)))
		return "another process has the page";
	writer->generation = atomic_load(word(&writer->page, COUNT)) / 2;
	return NULL;
}

static void fill_header(struct writer *writer, const struct schema *schema, const struct page *old)
{
	struct header header = { .order = BYTE_ORDER_MARK, .major = 1, .total_len = writer->page.map_len };
	struct stat status;
	uint64_t since_boot = boottime() - (uint64_t)boottime_offset();

	memcpy(header.magic, MAGIC, sizeof MAGIC);
	header.fingerprint = fnv1a(schema->text, schema->len);
	header.size = (uint32_t)schema->size, header.align = (uint32_t)schema->align;
	header.text_len = (uint32_t)schema->len, header.flags = writer->wakes ? WAKES : 0;
	header.page_id = random_number(), header.created_ns = realtime();
	boot_id(header.boot_id);
	header.incarnation = old && old->header.incarnation >= since_boot ? old->header.incarnation + 1 : since_boot;
	header.lock_inode = fstat(writer->lock, &status) ? 0 : status.st_ino;
	writer->page.header = header;
	copy_in(writer->page.map, &header, sizeof header);
	copy_in(writer->page.map + SLOTS + 2 * writer->page.stride, schema->text, schema->len);
}

static error map_new_file(struct writer *writer, const struct schema *schema, const char *aside, int *file)
{
	struct page *page = &writer->page;

	page->stride = LINE + (schema->size + LINE - 1) / LINE * LINE;
	page->map_len = SLOTS + 2 * page->stride + schema->len;
	*file = openat(writer->directory, aside, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*file < 0)
		return strerror(errno);
	int failed = posix_fallocate(*file, 0, (off_t)page->map_len);
	if (failed)
		return strerror(failed);
	page->map = mmap(NULL, page->map_len, PROT_READ | PROT_WRITE, MAP_SHARED, *file, 0);
	return page->map == MAP_FAILED ? strerror(errno) : NULL;
}

/* Gives the new file the name of the page. */
static error name_page(const struct writer *writer, const char *aside, struct page *old)
{
	if (old && !renameat2(writer->directory, aside, writer->directory, "page", RENAME_EXCHANGE)) {
		supersede(old);
		unlinkat(writer->directory, aside, 0);
		return NULL;
	}
	if (renameat(writer->directory, aside, writer->directory, "page"))
		return strerror(errno);
	if (old)
		supersede(old);
	return NULL;
}

/* Whether the file `page` is this one: where `lock` was removed by hand, another process can have replaced it. */
static bool has_name(const struct writer *writer, int file)
{
	struct stat ours, named;

	return !fstat(file, &ours) && !fstatat(writer->directory, "page", &named, AT_SYMLINK_NOFOLLOW) &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* Fills a new page with the value, or with that of the old page, and replaces that. */
static error make_page(struct writer *writer, const struct schema *schema, const void *value, struct page *old,
		       const struct reading *kept)
{
	struct stamp stamp = kept ? kept->stamp : stamp_of_now(writer);
	char aside[NAME_LEN];
	int file;
	error why;

	temporary_name(aside);
	why = map_new_file(writer, schema, aside, &file);
	if (!why) {
		fill_header(writer, schema, old);
		write_record(writer);
		/* Writes the slot, and the count that selects it. */
		write_pair(&writer->page, COUNT, SLOTS, writer->page.stride, writer->generation - 1, &stamp,
			   kept ? kept->payload : value, schema->size);
		atomic_store(word(&writer->page, STATE), own(writer));
		for (size_t at = WORDS; kept && at < SLOTS; at += 8)
			atomic_store(word(&writer->page, at), atomic_load(word(old, at)));
		why = fchmod(file, 0644) ? strerror(errno) : name_page(writer, aside, old);
	}
	if (why)
		unlinkat(writer->directory, aside, 0);
	else if (!has_name(writer, file))
		why = "another process has the page";
	if (file >= 0)
		close(file);
	return why;
}

/* Replaces a page, whose value and generation go on in the new one. */
static error succeed_in_new_page(struct writer *writer, const struct schema *schema, struct page *old, bool ended)
{
	uint64_t stopped = stop_writer(old);
	struct reading kept;
	error why = read_page(old, &kept);

	if (!why) {
		writer->generation = kept.generation + (ended ? 1 : GAP);
		why = make_page(writer, schema, NULL, old, &kept);
	}
	if (why)
		change_ownership(old, without_owner(stopped), stopped);
	free(kept.payload);
	close_page(old);
	return why;
}

/* Goes on with the page that is there. */
static error succeed(struct writer *writer, const struct schema *schema, const void *value, struct page *old)
{
	uint64_t seen = atomic_load(word(old, STATE));
	bool ended = has_ended(old, writer->lock, seen);
	bool is_same = schema->len == old->schema.len && !memcmp(schema->text, old->schema.text, schema->len);
	struct record record;
	error why = read_record(old, &record);

	if (why)
		return why;
	if (!is_same)
		return "the page has another schema";
	writer->takeovers = record.takeovers + 1;
	if (ended && writer->wakes == (bool)(old->header.flags & WAKES)) {
		writer->page = *old;
		why = take_over_in_place(writer, seen);
	} else {
		why = succeed_in_new_page(writer, schema, old, ended);
	}
	return why ? why : publish(writer, value);
}

error begin_writing(struct writer *writer, const char *path, const struct schema *schema, const void *value)
{
	struct page old;
	error why;

	if (first_invalid(schema, value))
		return "the value is invalid";
	if ((why = lock_directory(path, true, &writer->directory, &writer->lock)))
		return why;
	if (!(why = finish_procedures(writer->directory))) {
		why = open_page(writer->directory, "page", true, &old);
		if (!why)
			why = succeed(writer, schema, value, &old);
		else if (why == NO_PAGE || why == OTHER_BOOT)
			why = make_page(writer, schema, value, NULL, NULL);
	}
	if (why)
		close(writer->lock);
	return why;
}

error publish(struct writer *writer, const void *value)
{
	struct stamp stamp;

	if (atomic_load(word(&writer->page, STATE)) != own(writer))
		return "the page has another owner now";
	/* The time is read before the first store, so that no value seems younger than it is. */
	stamp = stamp_of_now(writer);
	write_pair(&writer->page, COUNT, SLOTS, writer->page.stride, writer->generation, &stamp, value,
		   writer->page.header.size);
	writer->generation++;
	if (writer->wakes)
		wake(&writer->page, low_half(COUNT));
	return NULL;
}

error renew(struct writer *writer)
{
	size_t slot = SLOTS + writer->page.stride * (writer->generation % 2);

	if (atomic_load(word(&writer->page, STATE)) != own(writer))
		return "the page has another owner now";
	atomic_store(word(&writer->page, slot + offsetof(struct stamp, valid_until)), promised_until(writer, boottime()));
	return NULL;
}

void end_writing(struct writer *writer)
{
	if (change_ownership(&writer->page, own(writer), ownership(ENDED, (uint32_t)writer->takeovers))) {
		wake(&writer->page, low_half(COUNT));
		wake(&writer->page, STATE);
	}
	close(writer->lock);
	close(writer->directory);
}
