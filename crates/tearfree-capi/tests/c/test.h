/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* TEST: a test of one call, registered under the name of the call. Valid C and C++. */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>

#include "../check.h"

struct test {
	const char *name;
	void (*body)(void);
	struct test *next;
};

void register_test(struct test *test);

#define TEST(name)                                                                                 \
	static void test_##name(void);                                                             \
	__attribute__((constructor)) static void register_##name(void)                            \
	{                                                                                          \
		static struct test test = { #name, test_##name, NULL };                            \
		register_test(&test);                                                              \
	}                                                                                          \
	static void test_##name(void)

/* Runs `other` in another thread, and waits for it. */
void in_another_thread(void *(*other)(void *), void *argument);

/* Runs both at the same time, and waits for both. */
void at_the_same_time(void *(*one)(void *), void *(*other)(void *), void *argument);

/* Whether the handler of `number` ran since the last call. */
bool came(int number);
/* Installs a handler that notes the arrival of `number`. */
void count_signal(int number);

#endif
