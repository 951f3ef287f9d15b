/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Prints the sizes and offsets that compiled programs depend on. Compared with abi.txt. */
#include <linux/seqlock.h>
#include <stdio.h>
#include <tearfree.h>

#define SIZE(type) printf("size %s %zu, alignment %zu\n", #type, sizeof(type), _Alignof(type))
#define OFFSET(type, field) printf("offset %s.%s %zu\n", #type, #field, offsetof(type, field))

int main(void)
{
	SIZE(seqcount_t);
	SIZE(seqcount_raw_spinlock_t);
	SIZE(seqcount_spinlock_t);
	SIZE(seqcount_rwlock_t);
	SIZE(seqcount_mutex_t);
	SIZE(seqcount_latch_t);
	SIZE(seqlock_t);
	SIZE(raw_spinlock_t);
	SIZE(spinlock_t);
	SIZE(struct mutex);
	SIZE(rwlock_t);
	OFFSET(seqcount_t, sequence);
	OFFSET(seqlock_t, seqcount);
	OFFSET(seqlock_t, lock);
	SIZE(struct tearfree_reading);
	OFFSET(struct tearfree_reading, generation);
	OFFSET(struct tearfree_reading, published_ns);
	OFFSET(struct tearfree_reading, valid_until);
	OFFSET(struct tearfree_reading, writer);
	OFFSET(struct tearfree_reading, reserved);
	SIZE(struct tearfree_watch);
	OFFSET(struct tearfree_watch, generation);
	OFFSET(struct tearfree_watch, writer);
	OFFSET(struct tearfree_watch, is_stale);
	OFFSET(struct tearfree_watch, stale_generation);
	OFFSET(struct tearfree_watch, stale_until);
	OFFSET(struct tearfree_watch, reserved);
	SIZE(struct tearfree_page_view);
	OFFSET(struct tearfree_page_view, size);
	OFFSET(struct tearfree_page_view, count);
	OFFSET(struct tearfree_page_view, slots);
	OFFSET(struct tearfree_page_view, stamps);
	OFFSET(struct tearfree_page_view, state);
	OFFSET(struct tearfree_page_view, time_namespace);
	SIZE(struct tearfree_page_stamp);
	OFFSET(struct tearfree_page_stamp, published_ns);
	OFFSET(struct tearfree_page_stamp, valid_until);
	OFFSET(struct tearfree_page_stamp, time_namespace);
	SIZE(struct tearfree_page_options);
	OFFSET(struct tearfree_page_options, size);
	OFFSET(struct tearfree_page_options, owner);
	SIZE(struct tearfree_writer_options);
	OFFSET(struct tearfree_writer_options, size);
	OFFSET(struct tearfree_writer_options, lifetime_ns);
	OFFSET(struct tearfree_writer_options, mode);
	OFFSET(struct tearfree_writer_options, flags);
	SIZE(struct tearfree_bounded);
	OFFSET(struct tearfree_bounded, earliest);
	OFFSET(struct tearfree_bounded, latest);
	OFFSET(struct tearfree_bounded, status);
	return 0;
}
