/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* All accesses to memory that another process may change meanwhile. */
#include "page.h"
#include <linux/futex.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

_Atomic uint64_t *word(const struct page *page, size_t at)
{
	return (_Atomic uint64_t *)(void *)(page->map + at);
}

_Atomic uint32_t *half_word(const struct page *page, size_t at)
{
	return (_Atomic uint32_t *)(void *)(page->map + at);
}

/* `from` is at a multiple of 8: no slot, no header and no stamp begins elsewhere. */
void copy_out(void *to, const unsigned char *from, size_t len)
{
	unsigned char *bytes = to;
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		uint64_t value = atomic_load_explicit((_Atomic uint64_t *)(void *)(from + i), memory_order_relaxed);

		memcpy(bytes + i, &value, 8);
	}
	for (; i < len; i++)
		bytes[i] = atomic_load_explicit((_Atomic unsigned char *)(from + i), memory_order_relaxed);
}

void copy_in(unsigned char *to, const void *from, size_t len)
{
	const unsigned char *bytes = from;
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		uint64_t value;

		memcpy(&value, bytes + i, 8);
		atomic_store_explicit((_Atomic uint64_t *)(void *)(to + i), value, memory_order_relaxed);
	}
	for (; i < len; i++)
		atomic_store_explicit((_Atomic unsigned char *)(to + i), bytes[i], memory_order_relaxed);
}

void (*in_each_copy)(void);

error read_pair(const struct page *page, size_t count_at, size_t slots, size_t stride, void *to, size_t len,
		uint64_t *generation, bool *was_newest)
{
	_Atomic uint64_t *count = word(page, count_at);

	for (int attempt = 0; attempt < 1000; attempt++) {
		uint64_t g = atomic_load_explicit(count, memory_order_acquire) / 2;

		const unsigned char *slot = page->map + slots + stride * (g % 2);
		size_t half = len / 16 * 8;

		copy_out(to, slot, half);
		if (in_each_copy)
			in_each_copy();
		copy_out((unsigned char *)to + half, slot + half, len - half);
		atomic_thread_fence(memory_order_acquire);
		uint64_t passed = atomic_load_explicit(count, memory_order_relaxed) - 2 * g;

		if (passed > 2)
			continue;
		*generation = g;
		if (was_newest)
			*was_newest = passed < 2;
		return NULL;
	}
	return "its count does not hold still: a hostile writer";
}

void write_pair(const struct page *page, size_t count_at, size_t slots, size_t stride, uint64_t generation,
		const struct stamp *stamp, const void *bytes, size_t len)
{
	_Atomic uint64_t *count = word(page, count_at);
	unsigned char *slot = page->map + slots + stride * ((generation + 1) % 2);

	atomic_store_explicit(count, 2 * generation + 1, memory_order_release);
	atomic_thread_fence(memory_order_release);
	if (stamp) {
		copy_in(slot, stamp, sizeof *stamp);
		slot += sizeof *stamp;
	}
	copy_in(slot, bytes, len);
	atomic_store_explicit(count, 2 * generation + 2, memory_order_release);
}

size_t low_half(size_t at)
{
	const uint16_t one = 1;

	return *(const unsigned char *)&one ? at : at + 4;
}

uint64_t ownership(uint32_t state, uint32_t owner)
{
	uint32_t halves[2] = { state, owner };
	uint64_t whole;

	memcpy(&whole, halves, 8);
	return whole;
}

uint32_t state_of(uint64_t ownership)
{
	uint32_t halves[2];

	memcpy(halves, &ownership, 8);
	return halves[0];
}

uint32_t owner_of(uint64_t ownership)
{
	uint32_t halves[2];

	memcpy(halves, &ownership, 8);
	return halves[1];
}

void supersede(const struct page *page)
{
	atomic_exchange(half_word(page, STATE), SUPERSEDED);
	wake(page, low_half(COUNT));
	wake(page, STATE);
}

void wake(const struct page *page, size_t at)
{
	syscall(SYS_futex, page->map + at, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
