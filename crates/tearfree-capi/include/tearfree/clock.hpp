// SPDX-License-Identifier: MIT OR Apache-2.0
/* Reads clocks. Included by <tearfree.hpp>. */
#ifndef TEARFREE_CLOCK_HPP
#define TEARFREE_CLOCK_HPP

#include <chrono>
#include <cstdint>
#include <string>
#include <tearfree/base.hpp>

namespace tearfree {

/* A clock that a timekeeper publishes: struct tearfree_clock. Any thread may use it. */
class clock {
public:
	/* Opens the clock of this machine. */
	clock() : clock_(open(nullptr)) {}

	/* Opens a clock by the name or path of its page. */
	explicit clock(const std::string &page) : clock_(open(page.c_str())) {}

	std::chrono::nanoseconds now() const noexcept { return to_time(::tearfree_clock_now(clock_.get())); }
	std::chrono::nanoseconds coarse() const noexcept { return to_time(::tearfree_clock_coarse(clock_.get())); }
	std::chrono::nanoseconds realtime() const noexcept
	{
		return to_time(::tearfree_clock_realtime(clock_.get()));
	}
	::tearfree_bounded now_bounded() const noexcept { return ::tearfree_clock_now_bounded(clock_.get()); }
	::tearfree_bounded utc_bounded() const noexcept { return ::tearfree_clock_utc_bounded(clock_.get()); }

	/* One of TEARFREE_CLOCK_*. */
	int status() const noexcept { return ::tearfree_clock_status(clock_.get()); }

	/* Waits until the whole interval of the host's clock is past `ns`; false: timed out. */
	bool wait_until_past(std::uint64_t ns, std::chrono::nanoseconds timeout = std::chrono::nanoseconds{-1}) const
	{
		return has_come(::tearfree_clock_wait_until_past(clock_.get(), ns, detail::to_ns(timeout), nullptr));
	}

	/* Waits until the clock is synchronised; false: timed out. */
	bool wait_synchronised(std::chrono::nanoseconds timeout = std::chrono::nanoseconds{-1}) const
	{
		return has_come(::tearfree_clock_wait_synchronised(clock_.get(), detail::to_ns(timeout), nullptr));
	}

	/* The clock of <tearfree.h>, which this object keeps open. */
	const ::tearfree_clock *handle() const noexcept { return clock_.get(); }

private:
	static detail::owned<::tearfree_clock> open(const char *page)
	{
		return detail::opened<::tearfree_clock>(
			[&](::tearfree_clock **to) { return ::tearfree_clock_open(page, to); });
	}

	static std::chrono::nanoseconds to_time(std::uint64_t ns) noexcept
	{
		return std::chrono::nanoseconds{static_cast<std::int64_t>(ns)};
	}

	static bool has_come(int number)
	{
		if (number == TEARFREE_ERROR_TIMED_OUT)
			return false;
		check(number);
		return true;
	}

	detail::owned<::tearfree_clock> clock_;
};

} // namespace tearfree

#endif
