// SPDX-License-Identifier: MIT OR Apache-2.0
// The same calls from C++: a quote that one thread writes and others read.

#include <linux/seqlock.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <thread>
#include <vector>

namespace {

struct Quote {
	std::uint64_t bid, ask;
};

// Quotes are written with a spread of 10, so one that mixes two writes shows it.
constexpr std::uint64_t spread = 10;

class Market {
public:
	void publish(Quote next)
	{
		write_seqlock(&lock_);
		WRITE_ONCE(quote_.bid, next.bid);
		WRITE_ONCE(quote_.ask, next.ask);
		write_sequnlock(&lock_);
	}

	Quote read() const
	{
		Quote copy;
		unsigned seq;
		do {
			seq = read_seqbegin(&lock_);
			copy = { READ_ONCE(quote_.bid), READ_ONCE(quote_.ask) };
		} while (read_seqretry(&lock_, seq));
		return copy;
	}

private:
	seqlock_t lock_ = __SEQLOCK_UNLOCKED(lock_);
	Quote quote_ = { 0, spread };
};

} // namespace

int main()
{
	Market market;
	std::atomic<bool> done = false;
	std::atomic<unsigned long> reads = 0, torn = 0;

	std::vector<std::thread> readers;
	for (int i = 0; i < 2; i++)
		readers.emplace_back([&] {
			do {
				const Quote quote = market.read();
				torn += quote.ask - quote.bid != spread;
				reads++;
			} while (!done);
		});
	for (std::uint64_t bid = 0; bid < 1000000; bid++)
		market.publish({ bid, bid + spread });
	done = true;
	for (auto &reader : readers)
		reader.join();

	std::printf("%lu reads, %lu torn\n", reads.load(), torn.load());
	return torn != 0;
}
