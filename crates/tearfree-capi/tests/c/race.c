/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A writer and a reader of each kind at full speed: no value is a mix of two writes. */
#include <linux/seqlock.h>

#include "test.h"

/* The least writes, and how often the reader has to find another value than before while they go on. */
enum { WORDS = 8, WRITES = 100000, CHANGES = 20 };

/* All words derive from one generation, so values are self-checking. */
struct shared {
	seqlock_t lock;
	seqcount_mutex_t count;
	seqcount_latch_t latch;
	struct mutex mutex;
	unsigned long words[WORDS], copies[2][WORDS];
	unsigned long torn, last, written;
	int changes, done;
};

static unsigned long word_of(unsigned long generation, int index)
{
	return generation * 8 + (unsigned long)index;
}

static void store_words(unsigned long *words, unsigned long generation)
{
	int i;

	for (i = 0; i < WORDS; i++)
		WRITE_ONCE(words[i], word_of(generation, i));
}

static void load_words(const unsigned long *words, unsigned long *copy)
{
	int i;

	for (i = 0; i < WORDS; i++)
		copy[i] = READ_ONCE(words[i]);
}

static void check(struct shared *shared, const unsigned long *copy)
{
	unsigned long generation = copy[0] / 8;
	int i;

	for (i = 0; i < WORDS; i++)
		if (copy[i] != word_of(generation, i))
			shared->torn++;
	if (generation < shared->last)
		shared->torn++;
	if (generation > shared->last)
		__atomic_fetch_add(&shared->changes, 1, __ATOMIC_RELAXED);
	shared->last = generation;
}

/* A writer and a reader out of the two sections that differ. */
#define RACE(kind, write_section, read_section)                                                    \
	static void *writer_of_##kind(void *argument)                                                  \
	{                                                                                          \
		struct shared *shared = (struct shared *)argument;                                 \
		unsigned long generation = 0;                                                      \
                                                                                                   \
		while (generation < WRITES ||                                                      \
		       __atomic_load_n(&shared->changes, __ATOMIC_RELAXED) < CHANGES) {            \
			generation++;                                                              \
			write_section;                                                             \
		}                                                                                  \
		shared->written = generation;                                                      \
		__atomic_store_n(&shared->done, 1, __ATOMIC_RELEASE);                              \
		return NULL;                                                                       \
	}                                                                                          \
	static void *reader_of_##kind(void *argument)                                                   \
	{                                                                                          \
		struct shared *shared = (struct shared *)argument;                                 \
		unsigned long copy[WORDS] = { 0 };                                                 \
		int done;                                                                          \
                                                                                                   \
		do {                                                                               \
			done = __atomic_load_n(&shared->done, __ATOMIC_ACQUIRE);                   \
			read_section;                                                              \
			check(shared, copy);                                                       \
		} while (!done);                                                                   \
		return NULL;                                                                       \
	}

RACE(
	seqlock,
	{
		write_seqlock(&shared->lock);
		store_words(shared->words, generation);
		write_sequnlock(&shared->lock);
	},
	{
		unsigned seq;

		do {
			seq = read_seqbegin(&shared->lock);
			load_words(shared->words, copy);
		} while (read_seqretry(&shared->lock, seq));
	})

RACE(
	scoped,
	{
		write_seqlock_irq(&shared->lock);
		store_words(shared->words, generation);
		write_sequnlock_irq(&shared->lock);
	},
	{ scoped_seqlock_read(&shared->lock, ss_lock) load_words(shared->words, copy); })

RACE(
	count,
	{
		mutex_lock(&shared->mutex);
		write_seqcount_begin(&shared->count);
		store_words(shared->words, generation);
		write_seqcount_end(&shared->count);
		mutex_unlock(&shared->mutex);
	},
	{
		unsigned seq;

		do {
			seq = read_seqcount_begin(&shared->count);
			load_words(shared->words, copy);
		} while (read_seqcount_retry(&shared->count, seq));
	})

RACE(
	latch,
	{
		write_seqcount_latch_begin(&shared->latch);
		store_words(shared->copies[0], generation);
		write_seqcount_latch(&shared->latch);
		store_words(shared->copies[1], generation);
		write_seqcount_latch_end(&shared->latch);
	},
	{
		unsigned seq;

		do {
			seq = read_seqcount_latch(&shared->latch);
			load_words(shared->copies[seq & 1], copy);
		} while (read_seqcount_latch_retry(&shared->latch, seq));
	})

static void race(void *(*write)(void *), void *(*read)(void *))
{
	static struct shared fresh;
	struct shared shared = fresh;

	store_words(shared.words, 0);
	store_words(shared.copies[0], 0);
	store_words(shared.copies[1], 0);
	at_the_same_time(write, read, &shared);
	CHECK(shared.torn == 0);
	CHECK(shared.last == shared.written && shared.changes >= CHANGES);
}

TEST(race_of_seqlock)
{
	race(writer_of_seqlock, reader_of_seqlock);
}

TEST(race_of_scoped)
{
	race(writer_of_scoped, reader_of_scoped);
}

TEST(race_of_count)
{
	race(writer_of_count, reader_of_count);
}

TEST(race_of_latch)
{
	race(writer_of_latch, reader_of_latch);
}
