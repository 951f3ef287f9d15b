/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Compares tearfree_page_read with hand-written sequence locks in shared memory: nanoseconds to copy one value into
 * the caller's buffer, uncontended; best of rounds in which the contestants take turns.
 *
 *	cc -O2 read_page.c -o read_page $(pkg-config --cflags --libs tearfree)
 *	./read_page [ROUNDS]
 *
 * In three programs: a loop of reads and nothing else; the same with a function that reads; and one that computes for
 * about 50 ns between two reads, from each value where to read next. Those are subtracted: what is left is how long the
 * program waits for a value.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tearfree.h>
#include <time.h>

/* The lock that a program would write: one slot, whose reader waits for the writer. */
struct shared {
	uint32_t sequence;
	_Alignas(64) uint64_t value[8192];
};

static inline uint32_t begin_read(const struct shared *shared)
{
	uint32_t start;

	do {
		/* ORDERING: P3. Pairs with a writer's `write_seqcount_end`. */
		start = __atomic_load_n(&shared->sequence, __ATOMIC_ACQUIRE);
	} while (start & 1);
	return start;
}

static inline bool has_changed(const struct shared *shared, uint32_t start)
{
	/* ORDERING: P2. Pairs with the fence of a writer's `write_seqcount_begin`. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	/* ORDERING: Relaxed, P2. The fence before it orders this load. */
	return __atomic_load_n(&shared->sequence, __ATOMIC_RELAXED) != start;
}

/* As C11 wants it: the value is atomic words, because a writer may store them during the copy. */
static inline void read_words(const struct shared *shared, void *to, size_t size)
{
	uint32_t start;
	size_t i;

	do {
		start = begin_read(shared);
		for (i = 0; i < size / 8; i++) {
			/* ORDERING: Relaxed, P2. Payload; the fence behind the loop comes before the second look at the count. */
			uint64_t word = __atomic_load_n(&shared->value[i], __ATOMIC_RELAXED);

			memcpy((char *)to + 8 * i, &word, 8);
		}
	} while (has_changed(shared, start));
}

/* As many programs have it: a data race by C11, which compilers compile as it is meant. */
static inline void read_racing(const struct shared *shared, void *to, size_t size)
{
	uint32_t start;

	do {
		start = begin_read(shared);
		memcpy(to, shared->value, size);
	} while (has_changed(shared, start));
}

enum { OURS, WITH_READING, WORDS, RACING, NOTHING, CONTESTANTS };

static const char *const names[] = { "tearfree", "with reading", "C11 lock", "memcpy lock" };

enum { LOOP, FUNCTION, SPACED, PROGRAMS };

static const char *const programs[] = { "in a loop", "in a function", "between other work" };

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* The compiler has to put the value into memory, and may not keep anything that it knows of it. */
#define USE(value) __asm__ volatile("" : : "r"(value) : "memory")

/* Computes for about 50 ns from a value, and returns 0: what comes next cannot begin before. `zero` is 0. */
static inline size_t compute(uint64_t value, size_t zero)
{
	int i;

	for (i = 0; i < 40; i++) {
		value = value * 3 + 1;
		__asm__("" : "+r"(value));
	}
	return value & zero;
}

/* Reads once, inlined where a program has it. The last contestant stores the address. */
static inline __attribute__((always_inline)) int read_once(int which, const void *from, void *to, size_t size)
{
	struct tearfree_reading reading;
	int error = 0;

	if (which == OURS)
		error = tearfree_page_read(from, to, size, NULL);
	else if (which == WITH_READING)
		error = tearfree_page_read(from, to, size, &reading);
	else if (which == WORDS)
		read_words(from, to, size);
	else if (which == RACING)
		read_racing(from, to, size);
	else
		memcpy(to, &from, sizeof from);
	USE(&reading);
	USE(to);
	return error;
}

/* The programs for one size and contestant, which are constants. */
#define PROGRAM(size, which)                                                                       \
	static __attribute__((noinline)) int read_##size##_##which(const void *from, void *to)     \
	{                                                                                          \
		return read_once(which, from, to, size);                                           \
	}                                                                                          \
	static double run_##size##_##which(int program, const void *from, unsigned int times)      \
	{                                                                                          \
		static _Alignas(64) unsigned char value[size];                                     \
		const char *next = from;                                                           \
		uint64_t first, start = now();                                                     \
		size_t zero = 0;                                                                   \
		unsigned int i;                                                                    \
		int error = 0;                                                                     \
                                                                                                   \
		__asm__("" : "+r"(zero), "+r"(next));                                              \
		for (i = 0; program == LOOP && i < times; i++)                                     \
			error |= read_once(which, next, value, size);                              \
		for (i = 0; program == FUNCTION && i < times; i++)                                 \
			error |= read_##size##_##which(next, value);                               \
		for (i = 0; program == SPACED && i < times; i++) {                                 \
			error |= read_once(which, next, value, size);                              \
			memcpy(&first, value, sizeof first);                                       \
			next += compute(first, zero);                                              \
		}                                                                                  \
		if (error != 0)                                                                    \
			abort();                                                                   \
		return (double)(now() - start) / times;                                            \
	}

#define SIZES(each) each(8) each(16) each(24) each(32) each(40) each(48) each(56) each(64) each(256) each(4096) each(65536)
#define EACH(size)                                                                                 \
	PROGRAM(size, OURS)                                                                        \
	PROGRAM(size, WITH_READING) PROGRAM(size, WORDS) PROGRAM(size, RACING) PROGRAM(size, NOTHING)

SIZES(EACH)

static const struct {
	unsigned int size;
	double (*run[CONTESTANTS])(int, const void *, unsigned int);
} sizes[] = {
#define ROW(size)                                                                                  \
	{ size,                                                                                    \
	  { run_##size##_OURS, run_##size##_WITH_READING, run_##size##_WORDS, run_##size##_RACING, \
	    run_##size##_NOTHING } },
	SIZES(ROW)
};

/* Measures the programs for one size, and prints a line. */
static void compare(size_t row, int program, int rounds, struct tearfree_writer *writer,
		    const struct tearfree_page *page, const struct shared *shared)
{
	static const unsigned char value[sizeof shared->value];
	const unsigned int times = sizes[row].size > 4096 ? 20 : 1000;
	double best[CONTESTANTS] = { 0 };
	int slot, round, which;

	/* The average of a value in one slot of the page, and one in the other. */
	for (slot = 0; slot < 2; slot++) {
		double in_slot[CONTESTANTS] = { 1e9, 1e9, 1e9, 1e9, 1e9 };

		for (round = 0; round < rounds; round++)
			for (which = 0; which < CONTESTANTS; which++) {
				const void *from = which < WORDS ? (const void *)page : shared;
				double ns = sizes[row].run[which](program, from, times);

				if (ns < in_slot[which])
					in_slot[which] = ns;
			}
		for (which = 0; which < CONTESTANTS; which++)
			best[which] += in_slot[which] / 2;
		if (tearfree_writer_set(writer, value, sizes[row].size) != 0)
			abort();
	}
	if (program == SPACED)
		for (which = 0; which < NOTHING; which++)
			best[which] -= best[NOTHING];
	printf("%8u", sizes[row].size);
	for (which = 0; which < NOTHING; which++)
		printf(" %12.2f", best[which]);
	printf(" %12.2f %12.2f\n", best[OURS] / best[WORDS], best[OURS] / best[RACING]);
}

int main(int argc, char **argv)
{
	const int rounds = argc > 1 ? atoi(argv[1]) : 200;
	struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int program;
	size_t i;

	if (shared == MAP_FAILED)
		return 1;
	for (program = 0; program < PROGRAMS; program++) {
		printf("%s\n%8s", programs[program], "bytes");
		for (i = 0; i < sizeof names / sizeof *names; i++)
			printf(" %12s", names[i]);
		printf(" %12s %12s\n", "to C11", "to memcpy");
		for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
			struct tearfree_writer *writer;
			struct tearfree_page *page;
			char schema[32];

			snprintf(schema, sizeof schema, "bytes:u8[%u]", sizes[i].size);
			if (tearfree_writer_create_sealed("bench", schema, NULL, sizes[i].size, NULL, &writer) != 0 ||
			    tearfree_page_open_sealed(tearfree_writer_file(writer), schema, &page) != 0) {
				fprintf(stderr, "%s\n", tearfree_last_error());
				return 1;
			}
			compare(i, program, rounds, writer, page, shared);
			tearfree_page_close(page);
			tearfree_writer_close(writer);
		}
	}
	return 0;
}
