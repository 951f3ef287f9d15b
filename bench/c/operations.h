/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a peer in C offers to the benchmark: a table of functions for each size of values. Mirrored in src/peers/foreign.rs. */
#ifndef TEARFREE_BENCH_OPERATIONS_H
#define TEARFREE_BENCH_OPERATIONS_H

#include <stddef.h>
#include <stdint.h>

struct operations {
	size_t bytes;
	void *(*create)(const void *first);
	void (*destroy)(void *lock);
	void (*read)(const void *lock, void *out, uint64_t times);
	void (*set)(void *lock, const void *value, uint64_t times);
};

#define AT_EVERY_SIZE(work) \
	work(8, 8) work(16, 8) work(24, 8) work(32, 8) work(48, 8) work(64, 8) work(100, 4) work(128, 8) \
	work(200, 8) work(256, 8) work(512, 8) work(1000, 8) work(1024, 8) work(4096, 8) work(16384, 8) work(65536, 8)

/* Keeps the compiler from optimizing memory accesses away. */
#define OBSERVE(anything) __asm__ __volatile__("" : : "r"(anything) : "memory")

#endif
