/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fails if a timer fires at another time than that of the clock, or if what is left of it is not in that
 * time. What is left is compared with readings of the clock before and after, so it does not matter how late
 * the program is. Built by calls.rs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/timerfd.h>
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

/* Blocks a signal, so that only sigwait takes it. */
static sigset_t blocked(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return set;
}

static int arrives(void)
{
	sigset_t set = blocked(SIGALRM);
	int number = 0;

	return sigwait(&set, &number) == 0 && number == SIGALRM;
}

/* Whether it fires after a minute, and after one more, which is the period. */
static int fires_twice(double start)
{
	return arrives() && arrives() && now(CLOCK_MONOTONIC) >= start + 2 * MINUTE - 0.01;
}

static struct itimerspec each_minute(clockid_t clock, int absolute)
{
	struct itimerspec setting = { { MINUTE, 0 },
				      absolute ? later(clock, MINUTE) : (struct timespec){ MINUTE, 0 } };

	return setting;
}

static int timer_fires(clockid_t clock, int absolute)
{
	double start = now(CLOCK_MONOTONIC);
	struct itimerspec setting = each_minute(clock, absolute);
	timer_t timer;

	blocked(SIGALRM);
	return timer_create(clock, NULL, &timer) == 0 &&
	       timer_settime(timer, absolute ? TIMER_ABSTIME : 0, &setting, NULL) == 0 && fires_twice(start);
}

static int timer_file_fires(clockid_t clock, int absolute)
{
	double start = now(CLOCK_MONOTONIC);
	struct itimerspec setting = each_minute(clock, absolute);
	int file = timerfd_create(clock, 0), flags = absolute ? TFD_TIMER_ABSTIME : 0;
	unsigned long long times, all = 0;

	if (timerfd_settime(file, flags, &setting, NULL))
		return 0;
	for (; all < 2; all += times)
		if (read(file, &times, sizeof(times)) != sizeof(times))
			return 0;
	return now(CLOCK_MONOTONIC) >= start + (double)all * MINUTE - 0.01;
}

static int interval_timer_fires(void)
{
	static const struct itimerval setting = { { MINUTE, 0 }, { MINUTE, 0 } };
	double start = now(CLOCK_MONOTONIC);

	blocked(SIGALRM);
	return setitimer(ITIMER_REAL, &setting, NULL) == 0 && fires_twice(start);
}

static int alarm_fires(void)
{
	double start = now(CLOCK_MONOTONIC);

	blocked(SIGALRM);
	alarm(MINUTE);
	return arrives() && now(CLOCK_MONOTONIC) >= start + MINUTE - 0.01;
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
	CASE("timer", timer(CLOCK_REALTIME, 0) && timer(CLOCK_REALTIME, 1) && timer(CLOCK_MONOTONIC, 1))
	CASE("timer of a file",
	     timer_file(CLOCK_MONOTONIC, 0) && timer_file(CLOCK_REALTIME, 1) && timer_file(CLOCK_MONOTONIC, 1))
	CASE("interval timer", interval_timer())
	CASE("alarm", rounded_alarm())
	CASE("timer fires", timer_fires(CLOCK_REALTIME, 0))
	CASE("absolute timer fires", timer_fires(CLOCK_REALTIME, 1))
	CASE("monotonic timer fires", timer_fires(CLOCK_MONOTONIC, 1))
	CASE("timer of a file fires", timer_file_fires(CLOCK_MONOTONIC, 0))
	CASE("absolute timer of a file fires", timer_file_fires(CLOCK_REALTIME, 1))
	CASE("monotonic timer of a file fires", timer_file_fires(CLOCK_MONOTONIC, 1))
	CASE("interval timer fires", interval_timer_fires())
	CASE("alarm fires", alarm_fires())
	return !is_right;
}
