/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Replaces the parts of the kernel that the tutorials' modules use beside the sequence lock: threads,
 * sleeping, messages, a character device that is never opened. The lock is the real one.
 */
#ifndef STANDIN_H
#define STANDIN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* ---- Modules: standin.c loads the one module of the program, and unloads it at the end ---- */

#define __init
#define __exit
#define __user
#define THIS_MODULE NULL

#define module_init(function) int (*const standin_load)(void) = function
#define module_exit(function) void (*const standin_unload)(void) = function
#define MODULE_LICENSE(text) extern int standin_nothing
#define MODULE_AUTHOR(text) extern int standin_nothing
#define MODULE_DESCRIPTION(text) extern int standin_nothing
#define MODULE_VERSION(text) extern int standin_nothing

/* ---- Messages: one line each, on standard output ---- */

__attribute__((__format__(__printf__, 1, 2))) void standin_print(const char *format, ...);

#define pr_info(...) standin_print(__VA_ARGS__)
#define pr_err(...) standin_print(__VA_ARGS__)

/* ---- Threads: they start when the module is loaded, as one of the modules requires ---- */

struct task_struct;

struct task_struct *kthread_run(int (*function)(void *), void *data, const char *name);
int kthread_stop(struct task_struct *task);
bool kthread_should_stop(void);
void msleep(unsigned milliseconds);

#define ssleep(seconds) msleep(1000 * (seconds))

/* ---- A character device, which can only be created ---- */

struct inode;
struct file;
struct class;
struct device;

struct file_operations {
	void *owner;
	ssize_t (*read)(struct file *file, char *to, size_t length, loff_t *offset);
	ssize_t (*write)(struct file *file, const char *from, size_t length, loff_t *offset);
	int (*open)(struct inode *inode, struct file *file);
	int (*release)(struct inode *inode, struct file *file);
};

struct cdev {
	const struct file_operations *operations;
};

#define MAJOR(device) ((int)((device) >> 20))
#define MINOR(device) ((int)((device) & 0xFFFFF))
#define IS_ERR(pointer) ((unsigned long)(pointer) >= (unsigned long)-4095)

int alloc_chrdev_region(dev_t *device, unsigned first, unsigned count, const char *name);
void unregister_chrdev_region(dev_t device, unsigned count);
void cdev_init(struct cdev *cdev, const struct file_operations *operations);
int cdev_add(struct cdev *cdev, dev_t device, unsigned count);
void cdev_del(struct cdev *cdev);
struct class *class_create(void *owner, const char *name);
void class_destroy(struct class *class);
struct device *device_create(struct class *class, struct device *parent, dev_t device, void *data,
			     const char *name);
void device_destroy(struct class *class, dev_t device);

#endif
