/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Writers in C that are used by several threads, by forked children, and until they are killed. */
#define _DEFAULT_SOURCE /* usleep */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>
#include <tearfree.h>
#include <unistd.h>

#include "expect.h"

enum { THREADS = 4, UPDATES = 5000, WORDS = 512 };

/* Publishes values of WORDS words, which follow from their generation, until `ends` is set; then closes. */
int c_write_words(const char *path, const bool *ends, uint64_t *generation);
int c_write_words(const char *path, const bool *ends, uint64_t *generation)
{
	static const char schema[] = "words:u64[512]";
	struct tearfree_writer *writer;
	uint64_t words[WORDS], i;
	int error = tearfree_writer_create(path, schema, NULL, sizeof words, NULL, &writer);

	if (error != 0)
		return error;
	*generation = tearfree_writer_generation(writer);
	/* ORDERING: Relaxed: a flag that ends a test; it publishes nothing else. */
	while (error == 0 && !__atomic_load_n(ends, __ATOMIC_RELAXED)) {
		++*generation;
		for (i = 0; i < WORDS; i++)
			words[i] = *generation * WORDS + i;
		error = tearfree_writer_set(writer, words, sizeof words);
		/* Where a copy takes as long as two publications, no reader gets through unless the writer rests. */
		if (*generation % 200 == 0)
			usleep(100);
	}
	tearfree_writer_close(writer);
	return error;
}

static int count(void *value, size_t size, void *argument)
{
	(void)size;
	(void)argument;
	++*(uint64_t *)value;
	return 0;
}

static void *update_often(void *writer)
{
	int i;

	for (i = 0; i < UPDATES; i++)
		if (tearfree_writer_update(writer, count, NULL) != 0)
			return writer;
	return NULL;
}

static void *update_until_the_end(void *writer)
{
	int error;

	do
		error = tearfree_writer_update(writer, count, NULL);
	while (error == 0);
	return error == TEARFREE_ERROR_ENDED ? NULL : writer;
}

/* Several threads change one value: no change is lost. Then one ends the writer, and the others notice. */
int c_writer_threads(const char *path);
int c_writer_threads(const char *path)
{
	struct tearfree_writer *writer;
	pthread_t threads[THREADS];
	uint64_t value;
	void *failed;
	int i;

	EXPECT(tearfree_writer_create(path, "value:u64", NULL, 8, NULL, &writer) == 0);
	for (i = 0; i < THREADS; i++)
		EXPECT(pthread_create(&threads[i], NULL, update_often, writer) == 0);
	for (i = 0; i < THREADS; i++)
		EXPECT(pthread_join(threads[i], &failed) == 0 && failed == NULL);
	EXPECT(tearfree_writer_get(writer, &value, 8) == 0 && value == THREADS * UPDATES);
	EXPECT(tearfree_writer_generation(writer) == THREADS * UPDATES);

	for (i = 0; i < THREADS; i++)
		EXPECT(pthread_create(&threads[i], NULL, update_until_the_end, writer) == 0);
	while (tearfree_writer_generation(writer) < THREADS * UPDATES + 100)
		usleep(100);
	EXPECT(tearfree_writer_end(writer) == 0);
	for (i = 0; i < THREADS; i++)
		EXPECT(pthread_join(threads[i], &failed) == 0 && failed == NULL);
	EXPECT(tearfree_writer_end(writer) == TEARFREE_ERROR_ENDED);
	tearfree_writer_close(writer);
	return 0;
}

static pthread_mutex_t until_forked = PTHREAD_MUTEX_INITIALIZER;
static bool is_inside;

static int wait_inside(void *value, size_t size, void *argument)
{
	(void)value;
	(void)size;
	(void)argument;
	/* ORDERING: pairs with the load in `c_writer_fork`. */
	__atomic_store_n(&is_inside, true, __ATOMIC_RELEASE);
	pthread_mutex_lock(&until_forked);
	pthread_mutex_unlock(&until_forked);
	return 0;
}

static void *update_once(void *writer)
{
	return tearfree_writer_update(writer, wait_inside, NULL) == 0 ? NULL : writer;
}

/* Each call in a forked child is refused, also while a thread of the parent uses the writer. */
static int in_child(struct tearfree_writer *writer)
{
	uint64_t value = 99;

	EXPECT(tearfree_writer_set(writer, &value, 8) == TEARFREE_ERROR_FORKED);
	EXPECT(tearfree_writer_get(writer, &value, 8) == TEARFREE_ERROR_FORKED);
	EXPECT(tearfree_writer_update(writer, count, NULL) == TEARFREE_ERROR_FORKED);
	EXPECT(tearfree_writer_set_word(writer, 0, 99) == TEARFREE_ERROR_FORKED);
	EXPECT(tearfree_writer_touch(writer) == TEARFREE_ERROR_FORKED);
	EXPECT(tearfree_writer_end(writer) == TEARFREE_ERROR_FORKED);
	EXPECT(tearfree_writer_file(writer) == -1);
	EXPECT(tearfree_writer_generation(writer) == 1 && tearfree_writer_size(writer) == 8);
	tearfree_writer_close(writer);
	return 0;
}

/* Runs `in_child` in a child; returns the line that failed. */
static int fork_child(struct tearfree_writer *writer)
{
	pid_t child = fork();
	int status;

	EXPECT(child >= 0);
	if (child == 0) {
		/* A deadlock ends by this signal. */
		alarm(120);
		_exit(in_child(writer) & 0xff);
	}
	EXPECT(waitpid(child, &status, 0) == child);
	EXPECT(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int fork_inside(void *value, size_t size, void *writer)
{
	(void)value;
	(void)size;
	return fork_child(writer);
}

int c_writer_fork(const char *path);
int c_writer_fork(const char *path)
{
	struct tearfree_reading reading;
	struct tearfree_writer *writer;
	struct tearfree_page *page;
	uint64_t value = 7;
	pthread_t thread;
	void *failed;
	int line;

	EXPECT(tearfree_writer_create(path, "value:u64", NULL, 8, NULL, &writer) == 0);
	EXPECT(tearfree_page_open(path, NULL, &page) == 0);
	EXPECT(tearfree_writer_set(writer, &value, 8) == 0);
	line = fork_child(writer);
	EXPECT(line == 0);
	EXPECT(tearfree_writer_update(writer, fork_inside, writer) == 0);

	EXPECT(tearfree_writer_get(writer, &value, 8) == 0 && value == 7);
	EXPECT(tearfree_writer_generation(writer) == 2);
	tearfree_writer_close(writer);
	EXPECT(tearfree_writer_create(path, "value:u64", NULL, 8, NULL, &writer) == 0);
	EXPECT(tearfree_writer_generation(writer) == 2);
	tearfree_writer_close(writer);

	EXPECT(tearfree_writer_create_sealed("forked", "value:u64", &value, 8, NULL, &writer) == 0);
	EXPECT(tearfree_writer_set(writer, &value, 8) == 0);
	pthread_mutex_lock(&until_forked);
	EXPECT(pthread_create(&thread, NULL, update_once, writer) == 0);
	/* ORDERING: pairs with the store in `wait_inside`. */
	while (!__atomic_load_n(&is_inside, __ATOMIC_ACQUIRE))
		usleep(100);
	line = fork_child(writer);
	pthread_mutex_unlock(&until_forked);
	EXPECT(pthread_join(thread, &failed) == 0 && failed == NULL);
	EXPECT(line == 0);
	EXPECT(tearfree_writer_generation(writer) == 2);
	tearfree_writer_close(writer);

	EXPECT(tearfree_page_read(page, &value, 8, &reading) == 0);
	EXPECT(value == 7 && reading.generation == 2 && reading.writer == TEARFREE_ENDED);
	tearfree_page_close(page);
	return 0;
}
