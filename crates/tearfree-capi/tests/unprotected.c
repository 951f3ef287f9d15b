/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A data race that ThreadSanitizer has to report: plain accesses inside sections that retry. It shows that
 * the sanitizer builds without a report mean something.
 */
#include <linux/seqlock.h>
#include <pthread.h>

enum { WRITES = 200000 };

static DEFINE_SEQLOCK(lock);
static long value;
static int reader_began;

static void *write_plainly(void *nothing)
{
	int i;

	while (!READ_ONCE(reader_began))
		cpu_relax();
	for (i = 0; i < WRITES; i++) {
		write_seqlock(&lock);
		value++;
		write_sequnlock(&lock);
	}
	return nothing;
}

int main(void)
{
	pthread_t writer;
	long copy;
	unsigned seq;

	if (pthread_create(&writer, NULL, write_plainly, NULL) != 0)
		return 0;
	do {
		do {
			seq = read_seqbegin(&lock);
			copy = value;
		} while (read_seqretry(&lock, seq));
		WRITE_ONCE(reader_began, 1);
	} while (copy < WRITES);
	pthread_join(writer, NULL);
	return 0;
}
