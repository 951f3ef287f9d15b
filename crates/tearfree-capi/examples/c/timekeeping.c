/* SPDX-License-Identifier: GPL-2.0 */
/* The timekeeping example of the same tutorial (section 10), as printed; below it our own main. */
#include <linux/seqlock.h>

struct tk_clock {
    unsigned long seconds;
    unsigned long nsec;
    seqlock_t seq; /* protects seconds/nsec */
};

static struct tk_clock tk;

void tk_update(unsigned long delta_nsec)
{
    write_seqlock(&tk.seq);
    tk.nsec += delta_nsec;
    if (tk.nsec >= 1000000000UL) {
        tk.seconds++;
        tk.nsec -= 1000000000UL;
    }
    write_sequnlock(&tk.seq);
}

void tk_read(unsigned long *sec, unsigned long *nsec)
{
    unsigned int seq;

    do {
        seq = read_seqbegin(&tk.seq);
        *sec = tk.seconds;
        *nsec = tk.nsec;
    } while (read_seqretry(&tk.seq, seq));
}

/* ---- Added for this example: a timer that ticks 2 ms every 1 ms, and a reader ---- */

#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { TICKS = 1500, TICK_NS = 2000000 };

static int done;

static void *timer(void *nothing)
{
	const struct timespec tick = { 0, TICK_NS / 2 };
	int i;

	for (i = 0; i < TICKS; i++) {
		tk_update(TICK_NS);
		nanosleep(&tick, NULL);
	}
	__atomic_store_n(&done, 1, __ATOMIC_RELEASE);
	return nothing;
}

int main(void)
{
	unsigned long sec = 0, nsec = 0, shown = 0, before = 0, reads = 0, faults = 0;
	pthread_t thread;

	if (pthread_create(&thread, NULL, timer, NULL) != 0) {
		fputs("no thread could be started\n", stderr);
		return 1;
	}
	while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
		tk_read(&sec, &nsec);
		/* A time that mixes two updates is a second early or late. */
		faults += sec * 1000000000UL + nsec < before;
		before = sec * 1000000000UL + nsec;
		reads++;
		if (sec > shown) {
			shown = sec;
			printf("%lu.%09lu\n", sec, nsec);
		}
	}
	pthread_join(thread, NULL);
	tk_read(&sec, &nsec);
	printf("%lu.%09lu at the end, %lu reads, %lu torn\n", sec, nsec, reads, faults);
	return faults != 0;
}
