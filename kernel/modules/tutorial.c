// SPDX-License-Identifier: GPL-2.0
/* The C half of tutorial one's module: it starts and stops the two threads. */
#include <linux/module.h>
#include <linux/printk.h>

#include "shim.h"

/* From Rust. */
int tutorial_write(void *unused);
int tutorial_read(void *unused);
void tutorial_print(int value);

static struct task_struct *thread_th1;
static struct task_struct *thread_th2;

void tutorial_print(int value)
{
	pr_info("read values : %d\n", value);
}

static int __init module_seqlock_init(void)
{
	int error = tf_check_layout();

	if (error)
		return error;
	pr_info("module seqlock init fun\n");
	thread_th1 = tf_start(tutorial_write, NULL, "thread_1");
	if (!thread_th1)
		return -ENOMEM;
	thread_th2 = tf_start(tutorial_read, NULL, "thread_2");
	if (!thread_th2) {
		tf_stop(thread_th1);
		return -ENOMEM;
	}
	return 0;
}

static void __exit module_seqlock_exit(void)
{
	pr_info("module seqlock exit function\n");
	tf_stop(thread_th1);
	tf_stop(thread_th2);
}

module_init(module_seqlock_init);
module_exit(module_seqlock_exit);

MODULE_DESCRIPTION("Linux kernel seqlock tutorial, on tearfree's SeqLock");
MODULE_AUTHOR("The tearfree authors");
MODULE_LICENSE("GPL");
