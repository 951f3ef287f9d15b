// SPDX-License-Identifier: GPL-2.0
/* Three kinds of interruption for the hammer, on the processor that starts them: a timer's interrupt, a
 * softirq, and the work queue. One at a time. */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
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

/* The caller is a thread that is bound to one processor. */
void hammer_interruption_start(u32 kind, void (*call)(void *), void *arg)
{
	callback = call;
	argument = arg;
	switch (kind) {
	case HARD_INTERRUPT:
		timer_start(HRTIMER_MODE_REL_PINNED_HARD);
		break;
	case SOFT_INTERRUPT:
		timer_start(HRTIMER_MODE_REL_PINNED_SOFT);
		break;
	case WORK_QUEUE:
		INIT_WORK(&work, on_work);
		WRITE_ONCE(work_is_wanted, true);
		schedule_work_on(raw_smp_processor_id(), &work);
		break;
	}
}

/* When this returns, the callback has ended and is not called again. */
void hammer_interruption_stop(u32 kind)
{
	if (kind == WORK_QUEUE) {
		WRITE_ONCE(work_is_wanted, false);
		cancel_work_sync(&work);
		return;
	}
	hrtimer_cancel(&timer);
}
