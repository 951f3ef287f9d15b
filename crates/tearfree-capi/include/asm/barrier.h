/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The kernel's barriers between processors, as fences of C11. */
#ifndef TEARFREE_ASM_BARRIER_H
#define TEARFREE_ASM_BARRIER_H

#include <linux/compiler.h>

/* ORDERING: P2. As `smp_rmb` and `smp_wmb` together, and stores before it before loads after it. */
#define smp_mb() TEARFREE_FENCE(__ATOMIC_SEQ_CST)
/* ORDERING: P2. Loads before it, before loads after it; pairs with `smp_wmb`. */
#define smp_rmb() TEARFREE_FENCE(__ATOMIC_ACQUIRE)
/* ORDERING: P2. Stores before it, before stores after it; pairs with `smp_rmb`. */
#define smp_wmb() TEARFREE_FENCE(__ATOMIC_RELEASE)

/* ORDERING: P3. An even count that this loads was stored by `smp_store_release`. */
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
/* ORDERING: P3. Whoever loads this by `smp_load_acquire` sees all stores from before. */
#define smp_store_release(p, value) __atomic_store_n(p, value, __ATOMIC_RELEASE)

#endif
