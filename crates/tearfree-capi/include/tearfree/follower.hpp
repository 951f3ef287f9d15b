// SPDX-License-Identifier: MIT OR Apache-2.0
/* Follows names. Included by <tearfree.hpp>. */
#ifndef TEARFREE_FOLLOWER_HPP
#define TEARFREE_FOLLOWER_HPP

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <tearfree/base.hpp>
#include <tearfree/page.hpp>
#include <tearfree/schema.hpp>

namespace tearfree {

/* What ended a wait of a follower. */
enum class event {
	changed = TEARFREE_EVENT_CHANGED,
	stale = TEARFREE_EVENT_STALE,
	ended = TEARFREE_EVENT_ENDED,
	replaced = TEARFREE_EVENT_REPLACED,
	gone = TEARFREE_EVENT_GONE
};

/* The page that a name has now, of any schema; values are bytes. One thread at a time uses it. */
class any_follower {
public:
	/* Follows a page by its name or path, which need not exist yet. The arguments are as for any_page. */
	explicit any_follower(const std::string &page, const char *schema = nullptr, const char *owner = nullptr)
		: follower_(detail::opened<::tearfree_follower>([&](::tearfree_follower **to) {
			  ::tearfree_page_options options = TEARFREE_PAGE_OPTIONS_INIT;

			  options.owner = owner;
			  return ::tearfree_follower_open(page.c_str(), schema, &options, to);
		  }))
	{
	}

	/* Copies the newest value to `to`, which has `size` bytes. Returns the number of an error, or 0. */
	int try_read(void *to, std::size_t size, ::tearfree_reading *reading = nullptr) const noexcept
	{
		return ::tearfree_follower_read(follower_.get(), to, size, reading);
	}

	/* Copies the newest value to `to`, which has `size` bytes. */
	void read(void *to, std::size_t size, ::tearfree_reading *reading = nullptr) const
	{
		check(try_read(to, size, reading));
	}

	/* Sleeps until something happens that was not reported; none: timed out. A negative timeout is none. */
	std::optional<event> wait(std::chrono::nanoseconds timeout = std::chrono::nanoseconds{-1}) const
	{
		int event = 0;
		int number = ::tearfree_follower_wait(follower_.get(), detail::to_ns(timeout), &event);

		if (number == TEARFREE_ERROR_TIMED_OUT)
			return std::nullopt;
		check(number);
		return static_cast<tearfree::event>(event);
	}

	/* Returns the descriptor for poll and epoll, which the follower keeps: see tearfree_follower_descriptor. */
	int descriptor() const
	{
		int descriptor = -1;

		check(::tearfree_follower_descriptor(follower_.get(), &descriptor));
		return descriptor;
	}

	/* Returns the number of the error by which the page that the name has cannot be read, or 0. */
	int problem() const noexcept { return ::tearfree_follower_problem(follower_.get()); }

	const char *schema() const noexcept { return ::tearfree_follower_schema(follower_.get()); }
	std::size_t size() const noexcept { return ::tearfree_follower_size(follower_.get()); }

	/* The follower of <tearfree.h>, which this object keeps open. */
	const ::tearfree_follower *handle() const noexcept { return follower_.get(); }

private:
	detail::owned<::tearfree_follower> follower_;
};

/* The page of values of one type that a name has now. One thread at a time uses it. */
template <class T> class follower : public detail::typed<T, any_follower> {
public:
	explicit follower(const std::string &page, const char *owner = nullptr)
		: detail::typed<T, any_follower>(any_follower(page, detail::checked_schema<T>(), owner))
	{
	}
};

} // namespace tearfree

#endif
