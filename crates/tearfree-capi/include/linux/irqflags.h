/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Interrupts in user space: the asynchronous signals of this thread. Two system calls a section. */
#ifndef TEARFREE_LINUX_IRQFLAGS_H
#define TEARFREE_LINUX_IRQFLAGS_H

#include <linux/compiler.h>

/* `flags` holds the signals that were blocked before: one bit for each of 64. */
TEARFREE_STATIC_ASSERT(sizeof(unsigned long) == 8, "64 signals do not fit into unsigned long here");

#ifdef __cplusplus
extern "C" {
#endif

unsigned long tearfree_irq_save(void);
void tearfree_irq_restore(unsigned long flags);
void tearfree_irq_disable(void);
void tearfree_irq_enable(void);

#ifdef __cplusplus
}
#endif

/* Block signals, and restore the previous mask. Sections nest. */
#define local_irq_save(flags) ((void)((flags) = tearfree_irq_save()))
#define local_irq_restore(flags) tearfree_irq_restore(flags)

/* Block signals, and unblock all of them, whatever was before. Sections do not nest. */
#define local_irq_disable() tearfree_irq_disable()
#define local_irq_enable() tearfree_irq_enable()

#endif
