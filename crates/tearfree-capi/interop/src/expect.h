/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* EXPECT: returns the number of its line from a function whose condition is false. */
#ifndef EXPECT_H
#define EXPECT_H

#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__;                                                           \
	} while (0)

#endif
