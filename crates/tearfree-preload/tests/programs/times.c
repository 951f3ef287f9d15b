/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Prints the time that each function returns; or, with an argument, fails if that case behaves otherwise
 * than without the object. Built by calls.rs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MINUTE 60

static double seconds(struct timespec time) { return (double)time.tv_sec + (double)time.tv_nsec / 1e9; }

static struct timespec now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time;
}

/* Timers of processor time are not converted: they take as long on a fast clock. */
static int processor_timer(void)
{
	struct itimerspec setting = { .it_value = { 0, 300000000 } }, left;
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	clock_t start = clock();
	timer_t timer;

	timer_create(CLOCK_PROCESS_CPUTIME_ID, &none, &timer);
	timer_settime(timer, 0, &setting, NULL);
	do
		timer_gettime(timer, &left);
	while (seconds(left.it_value) > 0);
	return clock() - start >= CLOCKS_PER_SEC / 4;
}

/* The ID of a deleted timer is used again, perhaps for a timer of another clock. */
static int ids_are_reused(void)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	timer_t timer;
	int turn;

	for (turn = 0; turn < 1000; turn++) {
		if (timer_create(CLOCK_PROCESS_CPUTIME_ID, &none, &timer))
			return 0;
		timer_delete(timer);
	}
	return processor_timer();
}

/* A child inherits no timers, and its first one has the ID of its parent's first. */
static int forked(void)
{
	struct sigevent none = { .sigev_notify = SIGEV_NONE };
	struct itimerspec minute = { .it_value = { MINUTE, 0 } };
	int number = 0, status = 1;
	timer_t timer;
	sigset_t set;

	if (timer_create(CLOCK_PROCESS_CPUTIME_ID, &none, &timer))
		return 0;
	if (fork()) {
		wait(&status);
		return status == 0;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	timer_create(CLOCK_MONOTONIC, NULL, &timer);
	timer_settime(timer, 0, &minute, NULL);
	_exit(sigwait(&set, &number));
}

/* A past time fires at once, and an invalid time is refused. */
static int odd_requests(void)
{
	static const struct timespec none = { 0, 1000000000 };
	struct itimerspec past = { .it_value = { 1, 0 } };
	struct itimerval of_processor = { .it_value = { MINUTE, 0 } }, left;
	int file = timerfd_create(CLOCK_MONOTONIC, 0);
	unsigned long long times = 0;

	timerfd_settime(file, TFD_TIMER_ABSTIME, &past, NULL);
	if (read(file, &times, sizeof(times)) != sizeof(times) || times != 1)
		return 0;
	setitimer(ITIMER_PROF, &of_processor, NULL);
	getitimer(ITIMER_PROF, &left);
	if (left.it_value.tv_sec < MINUTE - 1 || left.it_value.tv_sec > MINUTE)
		return 0;
	return nanosleep(&none, NULL) == -1 && errno == EINVAL &&
	       clock_nanosleep(CLOCK_MONOTONIC, 0, &none, NULL) == EINVAL &&
	       syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &none, NULL) == -1;
}

static void print(const char *name, struct timespec time)
{
	printf("%s: %lld.%09ld\n", name, (long long)time.tv_sec, time.tv_nsec);
}

/* Prints what each function returns on a frozen clock. */
static int print_all(void)
{
	struct timespec time_spec = { 0, 0 };
	struct timeval micros;
	struct timezone zone = { 4711, 0 };
	time_t whole = 0;

	print("real", now(CLOCK_REALTIME));
	print("real, coarse", now(CLOCK_REALTIME_COARSE));
	print("TAI", now(CLOCK_TAI));
	gettimeofday(&micros, NULL);
	print("gettimeofday", (struct timespec){ micros.tv_sec, micros.tv_usec * 1000 });
	gettimeofday(&micros, (void *)&zone);
	print("gettimeofday with a zone", (struct timespec){ micros.tv_sec, micros.tv_usec * 1000 });
	print("time", (struct timespec){ time(NULL), 0 });
	time(&whole);
	print("time by pointer", (struct timespec){ whole, 0 });
	timespec_get(&time_spec, TIME_UTC);
	print("timespec_get", time_spec);
	syscall(SYS_clock_gettime, CLOCK_REALTIME, &time_spec);
	print("system call clock_gettime", time_spec);
	syscall(SYS_gettimeofday, &micros, NULL);
	print("system call gettimeofday", (struct timespec){ micros.tv_sec, micros.tv_usec * 1000 });
#ifdef SYS_time
	print("system call time", (struct timespec){ syscall(SYS_time, NULL), 0 });
#endif
	print("monotonic", now(CLOCK_MONOTONIC));
	print("monotonic, coarse", now(CLOCK_MONOTONIC_COARSE));
	print("monotonic, raw", now(CLOCK_MONOTONIC_RAW));
	print("since the boot", now(CLOCK_BOOTTIME));
	return zone.tz_minuteswest != 4711 && seconds(now(CLOCK_PROCESS_CPUTIME_ID)) < MINUTE;
}

int main(int count, char **words)
{
	if (count == 1)
		return !print_all();
	if (!strcmp(words[1], "processor timers"))
		return !ids_are_reused();
	if (!strcmp(words[1], "odd requests"))
		return !odd_requests();
	if (!strcmp(words[1], "timer after fork"))
		return !forked();
	return 2;
}
