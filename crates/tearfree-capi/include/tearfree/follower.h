/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Followers: the page that a name has now. Included by <tearfree.h>. */
#ifndef TEARFREE_FOLLOWER_H
#define TEARFREE_FOLLOWER_H

#include <stddef.h>
#include <stdint.h>
#include <tearfree.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A page stays the one that was opened. A follower opens the next one: after the page was replaced or removed, after
 * its directory was removed by hand, and after a restart of its writer. Its values never go back: an earlier page is
 * not read. While the name has no page that can be read, it keeps the last value.
 *
 *	struct tearfree_follower *follower;
 *
 *	if (tearfree_follower_open("quotes", "price:f64 qty:u64", NULL, &follower) != 0)
 *		...
 *	for (;;) {
 *		if (tearfree_follower_read(follower, &quote, sizeof quote, NULL) == 0)
 *			printf("%f\n", quote.price);
 *		tearfree_follower_wait(follower, -1, NULL);
 *	}
 *
 * One thread at a time uses a follower; a call of another one is TEARFREE_ERROR_IN_USE. None may come from a signal
 * handler.
 */
struct tearfree_follower;

/*
 * Follows a page by its name, or by its path if it contains a '/'. The page need not exist yet. `schema` is the schema
 * that the program expects, or NULL for any, and then it can be another one after each TEARFREE_EVENT_REPLACED.
 * `options` may be NULL.
 */
int tearfree_follower_open(const char *page, const char *schema,
			   const struct tearfree_page_options *options, struct tearfree_follower **to);

/* Ends the use of a follower. NULL is ignored. */
void tearfree_follower_close(struct tearfree_follower *follower);

/*
 * As tearfree_page_read, for the page that the name has now: copies its newest value, and never an earlier one than
 * before. Fails if there has been no page yet. It looks at the path ten times a second, by system calls.
 */
int tearfree_follower_read(const struct tearfree_follower *follower, void *to, size_t size,
			   struct tearfree_reading *reading);

/*
 * Sleeps until something happens that was not reported, and stores what to `event`, unless that is NULL: one of
 * TEARFREE_EVENT_*. Returns TEARFREE_ERROR_TIMED_OUT after `timeout_ns` nanoseconds, unless that is negative; with 0 it
 * does not sleep. It notices what was done to the files by hand within a second.
 */
int tearfree_follower_wait(const struct tearfree_follower *follower, int64_t timeout_ns, int *event);

/*
 * Stores a descriptor for poll and epoll, which becomes readable when something may have happened. It belongs to the
 * follower: do not read or close it. First, and each time that it is readable, call tearfree_follower_wait with a timeout of
 * 0 until that returns TEARFREE_ERROR_TIMED_OUT.
 */
int tearfree_follower_descriptor(const struct tearfree_follower *follower, int *to);

/* Returns 0 if the page that the name has is read, and otherwise the reason, as tearfree_page_open would. */
int tearfree_follower_problem(const struct tearfree_follower *follower);

/*
 * Return the schema of the page that was opened last and the size of its values; NULL and 0 if there has been none. The
 * text is valid until the next call of tearfree_follower_schema.
 */
const char *tearfree_follower_schema(const struct tearfree_follower *follower);
size_t tearfree_follower_size(const struct tearfree_follower *follower);

#ifdef __cplusplus
}
#endif

#endif
