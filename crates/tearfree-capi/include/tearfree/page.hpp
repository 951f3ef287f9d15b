// SPDX-License-Identifier: MIT OR Apache-2.0
/* Reads pages. Included by <tearfree.hpp>. */
#ifndef TEARFREE_PAGE_HPP
#define TEARFREE_PAGE_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tearfree/base.hpp>
#include <tearfree/schema.hpp>
#include <utility>

namespace tearfree {

/* Whether a value is as fresh as its writer promised. */
enum class freshness {
	fresh = TEARFREE_FRESH,
	stale = TEARFREE_STALE,
	unpromised = TEARFREE_UNPROMISED,
	unknown = TEARFREE_UNKNOWN
};

/* The last known state of the writer. */
enum class writer_state {
	live = TEARFREE_LIVE,
	ended = TEARFREE_ENDED,
	superseded = TEARFREE_SUPERSEDED
};

/* How a wait ended. */
enum class waited { changed, timed_out, superseded };

/* A page of any schema, mapped for reading; values are bytes. Any thread may use it. */
class any_page {
public:
	/*
	 * Opens a page by its name or path. `owner` is the trusted owner, as in struct tearfree_page_options;
	 * nullptr: this user and root.
	 */
	explicit any_page(const std::string &page, const char *schema = nullptr, const char *owner = nullptr)
		: page_(detail::opened<::tearfree_page>([&](::tearfree_page **to) {
			  ::tearfree_page_options options = TEARFREE_PAGE_OPTIONS_INIT;

			  options.owner = owner;
			  return ::tearfree_page_open_with(page.c_str(), schema, &options, to);
		  }))
	{
	}

	/* Opens a sealed page by its descriptor, which stays open. */
	static any_page open_sealed(int file, const char *schema = nullptr)
	{
		return any_page(detail::opened<::tearfree_page>([&](::tearfree_page **to) {
			return ::tearfree_page_open_sealed(file, schema, to);
		}));
	}

	/* Copies the newest value to `to`, which has `size` bytes. Returns the number of an error, or 0. */
	int try_read(void *to, std::size_t size, ::tearfree_reading *reading = nullptr) const noexcept
	{
		return ::tearfree_page_read(page_.get(), to, size, reading);
	}

	/* Copies the newest value to `to`, which has `size` bytes. */
	void read(void *to, std::size_t size, ::tearfree_reading *reading = nullptr) const
	{
		check(try_read(to, size, reading));
	}

	/* Returns the number of publications until now. */
	std::uint64_t generation() const noexcept { return ::tearfree_page_generation(page_.get()); }

	/* Sleeps until the generation is not `seen`; a negative timeout is none. */
	waited wait(std::uint64_t seen, std::chrono::nanoseconds timeout = std::chrono::nanoseconds{-1}) const
	{
		int number = ::tearfree_page_wait(page_.get(), seen, detail::to_ns(timeout));

		if (number == TEARFREE_ERROR_TIMED_OUT)
			return waited::timed_out;
		if (number == TEARFREE_ERROR_SUPERSEDED)
			return waited::superseded;
		check(number);
		return waited::changed;
	}

	/* Loads one of the eight words beside the value. */
	std::uint64_t word(unsigned int index) const
	{
		std::uint64_t word = 0;

		check(::tearfree_page_word(page_.get(), index, &word));
		return word;
	}

	const char *schema() const noexcept { return ::tearfree_page_schema(page_.get()); }
	std::size_t size() const noexcept { return ::tearfree_page_size(page_.get()); }

	/* The page of <tearfree.h>, which this object keeps open. */
	const ::tearfree_page *handle() const noexcept { return page_.get(); }

private:
	explicit any_page(detail::owned<::tearfree_page> page) noexcept : page_(std::move(page)) {}

	detail::owned<::tearfree_page> page_;
};

namespace detail {

inline std::chrono::nanoseconds to_time(std::uint64_t ns)
{
	return std::chrono::nanoseconds{static_cast<std::int64_t>(ns < INT64_MAX ? ns : std::uint64_t{INT64_MAX})};
}

} // namespace detail

/* A value as it was read, never torn, and what is known about it. */
template <class T> struct reading {
	T value;
	::tearfree_reading known;

	/* The number of publications before this one. */
	std::uint64_t generation() const noexcept { return known.generation; }

	/* The state of the writer after the read. */
	writer_state writer() const noexcept { return static_cast<writer_state>(known.writer); }

	/* Returns how fresh the value is now. Reads the clock. */
	tearfree::freshness freshness() const noexcept
	{
		return static_cast<tearfree::freshness>(::tearfree_reading_freshness(&known, nullptr));
	}

	/* Returns how long the value stays fresh, negative since when it is stale; none without a promise that is known. */
	std::optional<std::chrono::nanoseconds> left() const noexcept
	{
		std::uint64_t ns = 0;

		switch (::tearfree_reading_freshness(&known, &ns)) {
		case TEARFREE_FRESH:
			return detail::to_time(ns);
		case TEARFREE_STALE:
			return -detail::to_time(ns);
		default:
			return std::nullopt;
		}
	}

	/* Returns how long ago the publication began, if that is known. Reads the clock. */
	std::optional<std::chrono::nanoseconds> age() const noexcept
	{
		const std::uint64_t ns = ::tearfree_reading_age(&known);

		if (ns == TEARFREE_AGE_UNKNOWN)
			return std::nullopt;
		return detail::to_time(ns);
	}
};

namespace detail {

/* Reads values of one type from a page or a follower, whose values are bytes. */
template <class T, class Bytes> class typed : public Bytes {
public:
	/* Copies the newest value to `to`. Returns the number of an error, or 0. */
	int try_get(T &to) const noexcept { return this->try_read(&to, sizeof to); }

	/* Returns the newest value. */
	T get() const
	{
		T value;

		check(try_get(value));
		return value;
	}

	/* Returns the newest value, and what is known about it. */
	reading<T> read() const
	{
		reading<T> read;

		Bytes::read(&read.value, sizeof read.value, &read.known);
		return read;
	}

protected:
	explicit typed(Bytes &&bytes) noexcept : Bytes(std::move(bytes)) {}
};

} // namespace detail

/* A page of values of one type, mapped for reading. Any thread may use it. */
template <class T> class page : public detail::typed<T, any_page> {
public:
	explicit page(const std::string &name, const char *owner = nullptr)
		: page(any_page(name, detail::checked_schema<T>(), owner))
	{
	}

	/* Opens a sealed page by its descriptor, which stays open. */
	static page open_sealed(int file)
	{
		return page(any_page::open_sealed(file, detail::checked_schema<T>()));
	}

private:
	explicit page(any_page &&opened) : detail::typed<T, any_page>(std::move(opened))
	{
		if (this->size() != sizeof(T))
			throw error(TEARFREE_ERROR_SIZE, "the schema of the type has another size than the type");
	}
};

} // namespace tearfree

#endif
