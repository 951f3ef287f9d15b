/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Runs a module as a program: loads it, lets its threads run, unloads it.
 *
 *	./seqlock_module [SECONDS]	until Ctrl-C, or for SECONDS
 */
#include "standin.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

extern int (*const standin_load)(void);
extern void (*const standin_unload)(void);

/* ---- Messages ---- */

void standin_print(const char *format, ...)
{
	char line[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	line[strcspn(line, "\r\n")] = '\0';
	puts(line);
	fflush(stdout);
}

/* ---- Threads ---- */

struct task_struct {
	int (*function)(void *);
	void *data;
	pthread_t thread;
	int stops;
};

static _Thread_local struct task_struct *current;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

static void *thread_body(void *argument)
{
	current = (struct task_struct *)argument;
	/* The second tutorial initialises its lock after it has started the threads that use it. */
	pthread_mutex_lock(&loading);
	pthread_mutex_unlock(&loading);
	current->function(current->data);
	return NULL;
}

struct task_struct *kthread_run(int (*function)(void *), void *data, const char *name)
{
	struct task_struct *task = (struct task_struct *)calloc(1, sizeof *task);

	(void)name;
	if (task == NULL)
		return NULL;
	task->function = function;
	task->data = data;
	if (pthread_create(&task->thread, NULL, thread_body, task) != 0) {
		free(task);
		return NULL;
	}
	return task;
}

bool kthread_should_stop(void)
{
	return __atomic_load_n(&current->stops, __ATOMIC_ACQUIRE);
}

int kthread_stop(struct task_struct *task)
{
	__atomic_store_n(&task->stops, 1, __ATOMIC_RELEASE);
	pthread_join(task->thread, NULL);
	free(task);
	return 0;
}

void msleep(unsigned milliseconds)
{
	struct timespec left = { milliseconds / 1000, milliseconds % 1000 * 1000000L };

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

/* ---- A character device ---- */

static int something;

int alloc_chrdev_region(dev_t *device, unsigned first, unsigned count, const char *name)
{
	(void)count;
	(void)name;
	*device = (dev_t)236 << 20 | first;
	return 0;
}

void unregister_chrdev_region(dev_t device, unsigned count)
{
	(void)device;
	(void)count;
}

void cdev_init(struct cdev *cdev, const struct file_operations *operations)
{
	cdev->operations = operations;
}

int cdev_add(struct cdev *cdev, dev_t device, unsigned count)
{
	(void)device;
	(void)count;
	return cdev->operations == NULL ? -EINVAL : 0;
}

void cdev_del(struct cdev *cdev)
{
	cdev->operations = NULL;
}

struct class *class_create(void *owner, const char *name)
{
	(void)owner;
	(void)name;
	return (struct class *)&something;
}

void class_destroy(struct class *class)
{
	(void)class;
}

struct device *device_create(struct class *class, struct device *parent, dev_t device, void *data,
			     const char *name)
{
	(void)class;
	(void)parent;
	(void)device;
	(void)data;
	(void)name;
	return (struct device *)&something;
}

void device_destroy(struct class *class, dev_t device)
{
	(void)class;
	(void)device;
}

/* ---- The program ---- */

int main(int argc, char **argv)
{
	sigset_t ends;
	int which;

	/* Blocked before threads start, which inherit the mask: only this thread waits for the signals. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);

	pthread_mutex_lock(&loading);
	if (standin_load() != 0) {
		fputs("the module could not be loaded\n", stderr);
		return 1;
	}
	if (argc > 1)
		alarm((unsigned)atoi(argv[1]));
	pthread_mutex_unlock(&loading);
	sigwait(&ends, &which);
	standin_unload();
	return 0;
}
