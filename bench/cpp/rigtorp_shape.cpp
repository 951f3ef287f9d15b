// SPDX-License-Identifier: MIT OR Apache-2.0
// A single-writer C++ sequence lock of the rigtorp shape, written for this comparison: a plain
// copy between two acquire loads, with compiler barriers. It contains no code of rigtorp.
//
// The plain copy races with the writer, which C++ calls undefined; and compiler barriers order
// nothing on processors other than x86. Hence x86_64 only.
//
// The loops are in C++, so that a batch has one call between Rust and C++.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>

#include "../c/operations.h"

namespace {

template <typename T>
class Seqlock {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    explicit Seqlock(const T &first) : value_(first) {}

    T load() const noexcept {
        T copy;
        std::size_t before, after;
        do {
            before = sequence_.load(std::memory_order_acquire);
            std::atomic_signal_fence(std::memory_order_acq_rel);
            copy = value_;
            std::atomic_signal_fence(std::memory_order_acq_rel);
            after = sequence_.load(std::memory_order_acquire);
        } while (before != after || (before & 1));
        return copy;
    }

    void store(const T &next) noexcept {
        const std::size_t even = sequence_.load(std::memory_order_relaxed);
        sequence_.store(even + 1, std::memory_order_release);
        std::atomic_signal_fence(std::memory_order_acq_rel);
        value_ = next;
        std::atomic_signal_fence(std::memory_order_acq_rel);
        sequence_.store(even + 2, std::memory_order_release);
    }

private:
    // The count has cache lines of its own, as in the original.
    alignas(128) std::atomic<std::size_t> sequence_{0};
    T value_;
    char padding_[128];
};

template <std::size_t Bytes>
struct Value {
    alignas(Bytes % 8 == 0 ? 8 : 4) unsigned char bytes[Bytes];
};

// Aligned to a page, as all contestants are.
template <typename T>
struct alignas(4096) Placed : Seqlock<T> {
    using Seqlock<T>::Seqlock;
};

template <std::size_t Bytes>
constexpr ::operations operations_for() {
    using T = Value<Bytes>;
    using Lock = Placed<T>;
    return {
        Bytes,
        [](const void *first) -> void * { return new Lock(*static_cast<const T *>(first)); },
        [](void *lock) { delete static_cast<Lock *>(lock); },
        [](const void *lock, void *out, std::uint64_t times) {
            auto *target = static_cast<T *>(out);
            for (; times > 0; --times) {
                // The result is built in its place: an assignment would copy it again.
                new (target) T(static_cast<const Lock *>(lock)->load());
                OBSERVE(target);
            }
        },
        [](void *lock, const void *value, std::uint64_t times) {
            for (; times > 0; --times) {
                static_cast<Lock *>(lock)->store(*static_cast<const T *>(value));
                OBSERVE(lock);
            }
        },
    };
}

#define ROW(size, alignment) operations_for<size>(),
constexpr ::operations every_size[] = {AT_EVERY_SIZE(ROW)};

}  // namespace

// Returns the operations for values of this size, or null if there are none.
// The name is one for each compiler, from the command line.
extern "C" const ::operations *TABLE(std::size_t bytes) {
    for (const ::operations &candidate : every_size) {
        if (candidate.bytes == bytes) return &candidate;
    }
    return nullptr;
}
