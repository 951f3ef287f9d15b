/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* tearfree beyond the kernel's API: its errors. */
#ifndef TEARFREE_H
#define TEARFREE_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Calls that can fail return 0 or one of these numbers. A number never changes its meaning, and none
 * is used again; later versions may add some.
 */
enum {
	TEARFREE_OK = 0,
	/* The library has a fault. */
	TEARFREE_ERROR_BUG = 1,
	/* A signal number is outside 1 to 64. */
	TEARFREE_ERROR_SIGNAL = 2
};

/*
 * What happened in this thread's last call that failed, and what to do next; empty if none has. The
 * text stays until the next call of this thread that fails.
 */
const char *tearfree_last_error(void);

/* What an error number means, in general. The text stays for ever. */
const char *tearfree_error_text(int number);

#ifdef __cplusplus
}
#endif

#endif
