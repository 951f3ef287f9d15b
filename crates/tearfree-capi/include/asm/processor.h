/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* cpu_relax(): a hint to the processor that this thread is spinning. */
#ifndef TEARFREE_ASM_PROCESSOR_H
#define TEARFREE_ASM_PROCESSOR_H

static inline void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ __volatile__("yield" ::: "memory");
#else
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
#endif
}

#endif
