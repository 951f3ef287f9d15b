/* SPDX-License-Identifier: GPL-2.0 */
/* The functions that the Rust objects call. In C most of them are macros or inline functions. */
#ifndef TEARFREE_SHIM_H
#define TEARFREE_SHIM_H

#include <linux/types.h>

struct task_struct;

/* Returns 0 if this kernel's locks are laid out as in Rust, else logs an error and returns it. */
int tf_check_layout(void);

/* Contexts. */
void tf_irq_disable(void);
void tf_irq_enable(void);
unsigned long tf_irq_save(void);
void tf_irq_restore(unsigned long flags);
void tf_bh_disable(void);
void tf_bh_enable(void);

/* Locks: the words are spinlock_t. */
void tf_spin_lock(u32 *lock);
int tf_spin_trylock(u32 *lock);
void tf_spin_unlock(u32 *lock);

/* Threads. */
int tf_should_stop(void);
void tf_sleep_one_second(void);
struct task_struct *tf_start(int (*run)(void *), void *arg, const char *name);
struct task_struct *tf_start_on(int (*run)(void *), void *arg, unsigned int cpu);
void tf_stop(struct task_struct *thread);

#endif
