// SPDX-License-Identifier: GPL-2.0
/* The C half of the hammer: its parameters, messages and pauses. The module runs while it is being
 * loaded, and prints its results to the kernel's log. */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "hammer.h"
#include "shim.h"

static char *only = "";
module_param(only, charp, 0444);
MODULE_PARM_DESC(only, "run only the cases whose names begin with this");

static unsigned int case_ms = 150;
module_param(case_ms, uint, 0444);
MODULE_PARM_DESC(case_ms, "the shortest time of a case; a case runs on until its goal is reached");

int hammer_is_wanted(const char *name)
{
	return strncmp(name, only, strlen(only)) == 0;
}

void hammer_print_start(const char *name)
{
	pr_info("hammer: begins case=%s\n", name);
}

void hammer_print_report(const struct hammer_report *r)
{
	pr_info("hammer: case=%s result=%s control=%u writes=%llu reads=%llu met=%llu interrupts=%llu held_off=%llu came_inside=%llu met_inside=%llu stuck=%llu torn=%llu backward=%llu lost=%llu\n",
		r->name, r->ok ? "ok" : "FAILED", r->control, r->writes, r->reads, r->met,
		r->interrupts, r->held_off, r->came_inside, r->met_inside, r->stuck, r->torn, r->backward, r->lost);
}

void hammer_wait(void)
{
	msleep(case_ms);
}

void hammer_yield(void)
{
	cond_resched();
}

/* Emulated processors that take turns switch here. */
void hammer_pause(void)
{
	cpu_relax();
}

static int __init hammer_init(void)
{
	int error = tf_check_layout();

	if (error)
		return error;
	if (!cpu_online(0) || !cpu_online(1)) {
		pr_err("hammer: processors 0 and 1 are needed; bring both online\n");
		return -ENODEV;
	}
	hammer_run();
	pr_info("hammer: end\n");
	return 0;
}

static void __exit hammer_exit(void)
{
}

module_init(hammer_init);
module_exit(hammer_exit);

MODULE_DESCRIPTION("Stress test of tearfree's sequence locks and the kernel's own, in every context");
MODULE_AUTHOR("The tearfree authors");
MODULE_LICENSE("GPL");
