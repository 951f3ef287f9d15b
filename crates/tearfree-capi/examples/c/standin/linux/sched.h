/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Stands in for the kernel's <linux/sched.h>. */
#include "../standin.h"
