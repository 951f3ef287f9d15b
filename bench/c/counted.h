/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A value beside a count that a library provides. The file that includes this defines
 *
 *   COUNT, COUNT_INITIALIZER   the count, and the writers' lock where the library has one
 *   READ(count, copy)          a loop around `copy` by the library's calls
 *   WRITE(count, copy)         `copy` between the library's calls for a write
 *   TABLE                      the name of the function that returns the operations
 *
 * The value is copied by an assignment, which both libraries' examples do. It races with the writer, which C calls undefined.
 * The loops are in C, so that a batch has one call between Rust and C.
 */
#include <stdlib.h>

#include "operations.h"

/* Aligned to a page, as all contestants are. */
#define OPERATIONS(size, alignment) \
	struct value_##size { \
		_Alignas(alignment) unsigned char bytes[size]; \
	}; \
	struct lock_##size { \
		_Alignas(4096) COUNT count; \
		struct value_##size value; \
	}; \
	static void *create_##size(const void *first) \
	{ \
		struct lock_##size *lock = aligned_alloc(4096, sizeof(*lock)); \
		if (lock == NULL) \
			abort(); \
		lock->count = (COUNT)COUNT_INITIALIZER; \
		lock->value = *(const struct value_##size *)first; \
		return lock; \
	} \
	static void read_##size(const void *pointer, void *out, uint64_t times) \
	{ \
		const struct lock_##size *lock = pointer; \
		struct value_##size *copy = out; \
		for (; times > 0; times--) { \
			READ(&lock->count, *copy = lock->value); \
			OBSERVE(copy); \
		} \
	} \
	static void set_##size(void *pointer, const void *value, uint64_t times) \
	{ \
		struct lock_##size *lock = pointer; \
		for (; times > 0; times--) { \
			WRITE(&lock->count, lock->value = *(const struct value_##size *)value); \
			OBSERVE(lock); \
		} \
	}

AT_EVERY_SIZE(OPERATIONS)

#define ROW(size, alignment) { size, create_##size, free, read_##size, set_##size },

/* Returns the operations for values of this size, or null if there are none. */
const struct operations *TABLE(size_t bytes);
const struct operations *TABLE(size_t bytes)
{
	static const struct operations every_size[] = { AT_EVERY_SIZE(ROW) };

	for (size_t index = 0; index < sizeof(every_size) / sizeof(every_size[0]); index++)
		if (every_size[index].bytes == bytes)
			return &every_size[index];
	return NULL;
}
