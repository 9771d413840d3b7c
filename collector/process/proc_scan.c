// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/process/proc_table.h"
#include "common/clock.h"
#include "common/io.h"

#define MAX_MAPS_BYTES (64UL << 20)

/* "START-END PERM OFF MAJ:MIN INODE   PATH": an executable mapping becomes a record. */
static void take_maps_line(char *line, uint32_t pid, uint64_t time_ns, struct batch *batch)
{
	unsigned long long start, end, off, inode;
	unsigned int major, minor;
	char perm[5];
	int path_at = 0;
	struct mmap_record *rec;
	const char *path;
	uint32_t path_size;

	/* NOLINTNEXTLINE(cert-err34-c): the kernel prints no number that does not fit */
	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &start, &end, perm, &off, &major,
		   &minor, &inode, &path_at) < 7 ||
	    perm[2] != 'x' || start >= end)
		return;
	path = line + path_at;
	if (!strcmp(path, "[vsyscall]"))
		return;
	if (!*path)
		path = "//anon";
	path_size = RECORD_ALIGN((uint32_t)strlen(path) + 1);
	rec = batch__add(batch, RECORD_MMAP, sizeof(*rec) + path_size, time_ns);
	if (!rec)
		return;
	rec->start = start;
	rec->end = end;
	rec->file_off = off;
	rec->inode = inode;
	rec->pid = pid;
	rec->dev_major = major;
	rec->dev_minor = minor;
	rec->path_size = path_size;
	rec->scanned = 1;
	memcpy(rec + 1, path, strlen(path));
}

/* Field 22 of /proc/PID/stat, in clock ticks since boot; the name before it may hold anything. */
static uint64_t start_of(const char *stat)
{
	const char *at = strrchr(stat, ')');
	unsigned long long ticks = 0;

	for (int field = 2; at && field < 22; field++) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	if (at)
		ticks = strtoull(at, NULL, 10);
	return ticks * (1000000000ULL / (unsigned long)sysconf(_SC_CLK_TCK));
}

static int scan_identity(uint32_t pid, uint64_t time_ns, struct batch *batch)
{
	struct process_record *rec;
	scope_memory char *stat = NULL;
	char path[64], *open, *close;
	size_t size;
	int err;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	err = io_read_file(path, 65536, &stat, &size);
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	open = strchr(stat, '(');
	close = strrchr(stat, ')');
	rec = batch__add(batch, RECORD_PROCESS, sizeof(*rec), time_ns);
	if (!rec)
		return -ENOMEM;
	rec->pid = pid;
	rec->start_ns = start_of(stat);
	if (open && close && close > open) {
		size_t len = (size_t)(close - open) - 1;

		memcpy(rec->comm, open + 1, len < COMM_LEN ? len : COMM_LEN - 1);
	}
	return 0;
}

int proc_scan(uint32_t pid, struct batch *batch)
{
	uint64_t time_ns = now_ns();
	scope_memory char *maps = NULL;
	char path[64], *line, *rest;
	size_t size;
	int err;

	err = scan_identity(pid, time_ns, batch);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	err = io_read_file(path, MAX_MAPS_BYTES, &maps, &size);
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	for (line = strtok_r(maps, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		take_maps_line(line, pid, time_ns, batch);
	return 0;
}

uint32_t proc_of_thread(uint32_t tid)
{
	scope_memory char *status = NULL;
	char path[64], *line;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	if (io_read_file(path, 65536, &status, &size))
		return 0;
	line = strstr(status, "\nTgid:");
	return line ? (uint32_t)strtoul(line + strlen("\nTgid:"), NULL, 10) : 0;
}

/* A leader that has ended is a zombie too while other threads go on: the group ends with the last. */
static bool has_threads_left(uint32_t id)
{
	char path[64];
	struct dirent *entry;
	int cnt = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/task", id);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		cnt += isdigit((unsigned char)entry->d_name[0]) ? 1 : 0;
	if (dir)
		closedir(dir);
	return cnt > 1;
}

bool proc_has_ended(uint32_t id)
{
	scope_memory char *stat = NULL;
	char path[64], *state;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%u/stat", id);
	if (io_read_file(path, 65536, &stat, &size))
		return true;
	state = strrchr(stat, ')');
	return state && (!strncmp(state, ") Z", 3) || !strncmp(state, ") X", 3)) &&
	       !has_threads_left(id);
}

int proc_scan_all(struct batch *batch)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int cnt = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    !proc_scan((uint32_t)strtoul(entry->d_name, NULL, 10), batch))
			cnt++;
	closedir(dir);
	return cnt;
}
