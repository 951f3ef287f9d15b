/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Prints the time that each function returns; or, with an argument, fails if that case behaves otherwise
 * than without the object. Built by calls.rs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
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
	struct timespec time = { 0, 0 };

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
	struct itimerval wrong = { .it_value = { 0, 1000000 } };
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	struct timespec time;
	int file = timerfd_create(CLOCK_MONOTONIC, 0);
	unsigned long long times = 0;

	timerfd_settime(file, TFD_TIMER_ABSTIME, &past, NULL);
	if (read(file, &times, sizeof(times)) != sizeof(times) || times != 1)
		return 0;
	if (timespec_get(&time, TIME_UTC + 1) != 0)
		return 0;
	pthread_mutex_lock(&mutex);
	if (pthread_mutex_timedlock(&mutex, &none) != EINVAL ||
	    pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &none) != EINVAL)
		return 0;
	if (setitimer(ITIMER_REAL, &wrong, NULL) != -1 || errno != EINVAL)
		return 0;
	setitimer(ITIMER_PROF, &of_processor, NULL);
	getitimer(ITIMER_PROF, &left);
	if (left.it_value.tv_sec < MINUTE - 1 || left.it_value.tv_sec > MINUTE)
		return 0;
	return nanosleep(&none, NULL) == -1 && errno == EINVAL &&
	       clock_nanosleep(CLOCK_MONOTONIC, 0, &none, NULL) == EINVAL &&
	       (errno = 0, syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &none, NULL) == -1) && errno == EINVAL;
}

/* On the fastest clock a millisecond is less than one of the host, but a wait is not over before. */
static int short_waits(void)
{
	static const struct itimerval soon = { .it_value = { 0, 500 } };
	struct timespec start = now(CLOCK_MONOTONIC);
	int number = 0;
	sigset_t set;

	if (poll(NULL, 0, 999) != 0 || seconds(now(CLOCK_MONOTONIC)) - seconds(start) < 0.999)
		return 0;
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	return sigwait(&set, &number) == 0 && number == SIGALRM;
}

static void *write_later(void *file)
{
	usleep(50); /* 50 ms of the host's time */
	return write(*(int *)file, "", 1) == 1 ? file : NULL;
}

/* On a slow clock the longest timeouts are longer than the host's longest ones. */
static int long_wait(int selects)
{
	struct timeval centuries = { 10000000000, 0 };
	struct pollfd file = { .events = POLLIN };
	pthread_t writer;
	int files[2], ready;
	fd_set set;

	if (pipe(files))
		return 0;
	file.fd = files[0];
	FD_ZERO(&set);
	FD_SET(files[0], &set);
	pthread_create(&writer, NULL, write_later, &files[1]);
	ready = selects ? select(files[0] + 1, &set, NULL, NULL, &centuries) : poll(&file, 1, INT_MAX);
	return ready == 1 && pthread_join(writer, NULL) == 0;
}

static void ignore(int number) { (void)number; }

static int interrupted_usleep(void)
{
	static const struct itimerval often = { { MINUTE, 0 }, { MINUTE, 0 } }, off;
	int result;

	signal(SIGALRM, ignore);
	setitimer(ITIMER_REAL, &often, NULL);
	errno = 0;
	result = usleep(4000000000);
	setitimer(ITIMER_REAL, &off, NULL);
	return result == -1 && errno == EINTR;
}

/* Sleeps until a time of day. Prints a line before, so that the test can set the clock meanwhile. */
static int tomorrow(void)
{
	struct timespec day = now(CLOCK_REALTIME);

	day.tv_sec += 24 * 60 * MINUTE;
	printf("sleeping\n");
	fflush(stdout);
	return clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &day, NULL) == 0 &&
	       seconds(now(CLOCK_REALTIME)) >= seconds(day);
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
	print("real, alarm", now(CLOCK_REALTIME_ALARM));
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
	print("since the boot, alarm", now(CLOCK_BOOTTIME_ALARM));
	return zone.tz_minuteswest != 4711 && seconds(now(CLOCK_PROCESS_CPUTIME_ID)) < MINUTE;
}

int main(int count, char **words)
{
	sigset_t none;

	/* What the test inherited. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (count == 1)
		return !print_all();
	if (!strcmp(words[1], "processor timers"))
		return !ids_are_reused();
	if (!strcmp(words[1], "odd requests"))
		return !odd_requests();
	if (!strcmp(words[1], "timer after fork"))
		return !forked();
	if (!strcmp(words[1], "short waits"))
		return !short_waits();
	if (!strcmp(words[1], "long wait"))
		return !(long_wait(0) && long_wait(1));
	if (!strcmp(words[1], "interrupted usleep"))
		return !interrupted_usleep();
	if (!strcmp(words[1], "tomorrow"))
		return !tomorrow();
	return 2;
}
