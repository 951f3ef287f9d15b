/* SPDX-License-Identifier: GPL-2.0 */
/* The functions and types that the C and Rust halves of the hammer share. */
#ifndef TEARFREE_HAMMER_H
#define TEARFREE_HAMMER_H

#include <linux/seqlock.h>
#include <linux/types.h>

/* ---- For Rust: running a case ---- */

/* The results of one case. report.rs has the same layout. */
struct hammer_report {
	const char *name;
	u64 writes;
	u64 reads;
	u64 met;
	u64 interrupts;
	u64 held_off;
	u64 came_inside;
	u64 met_inside;
	u64 stuck;
	u64 torn;
	u64 backward;
	u64 lost;
	u32 control;
	u32 ok;
};

int hammer_is_wanted(const char *name);
void hammer_print_start(const char *name);
void hammer_print_report(const struct hammer_report *report);
void hammer_wait(void);
void hammer_yield(void);
void hammer_pause(void);

/* ---- For Rust: interruptions of the calling processor ---- */

enum hammer_interruption { HARD_INTERRUPT, SOFT_INTERRUPT, WORK_QUEUE };

void hammer_interruption_start(u32 kind, void (*call)(void *), void *arg);
void hammer_interruption_stop(u32 kind);
/* Called inside of a section that keeps the interruption out, at its begin and end. In every fourth section the
 * interruption is raised at the begin. It has to come behind the end. */
void hammer_section_begin(void);
void hammer_section_end(void);
/* How often it came behind the section in which it was raised, and how often inside, since the last start. */
u64 hammer_held_off(void);
u64 hammer_came_inside(void);

/* ---- For Rust: the kernel's own sequence locks, and the words that they protect ---- */

#define HAMMER_WORDS 8

/* kernel_locks.rs has the same layout. */
struct hammer_shared {
	seqlock_t lock;
	seqcount_t count;
	seqcount_latch_t latch;
	spinlock_t writers; /* of the count and of the latch */
	u64 words[2][HAMMER_WORDS];
};

struct hammer_shared *hammer_shared_reset(void);
void hammer_seqlock_write(u32 paced);
void hammer_seqlock_write_irqsave(u32 paced);
u32 hammer_seqlock_read(u64 *words, u32 paced);
void hammer_seqcount_write(u32 paced);
u32 hammer_seqcount_read(u64 *words, u32 paced);
void hammer_latch_write(u32 paced);
u32 hammer_latch_read(u64 *words, u32 paced);

/* ---- From Rust ---- */

void hammer_run(void);

#endif
