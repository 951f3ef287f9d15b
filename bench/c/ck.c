/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* ck_sequence of Concurrency Kit: a count without a writers' lock, so one writer. */
#include <ck_sequence.h>

#define COUNT ck_sequence_t
#define COUNT_INITIALIZER CK_SEQUENCE_INITIALIZER
#define READ(count, copy) \
	do { \
		unsigned int version; \
		do { \
			version = ck_sequence_read_begin(count); \
			copy; \
		} while (ck_sequence_read_retry(count, version)); \
	} while (0)
#define WRITE(count, copy) \
	do { \
		ck_sequence_write_begin(count); \
		copy; \
		ck_sequence_write_end(count); \
	} while (0)
#define TABLE ck_operations

#include "counted.h"
