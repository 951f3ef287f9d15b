// SPDX-License-Identifier: GPL-2.0
/* The C half of tutorial two's driver: the character device, and the start and end of its threads. */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/seq_file.h>
#include <linux/version.h>

#include "shim.h"

/* Longer than any number with its newline; kstrtoul_from_user would cut longer text off. */
#define LONGEST_NUMBER 32

/* From Rust. */
int etx_thread1(void *unused);
int etx_thread2(void *unused);
unsigned long etx_get(void);
void etx_set(unsigned long value);
void etx_print(unsigned long value);

static dev_t dev;
static struct class *dev_class;
static struct cdev etx_cdev;
static struct task_struct *thread1;
static struct task_struct *thread2;

void etx_print(unsigned long value)
{
	pr_info("In EmbeTronicX Thread Function2 : Read value %lu\n", value);
}

/* seq_file keeps the text, so a program that reads byte by byte gets one value, not a mix of two. */
static int etx_show(struct seq_file *file, void *unused)
{
	pr_info("Read function\n");
	seq_printf(file, "%lu\n", etx_get());
	return 0;
}

static int etx_open(struct inode *inode, struct file *file)
{
	pr_info("Device File Opened...!!!\n");
	return single_open(file, etx_show, NULL);
}

static int etx_release(struct inode *inode, struct file *file)
{
	pr_info("Device File Closed...!!!\n");
	return single_release(inode, file);
}

static ssize_t etx_write(struct file *file, const char __user *text, size_t length, loff_t *offset)
{
	unsigned long value;
	int error = -EINVAL;

	pr_info("Write Function\n");
	if (length <= LONGEST_NUMBER)
		error = kstrtoul_from_user(text, length, 10, &value);
	if (error)
		return error == -EFAULT ? -EFAULT : -EINVAL;
	etx_set(value);
	return length;
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = etx_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.write = etx_write,
	.release = etx_release,
};

static struct class *new_class(const char *name)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	return class_create(name);
#else
	return class_create(THIS_MODULE, name);
#endif
}

static int start_threads(void)
{
	thread1 = tf_start(etx_thread1, NULL, "eTx Thread1");
	if (!thread1)
		return -ENOMEM;
	pr_info("Kthread1 Created Successfully...\n");
	thread2 = tf_start(etx_thread2, NULL, "eTx Thread2");
	if (!thread2) {
		tf_stop(thread1);
		return -ENOMEM;
	}
	pr_info("Kthread2 Created Successfully...\n");
	return 0;
}

static void stop_threads(void)
{
	tf_stop(thread1);
	tf_stop(thread2);
}

/* The device is created last: from then on programs may open it. */
static int __init etx_driver_init(void)
{
	struct device *device;
	int error = tf_check_layout();

	if (error)
		return error;
	error = alloc_chrdev_region(&dev, 0, 1, "etx_Dev");
	if (error)
		return error;
	pr_info("Major = %d Minor = %d\n", MAJOR(dev), MINOR(dev));
	dev_class = new_class("etx_class");
	if (IS_ERR(dev_class)) {
		error = PTR_ERR(dev_class);
		goto no_class;
	}
	error = start_threads();
	if (error)
		goto no_threads;
	cdev_init(&etx_cdev, &fops);
	etx_cdev.owner = THIS_MODULE;
	error = cdev_add(&etx_cdev, dev, 1);
	if (error)
		goto no_cdev;
	device = device_create(dev_class, NULL, dev, NULL, "etx_device");
	if (IS_ERR(device)) {
		error = PTR_ERR(device);
		goto no_device;
	}
	pr_info("Device Driver Insert...Done!!!\n");
	return 0;

no_device:
	cdev_del(&etx_cdev);
no_cdev:
	stop_threads();
no_threads:
	class_destroy(dev_class);
no_class:
	unregister_chrdev_region(dev, 1);
	return error;
}

static void __exit etx_driver_exit(void)
{
	device_destroy(dev_class, dev);
	cdev_del(&etx_cdev);
	stop_threads();
	class_destroy(dev_class);
	unregister_chrdev_region(dev, 1);
	pr_info("Device Driver Remove...Done!!\n");
}

module_init(etx_driver_init);
module_exit(etx_driver_exit);

MODULE_DESCRIPTION("A simple device driver, its value in tearfree's SeqLock");
MODULE_AUTHOR("The tearfree authors");
MODULE_LICENSE("GPL");
