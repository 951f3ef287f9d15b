/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Runs the tests of this folder: all, or those that are named; --list prints their names. */
#define _GNU_SOURCE 1
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "test.h"

enum { LIMIT_S = 120 };

static struct test *tests;

void register_test(struct test *test)
{
	test->next = tests;
	tests = test;
}

static pthread_t begin(void *(*body)(void *), void *argument)
{
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, body, argument) == 0);
	return thread;
}

void in_another_thread(void *(*other)(void *), void *argument)
{
	CHECK(pthread_join(begin(other, argument), NULL) == 0);
}

struct start {
	pthread_barrier_t *line;
	void *(*body)(void *);
	void *argument;
};

static void *start_together(void *start)
{
	struct start *mine = (struct start *)start;

	pthread_barrier_wait(mine->line);
	return mine->body(mine->argument);
}

void at_the_same_time(void *(*one)(void *), void *(*other)(void *), void *argument)
{
	pthread_barrier_t line;
	struct start starts[2] = { { &line, one, argument }, { &line, other, argument } };
	pthread_t first, second;

	CHECK(pthread_barrier_init(&line, NULL, 2) == 0);
	first = begin(start_together, &starts[0]);
	second = begin(start_together, &starts[1]);
	CHECK(pthread_join(first, NULL) == 0);
	CHECK(pthread_join(second, NULL) == 0);
	CHECK(pthread_barrier_destroy(&line) == 0);
}

static volatile sig_atomic_t counted[65];

static void handler(int number)
{
	counted[number] = 1;
}

void count_signal(int number)
{
	struct sigaction action;

	memset(&action, 0, sizeof action);
	action.sa_handler = handler;
	CHECK(sigaction(number, &action, NULL) == 0);
	counted[number] = 0;
}

bool came(int number)
{
	bool did = counted[number] != 0;

	counted[number] = 0;
	return did;
}

static bool is_chosen(const struct test *test, char **names)
{
	if (*names == NULL)
		return true;
	while (*names != NULL)
		if (strcmp(test->name, *names++) == 0)
			return true;
	return false;
}

/* Kills the program if a test hangs. SIGALRM is under test, so the timer sends SIGKILL. */
static timer_t begin_watchdog(void)
{
	struct itimerspec limit;
	struct sigevent ends;
	timer_t watchdog;

	memset(&limit, 0, sizeof limit);
	memset(&ends, 0, sizeof ends);
	limit.it_value.tv_sec = LIMIT_S;
	ends.sigev_notify = SIGEV_SIGNAL;
	ends.sigev_signo = SIGKILL;
	CHECK(timer_create(CLOCK_MONOTONIC, &ends, &watchdog) == 0);
	CHECK(timer_settime(watchdog, 0, &limit, NULL) == 0);
	return watchdog;
}

static void run(const struct test *test)
{
	timer_t watchdog = begin_watchdog();

	test->body();
	CHECK(timer_delete(watchdog) == 0);
}

int main(int argc, char **argv)
{
	bool only_list = argc > 1 && strcmp(argv[1], "--list") == 0;
	struct test *test;
	int done = 0;

	for (test = tests; test != NULL; test = test->next) {
		if (only_list) {
			puts(test->name);
		} else if (is_chosen(test, argv + 1)) {
			run(test);
			done++;
		}
	}
	if (!only_list)
		printf("%d tests\n", done);
	return !only_list && done == 0;
}
