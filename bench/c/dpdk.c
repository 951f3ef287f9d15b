/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* rte_seqlock of DPDK: a count and a spinlock for its writers. */
#define ALLOW_EXPERIMENTAL_API /* what DPDK 22.11 calls this lock */
#include <rte_config.h>
#include <rte_seqlock.h>

#define COUNT rte_seqlock_t
#define COUNT_INITIALIZER RTE_SEQLOCK_INITIALIZER
#define READ(count, copy) \
	do { \
		uint32_t number; \
		do { \
			number = rte_seqlock_read_begin(count); \
			copy; \
		} while (rte_seqlock_read_retry(count, number)); \
	} while (0)
#define WRITE(count, copy) \
	do { \
		rte_seqlock_write_lock(count); \
		copy; \
		rte_seqlock_write_unlock(count); \
	} while (0)
#define TABLE dpdk_operations

#include "counted.h"
