/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Compares tearfree_page_read with a hand-written sequence lock in shared memory: nanoseconds to copy one value
 * into the caller's buffer, uncontended, by a function that is not inlined; best of rounds that take turns.
 *
 *	cc -O2 read_page.c -o read_page $(pkg-config --cflags --libs tearfree)
 *	./read_page [ROUNDS]
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tearfree.h>
#include <time.h>

/* The sequence lock that a program would write: one slot, whose reader waits for the writer. */
struct shared {
	uint32_t sequence;
	_Alignas(64) unsigned char value[65536];
};

static inline void read_shared(const struct shared *shared, void *to, size_t size)
{
	uint32_t start;

	do {
		/* ORDERING: P3. Pairs with a writer's `write_seqcount_end`. */
		while ((start = __atomic_load_n(&shared->sequence, __ATOMIC_ACQUIRE)) & 1)
			;
		memcpy(to, shared->value, size);
		/* ORDERING: P2. Pairs with the fence of a writer's `write_seqcount_begin`. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		/* ORDERING: Relaxed, P2. The fence before it orders this load. */
	} while (__atomic_load_n(&shared->sequence, __ATOMIC_RELAXED) != start);
}

enum { OURS, WITH_READING, THEIRS, CONTESTANTS };

static const char *const names[CONTESTANTS] = { "tearfree_page_read", "with its reading",
						"hand-written lock" };

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* The compiler has to put the value into memory, and may not keep anything that it knows of it. */
#define USE(value) __asm__ volatile("" : : "r"(&(value)) : "memory")

/* Functions for one size, as a program has it: the size is a constant. */
#define CONTEST(size)                                                                              \
	static __attribute__((noinline)) int ours_##size(const struct tearfree_page *page, void *to) \
	{                                                                                          \
		return tearfree_page_read(page, to, size, NULL);                                   \
	}                                                                                          \
	static __attribute__((noinline)) int theirs_##size(const struct shared *shared, void *to)  \
	{                                                                                          \
		read_shared(shared, to, size);                                                     \
		return 0;                                                                          \
	}                                                                                          \
	static double contest_##size(int which, const struct tearfree_page *page,                  \
				     const struct shared *shared, unsigned int times)              \
	{                                                                                          \
		static _Alignas(64) unsigned char value[size];                                     \
		struct tearfree_reading reading;                                                   \
		uint64_t begin = now();                                                            \
		unsigned int i;                                                                    \
		int error = 0;                                                                     \
                                                                                                   \
		for (i = 0; i < times; i++) {                                                      \
			if (which == OURS)                                                         \
				error |= ours_##size(page, value);                                 \
			else if (which == THEIRS)                                                  \
				error |= theirs_##size(shared, value);                             \
			else                                                                       \
				error |= tearfree_page_read(page, value, size, &reading);          \
			USE(value);                                                                \
		}                                                                                  \
		if (error != 0)                                                                    \
			abort();                                                                   \
		return (double)(now() - begin) / times;                                            \
	}

#define SIZES(each)                                                                                \
	each(8) each(16) each(24) each(32) each(40) each(48) each(56) each(64) each(256) each(4096)   \
		each(65536)

SIZES(CONTEST)

static const struct {
	unsigned int size;
	double (*contest)(int, const struct tearfree_page *, const struct shared *, unsigned int);
} sizes[] = {
#define ROW(size) { size, contest_##size },
	SIZES(ROW)
};

int main(int argc, char **argv)
{
	const int rounds = argc > 1 ? atoi(argv[1]) : 200;
	struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t i;

	if (shared == MAP_FAILED)
		return 1;
	printf("%8s %20s %20s %20s %8s %8s\n", "bytes", names[0], names[1], names[2], "ratio", "with");
	for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		double best[CONTESTANTS] = { 1e9, 1e9, 1e9 };
		struct tearfree_writer *writer;
		struct tearfree_page *page;
		char schema[32];
		int round, which;

		snprintf(schema, sizeof schema, "bytes:u8[%u]", sizes[i].size);
		if (tearfree_writer_create_sealed("bench", schema, NULL, sizes[i].size, NULL, &writer) != 0 ||
		    tearfree_page_open_sealed(tearfree_writer_file(writer), schema, &page) != 0) {
			fprintf(stderr, "%s\n", tearfree_last_error());
			return 1;
		}
		for (round = 0; round < rounds; round++)
			for (which = 0; which < CONTESTANTS; which++) {
				const unsigned int times = sizes[i].size > 4096 ? 20 : 2000;
				double ns = sizes[i].contest(which, page, shared, times);

				if (ns < best[which])
					best[which] = ns;
			}
		printf("%8u %20.2f %20.2f %20.2f %8.2f %8.2f\n", sizes[i].size, best[OURS],
		       best[WITH_READING], best[THEIRS], best[OURS] / best[THEIRS],
		       best[WITH_READING] / best[THEIRS]);
		tearfree_page_close(page);
		tearfree_writer_close(writer);
	}
	return 0;
}
