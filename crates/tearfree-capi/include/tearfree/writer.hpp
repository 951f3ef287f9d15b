// SPDX-License-Identifier: MIT OR Apache-2.0
/* Writes pages. Included by <tearfree.hpp>. */
#ifndef TEARFREE_WRITER_HPP
#define TEARFREE_WRITER_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <tearfree/base.hpp>
#include <tearfree/schema.hpp>
#include <type_traits>
#include <utility>

namespace tearfree {

/* How a page is written: the options of <tearfree.h>. */
struct options {
	std::chrono::nanoseconds lifetime{0}; /* the promise; zero: none */
	bool wakes = false;
	bool replace = false;
	bool timed = true; /* values say when they were published */
	std::uint32_t mode = 0; /* zero: 0644, or that of the existing page */
};

namespace detail {

inline ::tearfree_writer_options to_c(const options &from)
{
	::tearfree_writer_options to = TEARFREE_WRITER_OPTIONS_INIT;

	if (from.lifetime.count() > 0)
		to.lifetime_ns = static_cast<std::uint64_t>(from.lifetime.count());
	to.mode = from.mode;
	to.flags = (from.wakes ? std::uint32_t{TEARFREE_WAKES} : 0) |
		   (from.replace ? std::uint32_t{TEARFREE_REPLACE} : 0) |
		   (from.timed ? 0 : std::uint32_t{TEARFREE_UNTIMED});
	return to;
}

} // namespace detail

/* A page of any schema, and the right to publish to it; values are bytes. Any thread may use it. */
class any_writer {
public:
	/* Creates a page or takes it over. `value` has `size` bytes; nullptr keeps the value of the page. */
	any_writer(const std::string &page, const char *schema, const void *value, std::size_t size,
		   const options &options = {})
		: writer_(detail::opened<::tearfree_writer>([&](::tearfree_writer **to) {
			  const auto c = detail::to_c(options);

			  return ::tearfree_writer_create(page.c_str(), schema, value, size, &c, to);
		  }))
	{
	}

	/* Takes over an existing page, of this schema unless it is nullptr. */
	static any_writer take_over(const std::string &page, const char *schema = nullptr,
				    const options &options = {})
	{
		return any_writer(detail::opened<::tearfree_writer>([&](::tearfree_writer **to) {
			const auto c = detail::to_c(options);

			return ::tearfree_writer_take_over(page.c_str(), schema, &c, to);
		}));
	}

	/* Creates a page in a sealed memory file. */
	static any_writer create_sealed(const std::string &name, const char *schema, const void *value,
					std::size_t size, const options &options = {})
	{
		return any_writer(detail::opened<::tearfree_writer>([&](::tearfree_writer **to) {
			const auto c = detail::to_c(options);

			return ::tearfree_writer_create_sealed(name.c_str(), schema, value, size, &c, to);
		}));
	}

	/* Publishes a value of `size` bytes. Returns the number of an error, or 0. */
	int try_set(const void *value, std::size_t size) noexcept
	{
		return ::tearfree_writer_set(writer_.get(), value, size);
	}

	/* Publishes a value of `size` bytes. */
	void set(const void *value, std::size_t size) { check(try_set(value, size)); }

	/* Copies the published value to `to`, which has `size` bytes. */
	void get(void *to, std::size_t size) const { check(::tearfree_writer_get(writer_.get(), to, size)); }

	/* Stores one of the eight words beside the value. */
	void set_word(unsigned int index, std::uint64_t word)
	{
		check(::tearfree_writer_set_word(writer_.get(), index, word));
	}

	/* Renews the promise without publishing. */
	void touch() { check(::tearfree_writer_touch(writer_.get())); }

	/* Ends the writer before its destructor does; later calls fail. */
	void end() { check(::tearfree_writer_end(writer_.get())); }

	std::uint64_t generation() const noexcept { return ::tearfree_writer_generation(writer_.get()); }
	const char *schema() const noexcept { return ::tearfree_writer_schema(writer_.get()); }
	std::size_t size() const noexcept { return ::tearfree_writer_size(writer_.get()); }

	/* Returns the descriptor of a sealed page, which the writer keeps; -1 without one. */
	int file() const noexcept { return ::tearfree_writer_file(writer_.get()); }

	/* The writer of <tearfree.h>, which this object ends and frees. */
	::tearfree_writer *handle() noexcept { return writer_.get(); }

private:
	explicit any_writer(detail::owned<::tearfree_writer> writer) noexcept : writer_(std::move(writer)) {}

	detail::owned<::tearfree_writer> writer_;
};

/* A page of values of one type, and the right to publish to it. Any thread may use it. */
template <class T> class writer : public any_writer {
public:
	/* Creates a page or takes it over, and publishes `value`. */
	writer(const std::string &page, const T &value, const options &options = {})
		: any_writer(page, detail::checked_schema<T>(), &value, sizeof value, options)
	{
	}

	/* Creates a page or takes it over, and keeps its value; a new page begins with zeros. */
	static writer keep(const std::string &page, const options &options = {})
	{
		return writer(any_writer(page, detail::checked_schema<T>(), nullptr, sizeof(T), options));
	}

	/* Takes over an existing page, and keeps its value. */
	static writer take_over(const std::string &page, const options &options = {})
	{
		return writer(any_writer::take_over(page, detail::checked_schema<T>(), options));
	}

	/* Creates a page in a sealed memory file. */
	static writer create_sealed(const std::string &name, const T &value, const options &options = {})
	{
		return writer(any_writer::create_sealed(name, detail::checked_schema<T>(), &value, sizeof value,
							options));
	}

	/* Publishes a value. Returns the number of an error, or 0. */
	int try_set(const T &value) noexcept { return any_writer::try_set(&value, sizeof value); }

	/* Publishes a value. */
	void set(const T &value) { check(try_set(value)); }

	/* Returns the published value. */
	T get() const
	{
		T value;

		any_writer::get(&value, sizeof value);
		return value;
	}

	/*
	 * Changes the value: calls `change` with a copy, and publishes that, unless `change` returns false, which
	 * it may, or throws. Returns whether it was published. Calls of other threads wait meanwhile.
	 */
	template <class Change> bool update(Change &&change)
	{
		auto call = [&](T &value) {
			if constexpr (std::is_void<decltype(change(value))>::value) {
				change(value);
				return true;
			} else {
				return static_cast<bool>(change(value));
			}
		};
		updating<decltype(call)> state{call, nullptr};
		int number = ::tearfree_writer_update(this->handle(), run<decltype(call)>, &state);

		if (state.thrown)
			std::rethrow_exception(state.thrown);
		if (number != TEARFREE_ERROR_DISCARDED)
			check(number);
		return number == TEARFREE_OK;
	}

private:
	explicit writer(any_writer &&created) : any_writer(std::move(created))
	{
		if (this->size() != sizeof(T))
			throw error(TEARFREE_ERROR_SIZE, "the schema of the type has another size than the type");
	}

	template <class Call> struct updating {
		Call &call;
		std::exception_ptr thrown;
	};

	/* No exception may pass the library. */
	template <class Call> static int run(void *bytes, std::size_t, void *argument) noexcept
	{
		auto &state = *static_cast<updating<Call> *>(argument);

		try {
			T value;

			std::memcpy(&value, bytes, sizeof value);
			if (!state.call(value))
				return 1;
			std::memcpy(bytes, &value, sizeof value);
			return 0;
		} catch (...) {
			state.thrown = std::current_exception();
			return 1;
		}
	}
};

} // namespace tearfree

#endif
