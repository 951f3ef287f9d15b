// SPDX-License-Identifier: MIT OR Apache-2.0
/* Errors, and handles that close themselves. Included by <tearfree.hpp>. */
#ifndef TEARFREE_BASE_HPP
#define TEARFREE_BASE_HPP

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <tearfree.h>

namespace tearfree {

/* Why a call failed: what happened, and what to do. */
class error : public std::runtime_error {
public:
	error(int number, const char *text) : std::runtime_error(text), number_(number) {}

	/* One of TEARFREE_ERROR_*. */
	int number() const noexcept { return number_; }

private:
	int number_;
};

/* Throws the error of a failed call of <tearfree.h>. */
inline void check(int number)
{
	if (number != TEARFREE_OK)
		throw error(number, ::tearfree_last_error());
}

namespace detail {

struct closes {
	void operator()(::tearfree_page *page) const noexcept { ::tearfree_page_close(page); }
	void operator()(::tearfree_follower *follower) const noexcept { ::tearfree_follower_close(follower); }
	void operator()(::tearfree_writer *writer) const noexcept { ::tearfree_writer_close(writer); }
	void operator()(::tearfree_clock *clock) const noexcept { ::tearfree_clock_close(clock); }
};

template <class Handle> using owned = std::unique_ptr<Handle, closes>;

/* Calls `open` with an address for the handle, and owns what it stores there. */
template <class Handle, class Open> owned<Handle> opened(Open open)
{
	Handle *handle = nullptr;

	check(open(&handle));
	return owned<Handle>(handle);
}

/* The timeout of a wait in <tearfree.h>. */
inline std::int64_t to_ns(std::chrono::nanoseconds timeout) { return timeout.count(); }

} // namespace detail

} // namespace tearfree

#endif
