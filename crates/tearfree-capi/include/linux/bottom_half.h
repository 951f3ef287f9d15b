/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bottom halves in user space: signals that the program chooses. Sections nest. */
#ifndef TEARFREE_LINUX_BOTTOM_HALF_H
#define TEARFREE_LINUX_BOTTOM_HALF_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void tearfree_bh_disable(void);
void tearfree_bh_enable(void);

/*
 * Chooses the signals that count as bottom halves, for the whole process; with none it restores the
 * default: timers, I/O and the real-time signals. Call it at the start of a program. Returns 0, or
 * TEARFREE_ERROR_SIGNAL (see <tearfree.h>) if a number is outside 1 to 64; then nothing changes.
 */
int tearfree_set_bottom_half_signals(const int *signals, size_t count);

#ifdef __cplusplus
}
#endif

#define local_bh_disable() tearfree_bh_disable()
#define local_bh_enable() tearfree_bh_enable()

#endif
