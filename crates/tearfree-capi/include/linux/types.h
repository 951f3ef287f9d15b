/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The system's own <linux/types.h>, if there is one, and the kernel's short names for integers. */
#ifndef TEARFREE_LINUX_TYPES_H
#define TEARFREE_LINUX_TYPES_H

/* #include_next is an extension; pedantic compilers accept it only in system headers. */
#pragma GCC system_header

#if defined(__has_include_next)
#if __has_include_next(<linux/types.h>)
#include_next <linux/types.h>
#endif
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#endif
