// SPDX-License-Identifier: MIT OR Apache-2.0
// Uses a call of the kernel and one of pages. C and C++.
#include <linux/seqlock.h>
#include <tearfree.h>
#include <stdio.h>

static DEFINE_SEQLOCK(lock);

int main(void)
{
	write_seqlock(&lock);
	write_sequnlock(&lock);
	if (read_seqbegin(&lock) != 2 || read_seqretry(&lock, 2)) {
		fprintf(stderr, "wrong sequence\n");
		return 1;
	}
	struct tearfree_page *page = NULL;
	if (tearfree_page_open("/nonexistent/page", NULL, &page) == 0) {
		fprintf(stderr, "a page that does not exist was opened\n");
		return 1;
	}
	return tearfree_last_error()[0] == '\0';
}
