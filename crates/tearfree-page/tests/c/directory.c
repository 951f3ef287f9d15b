/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The directory of a page: whether it is one, its lock, and what killed writers left there. */
#include "page.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char LOCK_TEXT[] = "tearfree page lock\n";

static bool begins_with(int directory, const char *name, const void *content, size_t len)
{
	unsigned char found[32];
	int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (file < 0)
		return false;
	ssize_t got = read(file, found, len);
	close(file);
	return got == (ssize_t)len && !memcmp(found, content, len);
}

/* Calls `visit` for each name in the directory until it says false. */
static bool each_name(int directory, bool (*visit)(int directory, const char *name))
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *names = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	bool going = names;

	while (going && (entry = readdir(names)))
		going = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || visit(directory, entry->d_name);
	if (names)
		closedir(names);
	return going;
}

static bool is_temporary(int directory, const char *name)
{
	(void)directory;
	return !strncmp(name, ".tearfree-", 10);
}

void temporary_name(char name[NAME_LEN])
{
	snprintf(name, NAME_LEN, ".tearfree-%016llx", (unsigned long long)random_number());
}

/* Supersedes a page that is not, or no longer, the one of its directory, and removes its file. */
static bool remove_temporary(int directory, const char *name)
{
	struct stat status;

	if (!is_temporary(directory, name))
		return true;
	int file = openat(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file >= 0 && !fstat(file, &status) && S_ISREG(status.st_mode) && status.st_size >= SLOTS) {
		struct page page = { .map_len = (size_t)status.st_size };

		page.map = mmap(NULL, page.map_len, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
		if (page.map != MAP_FAILED && !memcmp(page.map, MAGIC, sizeof MAGIC))
			supersede(&page);
		if (page.map != MAP_FAILED)
			munmap(page.map, page.map_len);
	}
	if (file >= 0)
		close(file);
	return !unlinkat(directory, name, 0) || errno == ENOENT;
}

/* Gives the file `lock` its name together with its content. */
static error make_lock(int directory)
{
	char name[NAME_LEN];
	struct stat status;
	error why = NULL;

	if (!fstatat(directory, "lock", &status, AT_SYMLINK_NOFOLLOW))
		return NULL;
	temporary_name(name);
	int file = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0)
		return errno == ENOENT ? "" : strerror(errno);
	if (write(file, LOCK_TEXT, sizeof LOCK_TEXT - 1) != sizeof LOCK_TEXT - 1)
		why = "the lock cannot be written";
	else if (linkat(directory, name, directory, "lock", 0) && errno != EEXIST && errno != ENOENT)
		why = strerror(errno);
	close(file);
	unlinkat(directory, name, 0);
	return why;
}

/* Locks the file `lock`; "" if it was removed meanwhile. */
static error lock_once(int directory, int *lock)
{
	struct flock whole_file = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct stat ours, named;
	error why = NULL;

	*lock = openat(directory, "lock", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*lock < 0)
		return errno == ENOENT ? "" : strerror(errno);
	if (fcntl(*lock, F_OFD_SETLK, &whole_file))
		why = errno == EAGAIN || errno == EACCES ? "another writer has the lock" : strerror(errno);
	else if (fstat(*lock, &ours) || fstatat(directory, "lock", &named, AT_SYMLINK_NOFOLLOW) || ours.st_ino != named.st_ino ||
		 ours.st_dev != named.st_dev)
		why = "";
	if (why)
		close(*lock);
	return why;
}

/* A missing directory that is to be created, but was removed meanwhile: "". */
static error open_directory(const char *path, bool create, int *directory)
{
	bool is_new = create && !mkdir(path, 0755);
	struct stat status;

	if (create && !is_new && errno != EEXIST)
		return strerror(errno);
	*directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*directory < 0)
		return errno != ENOENT ? strerror(errno) : create ? "" : "there is no page";
	if (fstat(*directory, &status) || status.st_uid != geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH))) {
		close(*directory);
		return "the directory belongs to another user, or others can write to it";
	}
	/* Whatever the umask: the permissions of the page say who may read it. */
	if (is_new)
		fchmod(*directory, 0755);
	if (begins_with(*directory, "lock", LOCK_TEXT, sizeof LOCK_TEXT - 1) || begins_with(*directory, "page", MAGIC, 8) ||
	    (create && each_name(*directory, is_temporary)))
		return NULL;
	close(*directory);
	return "the directory has files of others";
}

error lock_directory(const char *path, bool create, int *directory, int *lock)
{
	for (;;) {
		error why = open_directory(path, create, directory);

		if (why && !*why)
			continue;
		if (why)
			return why;
		if (!(why = make_lock(*directory)) && !(why = lock_once(*directory, lock)))
			return NULL;
		close(*directory);
		if (*why)
			return why;
	}
}

error finish_procedures(int directory)
{
	return each_name(directory, remove_temporary) ? NULL : "a temporary file cannot be removed";
}

error remove_page(const char *path)
{
	int directory, lock;
	char aside[NAME_LEN];
	error why = lock_directory(path, false, &directory, &lock);

	if (why)
		return why;
	temporary_name(aside);
	if (!(why = finish_procedures(directory)) && renameat(directory, "page", directory, aside) && errno != ENOENT)
		why = strerror(errno);
	if (!why)
		why = finish_procedures(directory);
	if (!why) {
		unlinkat(directory, "lock", 0);
		rmdir(path);
	}
	close(directory);
	close(lock);
	return why;
}
