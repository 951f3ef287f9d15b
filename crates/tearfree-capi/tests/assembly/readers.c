/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The same readers and writers twice: by the calls of the headers, and as kernel code writes them, by
 * volatile accesses and assembly. The machine code of each pair has to be the same.
 */
#ifdef FAST_PATH_ONLY
/* For the comparison a wait never returns, so only the path without it remains. */
__attribute__((__noreturn__)) void tearfree_seqcount_wait(const unsigned *sequence);
#endif

#include <linux/seqlock.h>

struct clock {
	unsigned long seconds, nanoseconds;
	seqlock_t seq;
	seqcount_latch_t latch;
	struct {
		unsigned long seconds, nanoseconds;
	} copies[2];
};

/* ---- By the headers ---- */

void ours_read(const struct clock *clock, unsigned long *out)
{
	unsigned seq;

	do {
		seq = read_seqbegin(&clock->seq);
		out[0] = READ_ONCE(clock->seconds);
		out[1] = READ_ONCE(clock->nanoseconds);
	} while (read_seqretry(&clock->seq, seq));
}

void ours_write(struct clock *clock, unsigned long seconds, unsigned long nanoseconds)
{
	write_seqcount_begin(&clock->seq.seqcount);
	WRITE_ONCE(clock->seconds, seconds);
	WRITE_ONCE(clock->nanoseconds, nanoseconds);
	write_seqcount_end(&clock->seq.seqcount);
}

void ours_read_latch(const struct clock *clock, unsigned long *out)
{
	unsigned seq;

	do {
		seq = read_seqcount_latch(&clock->latch);
		out[0] = READ_ONCE(clock->copies[seq & 1].seconds);
		out[1] = READ_ONCE(clock->copies[seq & 1].nanoseconds);
	} while (read_seqcount_latch_retry(&clock->latch, seq));
}

/* ---- By hand ---- */

#define VOLATILE(x) (*(volatile __typeof__(x) *)&(x))

#if defined(__x86_64__)

#define kernel_barrier() __asm__ __volatile__("" ::: "memory")
#define kernel_rmb() kernel_barrier()
#define kernel_wmb() kernel_barrier()

static inline unsigned kernel_load_acquire(const unsigned *place)
{
	unsigned value = VOLATILE(*place);

	kernel_barrier();
	return value;
}

static inline void kernel_store_release(unsigned *place, unsigned value)
{
	kernel_barrier();
	VOLATILE(*place) = value;
}

#elif defined(__aarch64__)

#define kernel_rmb() __asm__ __volatile__("dmb ishld" ::: "memory")
/* The kernel's is `dmb ishst`; C11 has no fence that orders stores alone. */
#define kernel_wmb() __asm__ __volatile__("dmb ish" ::: "memory")

static inline unsigned kernel_load_acquire(const unsigned *place)
{
	unsigned value;

	__asm__ __volatile__("ldar %w0, [%1]" : "=r"(value) : "r"(place) : "memory");
	return value;
}

static inline void kernel_store_release(unsigned *place, unsigned value)
{
	__asm__ __volatile__("stlr %w0, [%1]" : : "r"(value), "r"(place) : "memory");
}

#endif

static inline unsigned kernel_begin(const unsigned *count)
{
	unsigned seq = kernel_load_acquire(count);

	while (unlikely(seq & 1)) {
		tearfree_seqcount_wait(count);
		seq = kernel_load_acquire(count);
	}
	return seq;
}

void hand_read(const struct clock *clock, unsigned long *out)
{
	const unsigned *count = &clock->seq.seqcount.seqcount.sequence;
	unsigned seq;

	do {
		seq = kernel_begin(count);
		out[0] = VOLATILE(clock->seconds);
		out[1] = VOLATILE(clock->nanoseconds);
		kernel_rmb();
	} while (VOLATILE(*count) != seq);
}

void hand_write(struct clock *clock, unsigned long seconds, unsigned long nanoseconds)
{
	unsigned *count = &clock->seq.seqcount.seqcount.sequence;

	VOLATILE(*count) = VOLATILE(*count) + 1;
	kernel_wmb();
	VOLATILE(clock->seconds) = seconds;
	VOLATILE(clock->nanoseconds) = nanoseconds;
	kernel_store_release(count, VOLATILE(*count) + 1);
}

void hand_read_latch(const struct clock *clock, unsigned long *out)
{
	const unsigned *count = &clock->latch.seqcount.sequence;
	unsigned seq;

	do {
		seq = kernel_load_acquire(count);
		out[0] = VOLATILE(clock->copies[seq & 1].seconds);
		out[1] = VOLATILE(clock->copies[seq & 1].nanoseconds);
		kernel_rmb();
	} while (VOLATILE(*count) != seq);
}
