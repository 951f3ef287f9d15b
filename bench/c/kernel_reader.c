/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A reader in C, by the calls of <linux/seqlock.h>. The loop is in C, so that no call is measured. */
#include <linux/seqlock.h>

/* Mirrored in src/workloads/count.rs. */
struct quote {
	seqlock_t lock;
	u64 bid, bid_size, ask, ask_size, last, last_size, volume, time;
};

void c_read_quote(const struct quote *quote, u64 *out, u64 times);
void c_read_quote(const struct quote *quote, u64 *out, u64 times)
{
	unsigned seq;

	for (; times > 0; times--) {
		do {
			seq = read_seqbegin(&quote->lock);
			/* ORDERING: Relaxed, P2. Payload; the fence in `read_seqretry` comes after these loads. */
			out[0] = READ_ONCE(quote->bid);
			out[1] = READ_ONCE(quote->bid_size);
			out[2] = READ_ONCE(quote->ask);
			out[3] = READ_ONCE(quote->ask_size);
			out[4] = READ_ONCE(quote->last);
			out[5] = READ_ONCE(quote->last_size);
			out[6] = READ_ONCE(quote->volume);
			out[7] = READ_ONCE(quote->time);
		} while (read_seqretry(&quote->lock, seq));
		/* Keeps the compiler from optimizing the copy away. */
		__asm__ __volatile__("" : : "r"(out) : "memory");
	}
}
