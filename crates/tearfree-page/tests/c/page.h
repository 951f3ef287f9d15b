/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A reader and a writer of pages, written from PROTOCOL.md alone: C11 and the C library, nothing of this crate. */
#ifndef PAGE_H
#define PAGE_H

#define _GNU_SOURCE
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { LINE = 64, COUNT = 128, STATE = 136, OWNER = 140, WRITER_COUNT = 192, RECORDS = 256, WORDS = 384, SLOTS = 448 };
enum { LIVE = 1, ENDED = 2, SUPERSEDED = 3 };
enum { WAKES = 1, MAX_SIZE = 1 << 24, MAX_TEXT = 65536, MAX_FIELDS = 1024 };
/* The longest page that a reader of this version uses. */
enum { MAX_LEN = SLOTS + 2 * (LINE + MAX_SIZE) + MAX_TEXT };
#define NO_PROMISE UINT64_MAX
#define NEVER_STORED (UINT64_MAX - 1)
#define BYTE_ORDER_MARK 0x0A0B0C0Du
static const unsigned char MAGIC[8] = "\x89TFP\r\n\x1a\n";

/* What a function returns: NULL, or why it failed. */
typedef const char *error;
/* Those after which a writer creates a page. */
extern const error NO_PAGE, OTHER_BOOT;

enum kind { NUMBER, BOOL, TEXT, NAMED, LATER };

struct field {
	const char *name, *names; /* `names` begins behind the `{` of named numbers */
	size_t name_len, size, align, count, offset;
	enum kind kind;
	bool is_signed;
};

struct schema {
	char *text;
	struct field *fields;
	size_t len, field_count, size, align;
};

/* Lines 0 and 1 of a page. */
struct header {
	unsigned char magic[8];
	uint32_t order;
	uint16_t major, minor;
	uint64_t total_len, fingerprint;
	uint32_t size, align, text_len, flags;
	uint64_t page_id, created_ns;
	unsigned char boot_id[16];
	uint64_t incarnation, lock_inode;
	unsigned char zeros[32];
};
_Static_assert(sizeof(struct header) == 2 * LINE, "the layout of PROTOCOL.md");

struct stamp {
	uint64_t published_ns, valid_until, time_ns, zeros[5];
};
_Static_assert(sizeof(struct stamp) == LINE, "the layout of PROTOCOL.md");

struct record {
	uint64_t takeovers;
	uint32_t pid, uid;
	uint64_t pid_ns, start_time, since_ns, lifetime_ns, time_ns, zero;
};
_Static_assert(sizeof(struct record) == LINE, "the layout of PROTOCOL.md");

struct page {
	unsigned char *map;
	size_t map_len, stride;
	struct header header;
	struct schema schema;
	dev_t device;
	ino_t inode;
};

struct reading {
	uint64_t generation;
	struct stamp stamp;
	unsigned char *payload; /* of `page->header.size` bytes */
	bool was_newest;
};

struct writer {
	int directory, lock;
	struct page page;
	uint64_t lifetime_ns, generation, takeovers;
	bool wakes;
};

/* schema.c */
error parse_schema(const char *text, size_t len, struct schema *schema);
void free_schema(struct schema *schema);
uint64_t fnv1a(const char *text, size_t len);
/* The first field of the payload whose bytes are no value, or NULL. */
const struct field *first_invalid(const struct schema *schema, const unsigned char *payload);

/* memory.c: the accesses to memory that other processes change. */
_Atomic uint64_t *word(const struct page *page, size_t at);
_Atomic uint32_t *half_word(const struct page *page, size_t at);
void copy_out(void *to, const unsigned char *from, size_t len);
void copy_in(unsigned char *to, const void *from, size_t len);
/* Called in the middle of each copy, so that a test can publish there. */
extern void (*in_each_copy)(void);
/* Reads one of the two pairs of slots. */
error read_pair(const struct page *page, size_t count_at, size_t slots, size_t stride, void *to, size_t len,
		uint64_t *generation, bool *was_newest);
/* Writes the next generation, which is `generation + 1`. */
void write_pair(const struct page *page, size_t count_at, size_t slots, size_t stride, uint64_t generation,
		const struct stamp *stamp, const void *bytes, size_t len);
size_t low_half(size_t at);
uint64_t ownership(uint32_t state, uint32_t owner);
uint32_t state_of(uint64_t ownership);
uint32_t owner_of(uint64_t ownership);
void supersede(const struct page *page);
void wake(const struct page *page, size_t at);

/* host.c: what the kernel says. */
uint64_t boottime(void);
uint64_t realtime(void);
uint64_t namespace_inode(const char *name);
void boot_id(unsigned char id[16]);
uint64_t start_time(pid_t pid);
bool is_zombie(pid_t pid);
int64_t boottime_offset(void);
uint64_t random_number(void);

/* reader.c */
error open_page(int directory, const char *name, bool for_writing, struct page *page);
void close_page(struct page *page);
error read_page(const struct page *page, struct reading *reading);
error read_record(const struct page *page, struct record *record);
const char *freshness(const struct stamp *stamp, uint64_t *age_ns);
/* Waits until the page is no longer as `reading` says: "changed", "stale", "ended", "superseded". */
const char *wait_page(const struct page *page, const struct reading *reading);

/* writer.c */
error begin_writing(struct writer *writer, const char *path, const struct schema *schema, const void *value);
error publish(struct writer *writer, const void *value);
error renew(struct writer *writer);
void end_writing(struct writer *writer);
error remove_page(const char *path);

/* directory.c */
error lock_directory(const char *path, bool create, int *directory, int *lock);
/* Ends what a writer began that was killed. */
error finish_procedures(int directory);
/* The length of a temporary name, with the zero. */
enum { NAME_LEN = 27 };
void temporary_name(char name[NAME_LEN]);

#endif
