// SPDX-License-Identifier: MIT OR Apache-2.0
/* The schema of a type, checked against the type when the program is compiled. Included by <tearfree.hpp>. */
#ifndef TEARFREE_SCHEMA_HPP
#define TEARFREE_SCHEMA_HPP

#include <cstddef>
#include <type_traits>

namespace tearfree {

namespace detail {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::size_t parse_number(const char *&text)
{
	std::size_t number = 0;

	while (is_digit(*text))
		number = number * 10 + static_cast<std::size_t>(*text++ - '0');
	return number;
}

/* Returns the size of the values of a schema; 0 if a kind is not a number, which the library checks. */
constexpr std::size_t size_of_schema(const char *text)
{
	std::size_t size = 0;

	while (*text != '\0') {
		std::size_t bytes = 0, count = 1;

		while (*text != ':' && *text != '\0')
			++text;
		if (*text == '\0' || (text[1] != 'u' && text[1] != 'i' && text[1] != 'f'))
			return 0;
		text += 2;
		bytes = parse_number(text) / 8;
		if (*text == '[') {
			++text;
			count = parse_number(text);
			text += *text == ']';
		}
		if (bytes == 0 || (*text != ' ' && *text != '\0'))
			return 0;
		text += *text == ' ';
		size += bytes * count;
	}
	return size;
}

} // namespace detail

/* The schema of a type: TEARFREE_SCHEMA declares it. */
template <class T> struct schema {
	static constexpr const char *text = nullptr;
};

/* Declares the schema of a type, outside of all namespaces: its fields in order, which have no gaps. */
#define TEARFREE_SCHEMA(type, fields)                                                              \
	template <> struct tearfree::schema<type> {                                                \
		static constexpr const char *text = fields;                                        \
	}

namespace detail {

/* Returns the schema of a type that a page can hold; other types do not compile. */
template <class T> constexpr const char *checked_schema()
{
	static_assert(std::is_trivially_copyable<T>::value, "a page holds bytes: T has to be trivially copyable");
	static_assert(std::is_standard_layout<T>::value, "the fields of T have to lie in their order");
	static_assert(schema<T>::text != nullptr, "declare the schema of T by TEARFREE_SCHEMA");
	static_assert(size_of_schema(schema<T>::text) == 0 || size_of_schema(schema<T>::text) == sizeof(T),
		      "the schema of T has another size than T: compare the fields, and add the gaps as fields");
	return schema<T>::text;
}

} // namespace detail

} // namespace tearfree

#endif
