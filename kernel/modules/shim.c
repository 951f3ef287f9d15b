// SPDX-License-Identifier: GPL-2.0
/* Functions for the Rust objects that are macros in C, and the layout that both rely on. */
#include <linux/bottom_half.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "shim.h"

#ifdef CONFIG_PREEMPT_RT
#error "PREEMPT_RT: readers have to take the writer's lock, which ours do not; build for another kernel"
#endif
#if defined(CONFIG_LOCKDEP) || defined(CONFIG_DEBUG_LOCK_ALLOC) || defined(CONFIG_DEBUG_SPINLOCK)
#error "lock debugging: locks are larger than the Rust types; build for a kernel without it"
#endif

/* tearfree_kernel asserts the same layout. */
static_assert(sizeof(seqcount_t) == sizeof(u32));
static_assert(sizeof(seqcount_spinlock_t) == sizeof(u32));
static_assert(sizeof(seqcount_latch_t) == sizeof(u32));
static_assert(sizeof(spinlock_t) == sizeof(u32));
static_assert(sizeof(seqlock_t) == 2 * sizeof(u32));
static_assert(offsetof(seqlock_t, seqcount) == 0);
static_assert(offsetof(seqlock_t, lock) == sizeof(u32));
static_assert(sizeof(long) == sizeof(u64));

int tf_check_layout(void)
{
	static const spinlock_t unlocked = __SPIN_LOCK_UNLOCKED(unlocked);

	if (!memchr_inv(&unlocked, 0, sizeof(unlocked)))
		return 0;
	pr_err("tearfree: an unlocked spinlock_t is not zero in this kernel; these modules do not support it\n");
	return -EINVAL;
}

void tf_irq_disable(void)
{
	local_irq_disable();
}

void tf_irq_enable(void)
{
	local_irq_enable();
}

unsigned long tf_irq_save(void)
{
	unsigned long flags;

	local_irq_save(flags);
	return flags;
}

void tf_irq_restore(unsigned long flags)
{
	local_irq_restore(flags);
}

void tf_bh_disable(void)
{
	local_bh_disable();
}

void tf_bh_enable(void)
{
	local_bh_enable();
}

void tf_spin_lock(u32 *lock)
{
	spin_lock((spinlock_t *)lock);
}

int tf_spin_trylock(u32 *lock)
{
	return spin_trylock((spinlock_t *)lock);
}

void tf_spin_unlock(u32 *lock)
{
	spin_unlock((spinlock_t *)lock);
}

int tf_should_stop(void)
{
	return kthread_should_stop();
}

/* Returns early when the thread is asked to stop. */
void tf_sleep_one_second(void)
{
	schedule_timeout_interruptible(HZ);
}

/* Starts a thread; returns NULL on failure. */
struct task_struct *tf_start(int (*run)(void *), void *arg, const char *name)
{
	struct task_struct *thread = kthread_run(run, arg, "%s", name);

	return IS_ERR(thread) ? NULL : thread;
}

/* Starts a thread that is bound to one processor; returns NULL on failure. */
struct task_struct *tf_start_on(int (*run)(void *), void *arg, unsigned int cpu)
{
	struct task_struct *thread = kthread_create(run, arg, "tearfree/%u", cpu);

	if (IS_ERR(thread))
		return NULL;
	kthread_bind(thread, cpu);
	wake_up_process(thread);
	return thread;
}

void tf_stop(struct task_struct *thread)
{
	kthread_stop(thread);
}
