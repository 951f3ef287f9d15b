/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The C half: reads and writes the struct of lib.rs by the calls of the headers. */
#include <linux/seqlock.h>

enum { WORDS = 8 };

struct shared {
	seqlock_t lock;
	seqcount_t count;
	seqcount_latch_t latch;
	u64 words[WORDS];
	u64 copies[2][WORDS];
};

/* Sizes and offsets, in the order of lib.rs. */
size_t c_layout(unsigned which);
size_t c_layout(unsigned which)
{
	const size_t layout[] = {
		sizeof(seqcount_t),
		sizeof(seqcount_raw_spinlock_t),
		sizeof(seqcount_spinlock_t),
		sizeof(seqcount_rwlock_t),
		sizeof(seqcount_mutex_t),
		sizeof(seqcount_latch_t),
		sizeof(spinlock_t),
		sizeof(raw_spinlock_t),
		sizeof(struct mutex),
		sizeof(rwlock_t),
		sizeof(seqlock_t),
		_Alignof(seqlock_t),
		offsetof(struct shared, count),
		offsetof(struct shared, latch),
		offsetof(struct shared, words),
		offsetof(struct shared, copies),
		sizeof(struct shared),
	};

	return which < sizeof layout / sizeof *layout ? layout[which] : 0;
}

static void store_words(u64 *words, u64 generation)
{
	unsigned i;

	for (i = 0; i < WORDS; i++)
		WRITE_ONCE(words[i], generation * WORDS + i);
}

static void load_words(const u64 *words, u64 *copy)
{
	unsigned i;

	for (i = 0; i < WORDS; i++)
		copy[i] = READ_ONCE(words[i]);
}

/* Writes the next generation. */
void c_write_lock(struct shared *shared);
void c_write_lock(struct shared *shared)
{
	write_seqlock(&shared->lock);
	store_words(shared->words, READ_ONCE(shared->words[0]) / WORDS + 1);
	write_sequnlock(&shared->lock);
}

void c_read_lock(const struct shared *shared, u64 *copy);
void c_read_lock(const struct shared *shared, u64 *copy)
{
	unsigned seq;

	do {
		seq = read_seqbegin(&shared->lock);
		load_words(shared->words, copy);
	} while (read_seqretry(&shared->lock, seq));
}

void c_write_count(struct shared *shared);
void c_write_count(struct shared *shared)
{
	write_seqcount_begin(&shared->count);
	store_words(shared->words, READ_ONCE(shared->words[0]) / WORDS + 1);
	write_seqcount_end(&shared->count);
}

void c_read_count(const struct shared *shared, u64 *copy);
void c_read_count(const struct shared *shared, u64 *copy)
{
	unsigned seq;

	do {
		seq = read_seqcount_begin(&shared->count);
		load_words(shared->words, copy);
	} while (read_seqcount_retry(&shared->count, seq));
}

void c_write_latch(struct shared *shared);
void c_write_latch(struct shared *shared)
{
	u64 next = READ_ONCE(shared->copies[0][0]) / WORDS + 1;

	write_seqcount_latch_begin(&shared->latch);
	store_words(shared->copies[0], next);
	write_seqcount_latch(&shared->latch);
	store_words(shared->copies[1], next);
	write_seqcount_latch_end(&shared->latch);
}

void c_read_latch(const struct shared *shared, u64 *copy);
void c_read_latch(const struct shared *shared, u64 *copy)
{
	unsigned seq;

	do {
		seq = read_seqcount_latch(&shared->latch);
		load_words(shared->copies[seq & 1], copy);
	} while (read_seqcount_latch_retry(&shared->latch, seq));
}

/* Reads without protection, which tears. */
void c_read_unprotected(const struct shared *shared, u64 *copy);
void c_read_unprotected(const struct shared *shared, u64 *copy)
{
	load_words(shared->words, copy);
}
