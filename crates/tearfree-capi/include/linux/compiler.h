/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* READ_ONCE, WRITE_ONCE, and compiler support for the other headers: gcc or clang. */
#ifndef TEARFREE_LINUX_COMPILER_H
#define TEARFREE_LINUX_COMPILER_H

#if !defined(__GNUC__)
#error "tearfree's headers need the __atomic builtins; compile with gcc or clang"
#endif

#ifdef __cplusplus
#define TEARFREE_STATIC_ASSERT(holds, text) static_assert(holds, text)
#else
#define TEARFREE_STATIC_ASSERT(holds, text) _Static_assert(holds, text)
#endif

/* Whether this is a build for ThreadSanitizer, which knows atomic accesses but no fences. */
#if defined(__SANITIZE_THREAD__)
#define TEARFREE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TEARFREE_TSAN 1
#endif
#endif

/*
 * Loads and stores without an ordering of their own, and the fences between them. ThreadSanitizer does
 * not support fences, so for it every load acquires and every store releases, which is at least as strong.
 */
#ifdef TEARFREE_TSAN
/* ORDERING: stands in for the fence of `TEARFREE_FENCE` behind it, as said above. */
#define TEARFREE_PLAIN_LOAD __ATOMIC_ACQUIRE
/* ORDERING: stands in for the fence of `TEARFREE_FENCE` before it, as said above. */
#define TEARFREE_PLAIN_STORE __ATOMIC_RELEASE
#ifndef __clang__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtsan" /* it does not support this fence; see above */
#endif
static inline void tearfree_fence(int order)
{
	/* ORDERING: P2, P3, P7. Stands in for each fence of `TEARFREE_FENCE`. */
	__atomic_thread_fence(order);
}
#ifndef __clang__
#pragma GCC diagnostic pop
#endif
#define TEARFREE_FENCE(order) tearfree_fence(order)
#else
/* ORDERING: Relaxed: each use says what carries the order. */
#define TEARFREE_PLAIN_LOAD __ATOMIC_RELAXED
#define TEARFREE_PLAIN_STORE __ATOMIC_RELAXED
#define TEARFREE_FENCE(order) __atomic_thread_fence(order)
#endif

/*
 * Lets ThreadSanitizer know that a lock was taken or is about to be released, because it does not see the
 * Rust code that does it.
 */
#ifdef TEARFREE_TSAN
#ifdef __cplusplus
extern "C" {
#endif
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#ifdef __cplusplus
}
#endif
#define TEARFREE_TAKEN(lock) __tsan_acquire(lock)
#define TEARFREE_RELEASING(lock) __tsan_release(lock)
#else
#define TEARFREE_TAKEN(lock) ((void)(lock))
#define TEARFREE_RELEASING(lock) ((void)(lock))
#endif

#define TEARFREE_UNLIKELY(condition) (__builtin_expect((condition) != 0, 0) != 0)

/* Kernel code has these; in C++ the names have other meanings. */
#ifndef __cplusplus
#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)
/* ORDERING: for the compiler alone, like the kernel's `barrier`. */
#define barrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#endif

/*
 * READ_ONCE(x): one atomic load of any scalar, without an order; x may be const or volatile.
 * WRITE_ONCE(x, value): one atomic store. Both are for data that a sequence count protects: with
 * them the reader's copy is no data race by the rules of C11 and C++.
 */
#ifdef __cplusplus

template <class T>
struct tearfree_same {
	typedef T type;
};

template <class T>
inline T tearfree_read_once(const volatile T &variable) noexcept
{
	T value;
	/* ORDERING: Relaxed, P1, P2. None by itself: the fence in `read_seqcount_retry` comes after it. */
	__atomic_load(&variable, &value, TEARFREE_PLAIN_LOAD);
	return value;
}

template <class T>
inline void tearfree_write_once(volatile T &variable, typename tearfree_same<T>::type value) noexcept
{
	/* ORDERING: Relaxed, P1, P2. None by itself: the fence in `write_seqcount_begin` comes before it. */
	__atomic_store(&variable, &value, TEARFREE_PLAIN_STORE);
}

#define READ_ONCE(x) tearfree_read_once(x)
#define WRITE_ONCE(x, value) tearfree_write_once(x, value)

#else

/* The type of an expression without const and volatile, which the comma operator drops. */
#define TEARFREE_PLAIN_TYPE(x) __typeof__(((void)0, (x)))

/* ORDERING: Relaxed, P1, P2. None by itself: the fence in `read_seqcount_retry` comes after it. */
#define READ_ONCE(x)                                                                               \
	__extension__({                                                                            \
		TEARFREE_PLAIN_TYPE(x) tearfree_read_;                                             \
		__atomic_load(&(x), &tearfree_read_, TEARFREE_PLAIN_LOAD);                         \
		tearfree_read_;                                                                    \
	})

/* ORDERING: Relaxed, P1, P2. None by itself: the fence in `write_seqcount_begin` comes before it. */
#define WRITE_ONCE(x, value)                                                                       \
	do {                                                                                       \
		TEARFREE_PLAIN_TYPE(x) tearfree_written_ = (value);                                \
		__atomic_store(&(x), &tearfree_written_, TEARFREE_PLAIN_STORE);                    \
	} while (0)

#endif

#endif
