/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Waits for a minute in the way that is named on the command line, and fails if less has passed on the
 * clock that it sees, or if the wait ended for another reason. Built by calls.rs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define MINUTE 60
#define DAY (24 * 60 * MINUTE)
#define ROUNDING 1e-3 /* of select: some microseconds of the host */
#define UNSUPPORTED 77 /* the exit code if this system lacks the call */

/* FUTEX_LOCK_PI2 of Linux 5.14, which older headers lack. */
#define LOCK_PI2 13

static const struct timespec minute = { MINUTE, 0 };

static double seconds(struct timespec time) { return (double)time.tv_sec + (double)time.tv_nsec / 1e9; }

static struct timespec now(clockid_t clock)
{
	struct timespec time;

	return clock_gettime(clock, &time), time;
}

/* A minute from now. */
static const struct timespec *in(clockid_t clock)
{
	static struct timespec time;

	time = now(clock);
	time.tv_sec += MINUTE;
	return &time;
}

static void *sleep_without_end(void *unused) { return pause(), unused; }

static pthread_t thread(void)
{
	pthread_t new;

	return pthread_create(&new, NULL, sleep_without_end, NULL), new;
}

/* A condition has its clock as an attribute; the wait does not name it. */
static int condition(clockid_t clock)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_condattr_t attributes;
	pthread_cond_t cond;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, clock);
	pthread_cond_init(&cond, &attributes);
	pthread_mutex_lock(&mutex);
	return pthread_cond_timedwait(&cond, &mutex, in(clock)) == ETIMEDOUT;
}

static int condition_clock(clockid_t clock)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

	pthread_mutex_lock(&mutex);
	return pthread_cond_clockwait(&cond, &mutex, clock, in(clock)) == ETIMEDOUT;
}

static int mutex(int timed)
{
	pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&mutex);
	return (timed ? pthread_mutex_timedlock(&mutex, in(CLOCK_REALTIME))
		      : pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, in(CLOCK_MONOTONIC))) == ETIMEDOUT;
}

static void *hold_lock(void *lock)
{
	pthread_rwlock_wrlock(lock);
	return sleep_without_end(NULL);
}

static int read_write_lock(int writes)
{
	pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;

	if (writes) {
		pthread_rwlock_rdlock(&lock);
		return pthread_rwlock_timedwrlock(&lock, in(CLOCK_REALTIME)) == ETIMEDOUT;
	}
	pthread_create(&(pthread_t){ 0 }, NULL, hold_lock, &lock);
	while (pthread_rwlock_tryrdlock(&lock) == 0)
		pthread_rwlock_unlock(&lock);
	return pthread_rwlock_timedrdlock(&lock, in(CLOCK_REALTIME)) == ETIMEDOUT;
}

static int c11_condition(void)
{
	mtx_t mutex;
	cnd_t cond;

	mtx_init(&mutex, mtx_plain);
	cnd_init(&cond);
	mtx_lock(&mutex);
	return cnd_timedwait(&cond, &mutex, in(CLOCK_REALTIME)) == thrd_timedout;
}

static int c11_mutex(void)
{
	mtx_t mutex;

	mtx_init(&mutex, mtx_timed);
	mtx_lock(&mutex);
	return mtx_timedlock(&mutex, in(CLOCK_REALTIME)) == thrd_timedout;
}

static int semaphore(int timed)
{
	sem_t sem;

	sem_init(&sem, 0, 0);
	return (timed ? sem_timedwait(&sem, in(CLOCK_REALTIME))
		      : sem_clockwait(&sem, CLOCK_MONOTONIC, in(CLOCK_MONOTONIC))) == -1 && errno == ETIMEDOUT;
}

/* Sends to a full queue of one message, or receives from an empty one. */
static int queue(int sends)
{
	struct mq_attr one = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	char name[32], byte = 0;
	mqd_t queue;
	long result;

	snprintf(name, sizeof(name), "/tearfree-%d", (int)getpid());
	queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &one);
	if (queue < 0)
		return UNSUPPORTED;
	mq_unlink(name);
	if (sends) {
		mq_send(queue, &byte, 1, 0);
		result = mq_timedsend(queue, &byte, 1, 0, in(CLOCK_REALTIME));
	} else {
		result = mq_timedreceive(queue, &byte, 1, NULL, in(CLOCK_REALTIME));
	}
	return result == -1 && errno == ETIMEDOUT;
}

static int system_semaphore(void)
{
	struct sembuf take = { .sem_op = -1 };
	int id = semget(IPC_PRIVATE, 1, 0600);
	int ended = semtimedop(id, &take, 1, &minute) == -1 && errno == EAGAIN;

	semctl(id, 0, IPC_RMID);
	return ended;
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

static long futex(int operation, const struct timespec *time)
{
	static int word;

	return syscall(SYS_futex, &word, operation | FUTEX_PRIVATE_FLAG, 0, time, NULL, ~0);
}

static int futex_ends(int operation, const struct timespec *time)
{
	return futex(operation, time) == -1 && errno == ETIMEDOUT;
}

/* A mutex of the kernel, whose word is the ID of the thread that holds it. */
static int held;

static void *hold_word(void *unused)
{
	held = gettid();
	return sleep_without_end(unused);
}

static int futex_of_priority(int operation, clockid_t clock)
{
	pthread_create(&(pthread_t){ 0 }, NULL, hold_word, NULL);
	while (!__atomic_load_n(&held, __ATOMIC_SEQ_CST))
		sched_yield();
	if (syscall(SYS_futex, &held, operation | FUTEX_PRIVATE_FLAG, 0, in(clock), NULL, 0) == 0)
		return 0;
	return errno == ENOSYS ? UNSUPPORTED : errno == ETIMEDOUT;
}

/* A condition whose waiters are moved to such a mutex. */
static int requeued_futex(int flag, clockid_t clock)
{
	static int condition, mutex;

	return syscall(SYS_futex, &condition, FUTEX_WAIT_REQUEUE_PI | FUTEX_PRIVATE_FLAG | flag, 0, in(clock), &mutex,
		       0) == -1 &&
	       errno == ETIMEDOUT;
}

static int epoll_until(const struct timespec *timeout)
{
#if __GLIBC_PREREQ(2, 35)
	if (epoll_pwait2(epoll_create1(0), &(struct epoll_event){ 0 }, 1, timeout, NULL) == 0)
		return 1;
	return errno == ENOSYS ? UNSUPPORTED : 0;
#else
	return (void)timeout, UNSUPPORTED;
#endif
}

/* The compiler knows the array's size, but not `number`: with _FORTIFY_SOURCE it calls __poll_chk. */
static int checked_poll(int with_mask, unsigned long number)
{
	struct pollfd files[2] = { { .fd = -1 }, { .fd = -1 } };

	return (with_mask ? ppoll(files, number, &minute, NULL) : poll(files, number, MINUTE * 1000)) == 0;
}

static void ignore(int number) { (void)number; }

/*
 * Sleeps for a day, until a signal; returns what is left, or -1 if the sleep ended otherwise. What is
 * left is compared with readings of the clock before and after, so it does not matter how late the program is.
 */
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
		if (select(0, NULL, NULL, NULL, &rest) != -1 || errno != EINTR)
			return -1;
		return (double)rest.tv_sec + (double)rest.tv_usec / 1e6;
	}
}

static int interrupted(int how)
{
	static const struct itimerval often = { { MINUTE / 3, 0 }, { MINUTE / 3, 0 } }, off;
	double start, passed, left;

	signal(SIGALRM, ignore);
	setitimer(ITIMER_REAL, &often, NULL);
	do {
		start = seconds(now(CLOCK_MONOTONIC));
		left = interrupted_sleep(how);
		passed = seconds(now(CLOCK_MONOTONIC)) - start;
		if (left > DAY + ROUNDING || left < DAY - passed - ROUNDING)
			return 0;
		/* Now and then a signal arrives just after the sleep has begun. */
	} while (left > DAY - 1);
	setitimer(ITIMER_REAL, &off, NULL);
	return nanosleep(&minute, NULL) == 0;
}

/* A sleep that is not interrupted stores nothing. */
static int untouched(void)
{
	struct timespec left = { 4711, 0 };

	return nanosleep(&minute, &left) == 0 && left.tv_sec == 4711;
}

/* As on Linux, the timeout is zero afterwards. */
static int select_file(void)
{
	struct timeval left = { MINUTE, 0 };

	return select(0, NULL, NULL, NULL, &left) == 0 && left.tv_sec == 0 && left.tv_usec == 0;
}

#define WAIT(name, call)                \
	if (!strcmp(wait, name)) {      \
		is_known = 1;           \
		result = (call);        \
	}

int main(int count, char **words)
{
	const char *wait = count > 1 ? words[1] : "";
	struct timespec real = now(CLOCK_REALTIME), mono = now(CLOCK_MONOTONIC);
	int is_known = 0, result = 0;
	sigset_t usr;

	/* A signal that is blocked where the test was started would stay blocked. */
	sigemptyset(&usr);
	sigprocmask(SIG_SETMASK, &usr, NULL);
	WAIT("nanosleep", nanosleep(&minute, NULL) == 0)
	WAIT("uninterrupted nanosleep", untouched())
	WAIT("interrupted nanosleep", interrupted(0))
	WAIT("interrupted clock_nanosleep", interrupted(1))
	WAIT("interrupted thrd_sleep", interrupted(2))
	WAIT("interrupted sleep", interrupted(3))
	WAIT("interrupted select", interrupted(4))
	WAIT("clock_nanosleep", clock_nanosleep(CLOCK_REALTIME, 0, &minute, NULL) == 0)
	WAIT("absolute clock_nanosleep",
	     clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, in(CLOCK_REALTIME), NULL) == 0)
	WAIT("monotonic clock_nanosleep",
	     clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, in(CLOCK_MONOTONIC), NULL) == 0)
	WAIT("TAI clock_nanosleep", clock_nanosleep(CLOCK_TAI, TIMER_ABSTIME, in(CLOCK_TAI), NULL) == 0)
	WAIT("usleep", usleep(MINUTE * 1000000) == 0)
	WAIT("sleep", sleep(MINUTE) == 0)
	WAIT("thrd_sleep", thrd_sleep(&minute, NULL) == 0)
	WAIT("poll", checked_poll(0, (unsigned long)count))
	WAIT("ppoll", checked_poll(1, (unsigned long)count))
	WAIT("unchecked poll", poll(NULL, 0, MINUTE * 1000) == 0)
	WAIT("unchecked ppoll", ppoll(NULL, 0, &minute, NULL) == 0)
	WAIT("select", select_file())
	WAIT("pselect", pselect(0, NULL, NULL, NULL, &minute, NULL) == 0)
	WAIT("epoll_wait", epoll_wait(epoll_create1(0), &(struct epoll_event){ 0 }, 1, MINUTE * 1000) == 0)
	WAIT("epoll_pwait", epoll_pwait(epoll_create1(0), &(struct epoll_event){ 0 }, 1, MINUTE * 1000, NULL) == 0)
	WAIT("epoll_pwait2", epoll_until(&minute))
	usr = blocked(SIGUSR1);
	WAIT("sigtimedwait", sigtimedwait(&usr, NULL, &minute) == -1 && errno == EAGAIN)
	WAIT("semtimedop", system_semaphore())
	WAIT("pthread_cond_timedwait", condition(CLOCK_REALTIME))
	WAIT("monotonic pthread_cond_timedwait", condition(CLOCK_MONOTONIC))
	WAIT("pthread_cond_clockwait", condition_clock(CLOCK_REALTIME))
	WAIT("monotonic pthread_cond_clockwait", condition_clock(CLOCK_MONOTONIC))
	WAIT("pthread_mutex_timedlock", mutex(1))
	WAIT("pthread_mutex_clocklock", mutex(0))
	WAIT("pthread_rwlock_timedwrlock", read_write_lock(1))
	WAIT("pthread_rwlock_timedrdlock", read_write_lock(0))
	WAIT("sem_timedwait", semaphore(1))
	WAIT("sem_clockwait", semaphore(0))
	WAIT("pthread_timedjoin_np", pthread_timedjoin_np(thread(), NULL, in(CLOCK_REALTIME)) == ETIMEDOUT)
	WAIT("pthread_clockjoin_np",
	     pthread_clockjoin_np(thread(), NULL, CLOCK_MONOTONIC, in(CLOCK_MONOTONIC)) == ETIMEDOUT)
	WAIT("cnd_timedwait", c11_condition())
	WAIT("mtx_timedlock", c11_mutex())
	WAIT("mq_timedsend", queue(1))
	WAIT("mq_timedreceive", queue(0))
	WAIT("futex", futex_ends(FUTEX_WAIT, &minute))
	WAIT("futex until a time of day",
	     futex_ends(FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, in(CLOCK_REALTIME)))
	WAIT("futex until a monotonic time", futex_ends(FUTEX_WAIT_BITSET, in(CLOCK_MONOTONIC)))
	WAIT("FUTEX_LOCK_PI", futex_of_priority(FUTEX_LOCK_PI, CLOCK_REALTIME))
	WAIT("FUTEX_LOCK_PI2", futex_of_priority(LOCK_PI2, CLOCK_MONOTONIC))
	WAIT("FUTEX_LOCK_PI2 until a time of day",
	     futex_of_priority(LOCK_PI2 | FUTEX_CLOCK_REALTIME, CLOCK_REALTIME))
	WAIT("FUTEX_WAIT_REQUEUE_PI", requeued_futex(0, CLOCK_MONOTONIC))
	WAIT("FUTEX_WAIT_REQUEUE_PI until a time of day", requeued_futex(FUTEX_CLOCK_REALTIME, CLOCK_REALTIME))
	WAIT("system call nanosleep", syscall(SYS_nanosleep, &minute, NULL) == 0)
	WAIT("system call clock_nanosleep",
	     syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &minute, NULL) == 0)
	if (result == UNSUPPORTED)
		return UNSUPPORTED;

	double passed = seconds(now(CLOCK_MONOTONIC)) - seconds(mono);
	double passed_real = seconds(now(CLOCK_REALTIME)) - seconds(real);
	printf("%s: %d, %.6f s, %.6f s\n", wait, result, passed, passed_real);
	return !(is_known && result && passed > MINUTE - 0.01 && passed_real > MINUTE - 0.01);
}
