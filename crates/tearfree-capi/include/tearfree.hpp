// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * tearfree for C++17: pages and clocks that close themselves. A thin layer over <tearfree.h>, which says what
 * each call does.
 *
 *	struct quote { double price; std::uint64_t qty; };
 *	TEARFREE_SCHEMA(quote, "price:f64 qty:u64");
 *
 *	tearfree::writer<quote> writer("quotes", {9.5, 100});
 *	writer.update([](quote &q) { q.qty -= 10; });
 *
 *	tearfree::page<quote> page("quotes");
 *	std::cout << page.get().price << '\n';
 *
 * A call that fails throws tearfree::error, which has the number and the text of the C call. A function
 * whose name begins with try_ returns the number instead, and throws nothing.
 */
#ifndef TEARFREE_HPP
#define TEARFREE_HPP

#include <tearfree.h>
#include <tearfree/base.hpp>
#include <tearfree/clock.hpp>
#include <tearfree/follower.hpp>
#include <tearfree/page.hpp>
#include <tearfree/schema.hpp>
#include <tearfree/writer.hpp>

#endif
