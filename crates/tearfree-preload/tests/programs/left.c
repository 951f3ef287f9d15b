/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fails if what is left of a wait or a timer is not in the time of the clock. What is left is compared with
 * readings of the clock before and after, so it does not matter how fast the program runs. Built by calls.rs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static double seconds(struct timespec time) { return (double)time.tv_sec + (double)time.tv_nsec / 1e9; }
static double micros(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

static double now(clockid_t clock)
{
	struct timespec time;

	return clock_gettime(clock, &time), seconds(time);
}

/* Timers have microseconds of the host, of which each may be some hundred of the program's. */
#define ROUNDING 1e-3

/* Whether this is left of a span that began at `start` at the earliest. */
static int is_rest(double left, double span, double start)
{
	int is = left <= span + ROUNDING && left >= span - (now(CLOCK_MONOTONIC) - start) - ROUNDING;

	if (!is)
		printf("%.9f s are left of %.9f s, begun %.9f s ago\n", left, span, now(CLOCK_MONOTONIC) - start);
	return is;
}

static int is_same(double seen, double expected) { return is_rest(seen, expected, now(CLOCK_MONOTONIC)); }

static void ignore(int number) { (void)number; }

/* Sleeps for a day, until a signal; returns what is left, or -1 if the sleep ended otherwise. */
static double interrupted_sleep(int how)
{
	static const struct timespec day = { DAY, 0 };
	struct timespec left = { 0, 0 };
	struct timeval rest = { DAY, 0 };

	switch (how) {
	case 0:
		return nanosleep(&day, &left) == -1 && errno == EINTR ? seconds(left) : -1;
	case 1:
		return clock_nanosleep(CLOCK_MONOTONIC, 0, &day, &left) == EINTR ? seconds(left) : -1;
	case 2:
		return thrd_sleep(&day, &left) == -1 ? seconds(left) : -1;
	case 3:
		return sleep(DAY); /* rounded up */
	default:
		return select(0, NULL, NULL, NULL, &rest) == -1 && errno == EINTR ? micros(rest) : -1;
	}
}

static int interrupted(int how)
{
	static const struct itimerval often = { { MINUTE / 3, 0 }, { MINUTE / 3, 0 } };
	double start, left;

	signal(SIGALRM, ignore);
	setitimer(ITIMER_REAL, &often, NULL);
	do {
		start = now(CLOCK_MONOTONIC);
		left = interrupted_sleep(how);
		if (!is_rest(how == 3 ? left - 1 : left, how == 3 ? DAY - 1 : DAY, start))
			return 0;
		/* Now and then a signal arrives just after the sleep has begun. */
	} while (left > DAY - 1);
	return 1;
}

/* A sleep that is not interrupted stores nothing. */
static int untouched(void)
{
	static const struct timespec second = { 1, 0 };
	struct timespec left = { 4711, 0 };

	return nanosleep(&second, &left) == 0 && left.tv_sec == 4711;
}

static struct timespec later(clockid_t clock, time_t span)
{
	struct timespec time;

	clock_gettime(clock, &time);
	time.tv_sec += span;
	return time;
}

/* The setting is a day from now, then each hour. */
static struct itimerspec daily(clockid_t clock, int absolute)
{
	struct itimerspec setting = { { HOUR, 0 }, absolute ? later(clock, DAY) : (struct timespec){ DAY, 0 } };

	return setting;
}

static int is_daily(const struct itimerspec *seen, double start)
{
	return is_rest(seconds(seen->it_value), DAY, start) && is_same(seconds(seen->it_interval), HOUR);
}

static int is_off(const struct itimerspec *seen)
{
	return seconds(seen->it_value) == 0 && seconds(seen->it_interval) == 0;
}

static int timer(clockid_t clock, int absolute)
{
	static const struct itimerspec off;
	double start = now(CLOCK_MONOTONIC);
	struct itimerspec setting = daily(clock, absolute), seen, old;
	timer_t timer;

	if (timer_create(clock, NULL, &timer) ||
	    timer_settime(timer, absolute ? TIMER_ABSTIME : 0, &setting, NULL) || timer_gettime(timer, &seen) ||
	    !is_daily(&seen, start) || timer_settime(timer, 0, &off, &old) || !is_daily(&old, start))
		return 0;
	return timer_gettime(timer, &seen) == 0 && is_off(&seen);
}

static int timer_file(clockid_t clock, int absolute)
{
	static const struct itimerspec off;
	double start = now(CLOCK_MONOTONIC);
	struct itimerspec setting = daily(clock, absolute), seen, old;
	int file = timerfd_create(clock, 0);

	if (timerfd_settime(file, absolute ? TFD_TIMER_ABSTIME : 0, &setting, NULL) ||
	    timerfd_gettime(file, &seen) || !is_daily(&seen, start) || timerfd_settime(file, 0, &off, &old) ||
	    !is_daily(&old, start))
		return 0;
	return timerfd_gettime(file, &seen) == 0 && is_off(&seen);
}

static int interval_timer(void)
{
	static const struct itimerval setting = { { HOUR, 250000 }, { DAY, 999999 } }, off;
	double start = now(CLOCK_MONOTONIC);
	struct itimerval seen, old;

	setitimer(ITIMER_REAL, &setting, NULL);
	getitimer(ITIMER_REAL, &seen);
	setitimer(ITIMER_REAL, &off, &old);
	return is_rest(micros(seen.it_value), DAY + 0.999999, start) && is_same(micros(seen.it_interval), HOUR + 0.25) &&
	       is_rest(micros(old.it_value), DAY + 0.999999, start) && is_same(micros(old.it_interval), HOUR + 0.25) &&
	       getitimer(ITIMER_REAL, &seen) == 0 && micros(seen.it_value) == 0;
}

/* What is left of an alarm is rounded to seconds, but not to 0. Only on a clock so slow that none passes. */
static int rounded_alarm(void)
{
	static const struct itimerval soon = { { 0, 0 }, { 0, 300000 } }, later = { { 0, 0 }, { 2, 400000 } },
				      last = { { 0, 0 }, { 2, 600000 } };
	unsigned int left[5];

	setitimer(ITIMER_REAL, &soon, NULL);
	left[0] = alarm(0);
	setitimer(ITIMER_REAL, &later, NULL);
	left[1] = alarm(0);
	setitimer(ITIMER_REAL, &last, NULL);
	left[2] = alarm(DAY);
	left[3] = alarm(0);
	left[4] = alarm(0);
	printf("%u %u %u %u %u\n", left[0], left[1], left[2], left[3], left[4]);
	return left[0] == 1 && left[1] == 2 && left[2] == 3 && left[3] == DAY && left[4] == 0;
}

#define CASE(name, call)                \
	if (!strcmp(what, name)) {      \
		is_right = (call);      \
	}

int main(int count, char **words)
{
	const char *what = count > 1 ? words[1] : "";
	int is_right = 0;
	sigset_t none;

	/* A signal that is blocked where the test was started would stay blocked. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	CASE("nanosleep", interrupted(0))
	CASE("clock_nanosleep", interrupted(1))
	CASE("thrd_sleep", interrupted(2))
	CASE("sleep", interrupted(3))
	CASE("select", interrupted(4))
	CASE("a whole sleep", untouched())
	CASE("timer", timer(CLOCK_REALTIME, 0) && timer(CLOCK_REALTIME, 1) && timer(CLOCK_MONOTONIC, 1))
	CASE("timer of a file",
	     timer_file(CLOCK_MONOTONIC, 0) && timer_file(CLOCK_REALTIME, 1) && timer_file(CLOCK_MONOTONIC, 1))
	CASE("interval timer", interval_timer())
	CASE("alarm", rounded_alarm())
	return !is_right;
}
