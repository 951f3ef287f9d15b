/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Compiled against the installed packages: prints the value of a page, which it reads once more under a count of its own. */
#include <linux/seqlock.h>
#include <stdio.h>
#include <tearfree.h>

static seqcount_t count = SEQCNT_ZERO(count);

int main(void)
{
	double celsius;
	unsigned int start;
	struct tearfree_page *page;

	if (tearfree_page_open("room", "celsius:f64", &page) != TEARFREE_OK) {
		fprintf(stderr, "%s\n", tearfree_last_error());
		return 1;
	}
	do {
		start = read_seqcount_begin(&count);
		if (tearfree_page_read(page, &celsius, sizeof celsius, NULL) != TEARFREE_OK)
			return 1;
	} while (read_seqcount_retry(&count, start));
	printf("%g\n", celsius);
	tearfree_page_close(page);
	return 0;
}
