// SPDX-License-Identifier: MIT OR Apache-2.0
/* Tests <tearfree.hpp>: writes a page, reads it, and checks each error. Its argument is an empty directory. */
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <tearfree.hpp>
#include <thread>

#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			std::fprintf(stderr, "%s:%d: FAILED: %s\n", __FILE__, __LINE__, #condition); \
			std::exit(1);                                                              \
		}                                                                                  \
	} while (0)

struct quote {
	double price;
	std::uint64_t qty;
};
TEARFREE_SCHEMA(quote, "price:f64 qty:u64");

namespace other {
struct words {
	std::uint64_t word[8];
};
/* The same size as a `quote`, but other fields. */
struct pair {
	std::uint64_t first, second;
};
} // namespace other
TEARFREE_SCHEMA(other::words, "word:u64[8]");
TEARFREE_SCHEMA(other::pair, "first:u64 second:u64");

static_assert(tearfree::detail::size_of_schema("a:u8 b:i16[3] c:f64") == 15, "");
static_assert(tearfree::detail::size_of_schema("a:u128[2]") == 32, "");
static_assert(tearfree::detail::size_of_schema("a:u8 name:text[5]") == 0, "the library checks other kinds");
static_assert(tearfree::detail::size_of_schema("a:bool") == 0, "the library checks other kinds");
static_assert(tearfree::detail::size_of_schema("a") == 0, "not a schema");
static_assert(!std::is_copy_constructible<tearfree::writer<quote>>::value, "a page has one writer");
static_assert(std::is_nothrow_move_constructible<tearfree::any_writer>::value, "");

/* Returns the number of the error that `call` throws, or 0. */
template <class Call> static int error_of(Call call)
{
	try {
		call();
		return 0;
	} catch (const tearfree::error &error) {
		EXPECT(error.what()[0] != '\0');
		return error.number();
	}
}

static void test_calls(const std::string &path)
{
	using namespace std::chrono_literals;
	tearfree::options options;

	EXPECT(error_of([&] { tearfree::page<quote> page(path); }) == TEARFREE_ERROR_MISSING);
	options.lifetime = 1h;
	tearfree::writer<quote> writer(path, {9.5, 100}, options);
	tearfree::page<quote> page(path);
	EXPECT(page.get().price == 9.5 && page.size() == sizeof(quote));
	EXPECT(std::string(page.schema()) == writer.schema());

	writer.set({10.5, 90});
	auto read = page.read();
	EXPECT(read.value.price == 10.5 && read.value.qty == 90 && read.generation() == 1);
	EXPECT(read.freshness() == tearfree::freshness::fresh && *read.left() <= 1h && *read.left() > 0ns);
	EXPECT(read.writer() == tearfree::writer_state::live);
	EXPECT(read.age() && *read.age() < 1h);
	read.known.valid_until = 1;
	EXPECT(read.freshness() == tearfree::freshness::stale && *read.left() < 0ns);
	read.known.valid_until = TEARFREE_PROMISE_UNKNOWN;
	EXPECT(read.freshness() == tearfree::freshness::unknown && !read.left());
	EXPECT(page.wait(0) == tearfree::waited::changed);
	EXPECT(page.wait(1, 1ms) == tearfree::waited::timed_out);

	EXPECT(writer.update([](quote &q) { q.qty -= 10; }));
	EXPECT(!writer.update([](quote &q) { return --q.qty == 0; }));
	EXPECT(writer.generation() == 2 && writer.get().qty == 80);
	try {
		writer.update([](quote &q) {
			q.qty = 0;
			throw 7;
		});
		EXPECT(false);
	} catch (int thrown) {
		EXPECT(thrown == 7 && page.get().qty == 80);
	}
	EXPECT(error_of([&] { writer.update([&](quote &) { writer.touch(); }); }) == TEARFREE_ERROR_NESTED);
	writer.set_word(3, 42);
	EXPECT(page.word(3) == 42);
	EXPECT(error_of([&] { page.word(8); }) == TEARFREE_ERROR_ARGUMENT);
	writer.touch();

	EXPECT(error_of([&] { tearfree::page<other::pair> wrong(path); }) == TEARFREE_ERROR_SCHEMA);
	EXPECT(error_of([&] { tearfree::writer<quote>::keep(path); }) == TEARFREE_ERROR_BUSY);
	EXPECT(error_of([&] { tearfree::page<quote> page_of(path, "-1"); }) != 0);
	char small[8];
	EXPECT(page.try_read(small, sizeof small) == TEARFREE_ERROR_SIZE);
	EXPECT(error_of([&] { tearfree::any_page(path).read(small, sizeof small); }) == TEARFREE_ERROR_SIZE);

	writer.end();
	EXPECT(error_of([&] { writer.set({0, 0}); }) == TEARFREE_ERROR_ENDED);
	EXPECT(page.read().writer() == tearfree::writer_state::ended);
	EXPECT(tearfree::writer<quote>::keep(path).get().qty == 80);
	auto next = tearfree::writer<quote>::take_over(path);
	auto moved = std::move(next);
	moved.set({1, 1});
	EXPECT(moved.generation() == 3 && next.try_set({2, 2}) == TEARFREE_ERROR_ARGUMENT);
}

static void test_sealed()
{
	tearfree::options untimed;

	untimed.timed = false;
	auto writer = tearfree::writer<quote>::create_sealed("sealed", {1, 2}, untimed);
	auto page = tearfree::page<quote>::open_sealed(writer.file());

	EXPECT(!page.read().age() && page.read().freshness() == tearfree::freshness::unpromised);
	writer.set({3, 4});
	EXPECT(page.get().qty == 4);
	EXPECT(error_of([] { tearfree::page<quote>::open_sealed(0); }) == TEARFREE_ERROR_NOT_SEALED);
	EXPECT(error_of([&] { tearfree::page<other::words>::open_sealed(writer.file()); }) ==
	       TEARFREE_ERROR_SCHEMA);
}

static void test_followers(const std::string &path)
{
	using namespace std::chrono_literals;
	tearfree::options replace;
	tearfree::follower<quote> follower(path);
	pollfd ready{follower.descriptor(), POLLIN, 0};

	EXPECT(error_of([&] { follower.get(); }) == TEARFREE_ERROR_MISSING);
	EXPECT(follower.problem() == TEARFREE_ERROR_MISSING && follower.schema() == nullptr);
	EXPECT(!follower.wait(0ns));
	replace.replace = true;
	{
		tearfree::writer<quote> writer(path, {9.5, 100});

		EXPECT(poll(&ready, 1, -1) == 1 && follower.wait(0ns) == tearfree::event::changed);
		EXPECT(follower.get().qty == 100 && follower.problem() == 0);
		EXPECT(std::string(follower.schema()) == writer.schema() && follower.size() == sizeof(quote));
		EXPECT(!follower.wait(0ns) && poll(&ready, 1, 0) == 0);
	}
	EXPECT(follower.wait() == tearfree::event::ended);
	{
		tearfree::writer<other::pair> writer(path, {1, 2}, replace);

		EXPECT(follower.wait() == tearfree::event::gone && follower.problem() == TEARFREE_ERROR_SCHEMA);
		EXPECT(follower.read().value.qty == 100);
	}
	tearfree::writer<quote> writer(path, {9.5, 90}, replace);
	while (follower.wait() != tearfree::event::replaced)
		continue;
	EXPECT(follower.get().qty == 90 && follower.handle() != nullptr);
	EXPECT(error_of([] { tearfree::any_follower invalid("a b"); }) == TEARFREE_ERROR_NAME);
}

/* A reader beside a busy writer: no torn value, and no older one than before. */
static void test_torn(const std::string &path)
{
	tearfree::writer<other::words> writer(path, {});
	tearfree::page<other::words> page(path);
	std::atomic<bool> ends{false};
	std::thread writing([&] {
		for (std::uint64_t generation = 1; !ends; generation++) {
			other::words words;

			for (auto &word : words.word)
				word = generation;
			writer.set(words);
		}
	});
	std::uint64_t newest = 0;

	for (int i = 0; i < 200000; i++) {
		auto words = page.get();

		for (auto word : words.word)
			EXPECT(word == words.word[0]);
		EXPECT(words.word[0] >= newest);
		newest = words.word[0];
	}
	ends = true;
	writing.join();
	EXPECT(page.get().word[7] == writer.generation());
}

int main(int argc, char **argv)
{
	EXPECT(argc == 2);
	const std::string directory = argv[1];

	test_calls(directory + "/calls");
	test_sealed();
	test_followers(directory + "/followed");
	test_torn(directory + "/torn");
	EXPECT(error_of([&] { tearfree::clock clock(directory + "/no-clock"); }) == TEARFREE_ERROR_MISSING);
	std::puts("C++: pages are written and read");
	return 0;
}
