/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The kernel's barriers between processors, as fences of C11. */
#ifndef TEARFREE_ASM_BARRIER_H
#define TEARFREE_ASM_BARRIER_H

#include <linux/compiler.h>

/* Everything before, before everything after. */
#define smp_mb() TEARFREE_FENCE(__ATOMIC_SEQ_CST)
/* The loads before, before the loads after: what stands before the second look at a count (P2). */
#define smp_rmb() TEARFREE_FENCE(__ATOMIC_ACQUIRE)
/* The stores before, before the stores after: what stands behind the odd store of a count (P2). */
#define smp_wmb() TEARFREE_FENCE(__ATOMIC_RELEASE)

/* ORDERING: P3. An even count that this loads was stored by `smp_store_release`. */
#define smp_load_acquire(place) __atomic_load_n(place, __ATOMIC_ACQUIRE)
/* ORDERING: P3. Whoever loads this by `smp_load_acquire` sees all stores from before. */
#define smp_store_release(place, value) __atomic_store_n(place, value, __ATOMIC_RELEASE)

#endif
