/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Stands in for the kernel's <linux/slab.h>. */
#include "../standin.h"
