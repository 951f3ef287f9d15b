/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the kernel says about times, namespaces and processes; 0 where it says nothing. */
#include "page.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t boottime(void) { return nanoseconds(CLOCK_BOOTTIME); }
uint64_t realtime(void) { return nanoseconds(CLOCK_REALTIME); }

uint64_t namespace_inode(const char *name)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof path, "/proc/self/ns/%s", name);
	return stat(path, &status) ? 0 : status.st_ino;
}

void boot_id(unsigned char id[16])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	size_t digits = 0;
	int c;

	memset(id, 0, 16);
	if (!file)
		return;
	while (digits < 32 && (c = fgetc(file)) != EOF) {
		const char *all = "0123456789abcdef", *digit = c ? strchr(all, c) : NULL;

		if (digit) {
			id[digits / 2] = (unsigned char)(id[digits / 2] << 4 | (digit - all));
			digits++;
		}
	}
	fclose(file);
}

/* Field `number` of the process's `stat`, from 3 on; false if there is none. */
static bool stat_field(pid_t pid, int number, char *to, size_t len)
{
	char path[64], line[2048];

	snprintf(path, sizeof path, pid ? "/proc/%d/stat" : "/proc/self/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	line[fread(line, 1, sizeof line - 1, file)] = 0;
	fclose(file);
	/* The name in field 2 can contain blanks and brackets. */
	char *field = strrchr(line, ')');
	field = field ? strtok(field + 1, " ") : NULL;
	for (int at = 3; field && at < number; at++)
		field = strtok(NULL, " ");
	if (field)
		snprintf(to, len, "%s", field);
	return field;
}

uint64_t start_time(pid_t pid)
{
	char field[32];

	return stat_field(pid, 22, field, sizeof field) ? strtoull(field, NULL, 10) : 0;
}

bool is_zombie(pid_t pid)
{
	char state[32], threads[32];

	return stat_field(pid, 3, state, sizeof state) && *state == 'Z' && stat_field(pid, 20, threads, sizeof threads) &&
	       !strcmp(threads, "1");
}

int64_t boottime_offset(void)
{
	long long seconds, nanos, found = 0;
	char name[32];
	FILE *file = NULL;

	if (namespace_inode("time") == namespace_inode("time_for_children"))
		file = fopen("/proc/self/timens_offsets", "re");
	if (!file)
		return 0;
	while (fscanf(file, "%31s %lld %lld", name, &seconds, &nanos) == 3)
		if (!strcmp(name, "boottime"))
			found = seconds * 1000000000 + nanos;
	fclose(file);
	return found;
}

uint64_t random_number(void)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof number, 0) != sizeof number)
		abort();
	return number;
}
