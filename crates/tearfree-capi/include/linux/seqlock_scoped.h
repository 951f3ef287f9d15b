/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * scoped_seqlock_read: a read section that ends by itself. Part of <linux/seqlock.h>.
 *
 *	scoped_seqlock_read (&lock, ss_lock) {
 *		copy_a = READ_ONCE(a);
 *		copy_b = READ_ONCE(b);
 *	}
 *
 * The section runs again until no writer was inside meanwhile. `ss_lockless` retries without end;
 * `ss_lock` and `ss_lock_irqsave` take the lock after one failure. A `return` or `break` out of the section
 * releases the lock, but leaves what was read without the lock unvalidated.
 */
#ifndef TEARFREE_LINUX_SEQLOCK_SCOPED_H
#define TEARFREE_LINUX_SEQLOCK_SCOPED_H

#include <linux/seqlock.h>

enum ss_state {
	ss_done = 0,
	ss_lock,
	ss_lock_irqsave,
	ss_lockless
};

struct tearfree_scope {
	seqlock_t *sl;
	enum ss_state state;
	unsigned start;
	unsigned long flags;
};

static inline struct tearfree_scope tearfree_scope_begin(seqlock_t *sl)
{
	struct tearfree_scope scope;

	scope.sl = sl;
	scope.state = ss_lockless;
	scope.start = read_seqbegin(sl);
	scope.flags = 0;
	return scope;
}

static inline void tearfree_scope_end(struct tearfree_scope *scope)
{
	if (scope->state == ss_lock)
		read_sequnlock_excl(scope->sl);
	else if (scope->state == ss_lock_irqsave)
		read_sequnlock_excl_irqrestore(scope->sl, scope->flags);
	scope->state = ss_done;
}

/* Ends the section after an attempt, or begins another one as `target` says. */
static inline void tearfree_scope_next(struct tearfree_scope *scope, enum ss_state target)
{
	if (scope->state != ss_lockless || !read_seqretry(scope->sl, scope->start)) {
		tearfree_scope_end(scope);
		return;
	}
	if (target == ss_lockless)
		scope->start = read_seqbegin(scope->sl);
	else if (target == ss_lock)
		read_seqlock_excl(scope->sl);
	else
		read_seqlock_excl_irqsave(scope->sl, scope->flags);
	scope->state = target;
}

#define TEARFREE_PASTE(name, number) name##number
#define TEARFREE_SCOPE(sl, target, name)                                                           \
	for (struct tearfree_scope name __attribute__((__cleanup__(tearfree_scope_end))) =         \
		     tearfree_scope_begin(sl);                                                     \
	     name.state != ss_done; tearfree_scope_next(&name, target))
#define TEARFREE_SCOPE_NUMBERED(sl, target, number)                                                \
	TEARFREE_SCOPE(sl, target, TEARFREE_PASTE(tearfree_scope_, number))

#define scoped_seqlock_read(sl, target) TEARFREE_SCOPE_NUMBERED(sl, target, __COUNTER__)

#endif
