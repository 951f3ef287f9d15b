// SPDX-License-Identifier: GPL-2.0
/* Three kinds of interruption for the hammer, on the processor that starts them: a timer's interrupt, a
 * softirq, and the work queue. One at a time. */
#include <linux/bottom_half.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#include "hammer.h"

#define PERIOD ns_to_ktime(200 * NSEC_PER_USEC)

static void (*callback)(void *arg);
static void *argument;

static struct hrtimer timer;
static struct work_struct work;
static bool work_is_wanted;

static enum hrtimer_restart on_timer(struct hrtimer *self)
{
	callback(argument);
	hrtimer_forward_now(self, PERIOD);
	return HRTIMER_RESTART;
}

static void on_work(struct work_struct *self)
{
	callback(argument);
	/* ORDERING: Relaxed: a flag; `cancel_work_sync` ends what sees it late. */
	if (READ_ONCE(work_is_wanted))
		schedule_work_on(raw_smp_processor_id(), self);
}

static void timer_start(enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(&timer, on_timer, CLOCK_MONOTONIC, mode);
#else
	hrtimer_init(&timer, CLOCK_MONOTONIC, mode);
	timer.function = on_timer;
#endif
	hrtimer_start(&timer, PERIOD, mode);
}

/* ---- An interruption that is raised inside of a section ---- */

/* Only the thread that is interrupted, and its interruptions, change and read these, on one processor. */
static bool raises, inside;
static int processor;
static u32 raised_kind, sections;
static u64 held_off, came_inside;

static void on_raised(void)
{
	/* ORDERING: Relaxed: of this processor, whose program order the section's thread and this share. */
	u64 *count = READ_ONCE(inside) ? &came_inside : &held_off;

	/* Printed at once, because the case may hang now. boot-test knows the text. */
	if (count == &came_inside && *count == 0)
		pr_err("hammer: an interruption came inside of a section\n");
	/* ORDERING: Relaxed: one processor stores this number; it publishes nothing else. */
	WRITE_ONCE(*count, *count + 1);
	callback(argument);
}

static void on_irq_work(struct irq_work *self)
{
	on_raised();
}

static void on_tasklet(struct tasklet_struct *self)
{
	on_raised();
}

static struct irq_work irq_work = IRQ_WORK_INIT_HARD(on_irq_work);
static DECLARE_TASKLET(tasklet, on_tasklet);

static bool is_interrupted_thread(void)
{
	return raises && in_task() && raw_smp_processor_id() == processor;
}

void hammer_section_begin(void)
{
	if (!is_interrupted_thread())
		return;
	/* ORDERING: Relaxed: of this processor; the call that raises comes after it in its program. */
	WRITE_ONCE(inside, true);
	if (sections++ % 4 != 0)
		return;
	if (raised_kind == HARD_INTERRUPT) {
		irq_work_queue(&irq_work);
	} else {
		/* It runs at this end, unless the section keeps softirqs out: then at the end of that. */
		local_bh_disable();
		tasklet_schedule(&tasklet);
		local_bh_enable();
	}
}

void hammer_section_end(void)
{
	/* ORDERING: Relaxed: of this processor; the section is left after it, and then interruptions come. */
	if (is_interrupted_thread())
		WRITE_ONCE(inside, false);
}

u64 hammer_held_off(void)
{
	/* ORDERING: Relaxed: compared with a goal; the end of the thread orders the last one. */
	return READ_ONCE(held_off);
}

u64 hammer_came_inside(void)
{
	/* ORDERING: Relaxed: compared with zero; the end of the thread orders the last one. */
	return READ_ONCE(came_inside);
}

static void raising_start(u32 kind)
{
	/* ORDERING: Relaxed: no interruption is raised before `raises` is true, in this thread. */
	WRITE_ONCE(held_off, 0);
	/* ORDERING: Relaxed: before `raises` is true, only this thread stores the number. */
	WRITE_ONCE(came_inside, 0);
	raised_kind = kind;
	sections = 0;
	processor = raw_smp_processor_id();
	raises = kind != WORK_QUEUE;
}

static void raising_stop(void)
{
	raises = false;
	irq_work_sync(&irq_work);
	tasklet_kill(&tasklet);
}

/* ---- Start and stop ---- */

/* The caller is a thread that is bound to one processor. */
void hammer_interruption_start(u32 kind, void (*call)(void *), void *arg)
{
	callback = call;
	argument = arg;
	raising_start(kind);
	switch (kind) {
	case HARD_INTERRUPT:
		timer_start(HRTIMER_MODE_REL_PINNED_HARD);
		break;
	case SOFT_INTERRUPT:
		timer_start(HRTIMER_MODE_REL_PINNED_SOFT);
		break;
	case WORK_QUEUE:
		INIT_WORK(&work, on_work);
		/* ORDERING: Relaxed: `schedule_work_on` below hands it to the work. */
		WRITE_ONCE(work_is_wanted, true);
		schedule_work_on(raw_smp_processor_id(), &work);
		break;
	}
}

/* When this returns, the callback has ended and is not called again. */
void hammer_interruption_stop(u32 kind)
{
	raising_stop();
	if (kind == WORK_QUEUE) {
		/* ORDERING: Relaxed: a flag; `cancel_work_sync` waits for work that missed it. */
		WRITE_ONCE(work_is_wanted, false);
		cancel_work_sync(&work);
		return;
	}
	hrtimer_cancel(&timer);
}
