/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The fast path of tearfree_page_read, for values of at most 64 bytes. Included by <tearfree.h>. All else, and each second
 * attempt, is a call of the library.
 */
#ifndef TEARFREE_INLINE_H
#define TEARFREE_INLINE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <tearfree.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The largest value that is copied inline. */
#define TEARFREE_INLINE_SIZE 64

#define TEARFREE_INLINE extern inline __attribute__((gnu_inline, always_inline))

/* When the value in a slot was published, until when there is a promise, and by which clock: as it is in the page. */
struct tearfree_page_stamp {
	uint64_t published_ns;
	uint64_t valid_until;
	uint64_t time_namespace;
};

/* What a struct tearfree_page begins with. For the functions here: it is set by the library alone. */
struct tearfree_page_view {
	size_t size;
	const uint64_t *count;
	const unsigned char *slots[2]; /* the payload in each slot, which begins at a whole line */
	const struct tearfree_page_stamp *stamps[2]; /* of the slots */
	const uint32_t *state; /* of the writer */
	uint64_t time_namespace; /* of this process; 0 if unknown */
};

/* Without optimisation the library is faster. */
#ifdef __OPTIMIZE__

/* ORDERING: Relaxed, P2. Payload; the fence of the reader comes behind it. */
#define TEARFREE_LOAD(number) __atomic_load_n(number, __ATOMIC_RELAXED)

/* Copies a number from a slot to `to`. A writer may change it at the same time. */
#define TEARFREE_COPY_NUMBER(type, from, to)                                                       \
	do {                                                                                       \
		type tearfree_number_ = TEARFREE_LOAD((const type *)(const void *)(from));         \
                                                                                                   \
		memcpy(to, &tearfree_number_, sizeof(type));                                       \
	} while (0)

#ifdef __x86_64__
/* The languages have no atomic load of 16 bytes that costs one instruction; the copies in Rust use the same. */
#ifdef __AVX__
#define TEARFREE_LOAD_VECTOR "vmovdqu"
#else
#define TEARFREE_LOAD_VECTOR "movdqu"
#endif

typedef long long tearfree_vector __attribute__((vector_size(16), may_alias));

#define TEARFREE_COPY_16(from, to)                                                                 \
	do {                                                                                       \
		tearfree_vector tearfree_vector_;                                                  \
                                                                                                   \
		__asm__ volatile(TEARFREE_LOAD_VECTOR " %1, %0"                                    \
				 : "=x"(tearfree_vector_)                                          \
				 : "m"(*(const tearfree_vector *)(const void *)(from)));           \
		memcpy(to, &tearfree_vector_, sizeof tearfree_vector_);                            \
	} while (0)
#else
#define TEARFREE_COPY_16(from, to)                                                                 \
	do {                                                                                       \
		TEARFREE_COPY_NUMBER(uint64_t, from, to);                                          \
		TEARFREE_COPY_NUMBER(uint64_t, (from) + 8, (to) + 8);                              \
	} while (0)
#endif

/* Copies `size` bytes of a slot; for a constant it has no loop and no branches. */
TEARFREE_INLINE void tearfree_copy_slot(const unsigned char *from, unsigned char *to, size_t size)
{
	if (!__builtin_constant_p(size)) {
		for (; size >= 16; size -= 16, from += 16, to += 16)
			TEARFREE_COPY_16(from, to);
	}
	if (size >= 16)
		TEARFREE_COPY_16(from, to);
	if (size >= 32)
		TEARFREE_COPY_16(from + 16, to + 16);
	if (size >= 48)
		TEARFREE_COPY_16(from + 32, to + 32);
	if (size >= 64)
		TEARFREE_COPY_16(from + 48, to + 48);
	from += size & ~(size_t)15;
	to += size & ~(size_t)15;
	if (size & 8)
		TEARFREE_COPY_NUMBER(uint64_t, from, to);
	from += size & 8;
	to += size & 8;
	if (size & 4)
		TEARFREE_COPY_NUMBER(uint32_t, from, to);
	from += size & 4;
	to += size & 4;
	if (size & 2)
		TEARFREE_COPY_NUMBER(uint16_t, from, to);
	if (size & 1)
		TEARFREE_COPY_NUMBER(uint8_t, from + (size & 2), to + (size & 2));
}

/* Copies the stamp of a slot. */
TEARFREE_INLINE void tearfree_copy_stamp(const struct tearfree_page_stamp *from, struct tearfree_page_stamp *to)
{
	to->published_ns = TEARFREE_LOAD(&from->published_ns);
	to->valid_until = TEARFREE_LOAD(&from->valid_until);
	to->time_namespace = TEARFREE_LOAD(&from->time_namespace);
}

/* Says what is known about a value by its stamp. Times by another clock than that of this process are not. */
TEARFREE_INLINE void tearfree_fill_reading(const struct tearfree_page_view *view, uint64_t generation,
					   const struct tearfree_page_stamp *stamp, struct tearfree_reading *to)
{
	const int is_known = stamp->time_namespace == view->time_namespace && stamp->time_namespace != 0;
	/* ORDERING: Relaxed: what the writer said of itself, before or after this value; no other load depends on it. */
	const uint32_t state = __atomic_load_n(view->state, __ATOMIC_RELAXED);

	to->generation = generation;
	to->published_ns = is_known ? stamp->published_ns : 0;
	to->valid_until = is_known || stamp->valid_until == TEARFREE_NO_PROMISE ? stamp->valid_until :
										  TEARFREE_PROMISE_UNKNOWN;
	to->writer = state == TEARFREE_LIVE || state == TEARFREE_SUPERSEDED ? (int)state : TEARFREE_ENDED;
	memset(to->reserved, 0, sizeof to->reserved);
}

/* Makes one attempt to read. Returns 0, or 1 if the library has to be called. */
TEARFREE_INLINE int tearfree_page_try_read(const struct tearfree_page *page, void *to, size_t size,
					   struct tearfree_reading *reading)
{
	const struct tearfree_page_view *view = (const struct tearfree_page_view *)(const void *)page;
	const struct tearfree_page_stamp *stamp_in_slot;
	struct tearfree_page_stamp stamp;
	const unsigned char *slot;
	const uint64_t *count;
	uint64_t first, second;

	if (__builtin_expect(page == NULL || to == NULL || view->size != size, 0))
		return 1;
	count = view->count;
	/* ORDERING: P14. Pairs with the stores of `PairCount::write_begin` and `PairCount::write_end`. */
	first = __atomic_load_n(count, __ATOMIC_ACQUIRE);
	slot = view->slots[0];
	stamp_in_slot = view->stamps[0];
	if (first & 2) {
		slot = view->slots[1];
		stamp_in_slot = view->stamps[1];
		/* Keeps the branch, which the processor predicts: an address it would have to wait for. */
		__asm__ volatile("" : "+r"(slot));
	}
	if (reading != NULL)
		tearfree_copy_stamp(stamp_in_slot, &stamp);
	tearfree_copy_slot(slot, (unsigned char *)to, size);
	/* ORDERING: P14. Pairs with the fence of `PairCount::write_begin`. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	/* ORDERING: Relaxed, P2. The fence before it orders it behind the copy. */
	second = __atomic_load_n(count, __ATOMIC_RELAXED);
	/* The slot of generation g is written to from 2g + 3 on. */
	if (__builtin_expect(second != first, 0) && second - (first & ~(uint64_t)1) > 2)
		return 1;
	if (reading != NULL)
		tearfree_fill_reading(view, first >> 1, &stamp, reading);
	return 0;
}

/* What a call of tearfree_page_read is. (An inline definition by that name would hide the function of the library.) */
TEARFREE_INLINE int tearfree_page_read_inline(const struct tearfree_page *page, void *to, size_t size,
					      struct tearfree_reading *reading)
{
	if (size <= TEARFREE_INLINE_SIZE && tearfree_page_try_read(page, to, size, reading) == 0)
		return 0;
	return (tearfree_page_read)(page, to, size, reading);
}

/* With arguments it is a macro; its address is that of the function. */
#define tearfree_page_read(...) tearfree_page_read_inline(__VA_ARGS__)

#endif /* __OPTIMIZE__ */

#ifdef __cplusplus
}
#endif

#endif
