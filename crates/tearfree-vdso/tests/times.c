// SPDX-License-Identifier: MIT OR Apache-2.0
// Prints what this program sees on each clock, in the order of the test.
#include <stdio.h>
#include <sys/time.h>
#include <time.h>

int main(void)
{
	const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI};
	struct timespec t;
	struct timeval v;

	for (int i = 0; i < 4; i++) {
		if (clock_gettime(clocks[i], &t))
			return 1;
		printf("%lld\n", t.tv_sec * 1000000000LL + t.tv_nsec);
	}
	if (gettimeofday(&v, 0))
		return 1;
	printf("%lld\n%lld\n", v.tv_sec * 1000000LL + v.tv_usec, (long long)time(0));
	return 0;
}
