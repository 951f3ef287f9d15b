// SPDX-License-Identifier: MIT OR Apache-2.0
/* Publishes quotes, or prints them as they come: run `quotes write NAME`, and `quotes read NAME` beside it. */
#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <tearfree.hpp>
#include <thread>

struct quote {
	double price;
	std::uint64_t qty;
};
TEARFREE_SCHEMA(quote, "price:f64 qty:u64");

using namespace std::chrono_literals;

static void write(const std::string &name)
{
	tearfree::options options;

	/* A reader sees a value that is older as stale. */
	options.lifetime = 1s;
	options.wakes = true;
	tearfree::writer<quote> writer(name, {10.0, 100}, options);
	for (int i = 1; i <= 20; i++) {
		std::this_thread::sleep_for(50ms);
		writer.update([](quote &q) {
			q.price += 0.25;
			q.qty -= 1;
		});
	}
}

static void read(const std::string &name)
{
	tearfree::page<quote> page(name);

	for (;;) {
		auto now = page.read();

		std::cout << now.generation() << ": " << now.value.price << " for " << now.value.qty
			  << (now.freshness() == tearfree::freshness::stale ? ", stale\n" : "\n");
		if (now.writer() != tearfree::writer_state::live)
			return;
		/* The end of the writer is no publication, so this wait has a limit. */
		if (page.wait(now.generation(), 500ms) == tearfree::waited::superseded)
			return;
	}
}

int main(int argc, char **argv)
{
	const std::string what = argc == 3 ? argv[1] : "";

	if (what != "write" && what != "read") {
		std::cerr << "usage: quotes write|read NAME\n";
		return 2;
	}
	try {
		what == "write" ? write(argv[2]) : read(argv[2]);
		return 0;
	} catch (const tearfree::error &error) {
		std::cerr << error.what() << '\n';
		return 1;
	}
}
