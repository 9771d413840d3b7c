// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/process/maps_parser.h"
#include "collector/process/proc_table.h"
#include "collector/process/stat_parser.h"
#include "common/clock.h"
#include "common/io.h"

#define MAX_MAPS_BYTES (64UL << 20)

/* An executable mapping becomes a record. */
static void take_maps_line(char *text, uint32_t pid, uint64_t time_ns, struct batch *batch)
{
	struct mmap_record *rec;
	struct maps_line line;
	uint32_t path_size;

	if (!maps_line__parse(text, &line) || !line.executable || !strcmp(line.path, "[vsyscall]"))
		return;
	if (!*line.path)
		line.path = "//anon";
	path_size = RECORD_ALIGN((uint32_t)strlen(line.path) + 1);
	rec = batch__add(batch, RECORD_MMAP, sizeof(*rec) + path_size, time_ns);
	if (!rec)
		return;
	rec->start = line.start;
	rec->end = line.end;
	rec->file_off = line.file_off;
	rec->inode = line.inode;
	rec->pid = pid;
	rec->dev_major = line.dev_major;
	rec->dev_minor = line.dev_minor;
	rec->path_size = path_size;
	rec->scanned = 1;
	memcpy(rec + 1, line.path, strlen(line.path));
}

static int scan_identity(uint32_t pid, uint64_t time_ns, struct batch *batch)
{
	struct process_record *rec;
	scope_memory char *text = NULL;
	struct stat_line line;
	char path[64];
	size_t size;
	int err;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	err = io_read_file(path, 65536, &text, &size);
	if (err)
		return err == -ENOENT ? -ESRCH : err;
	if (!stat_line__parse(text, &line))
		return -EBADMSG;
	rec = batch__add(batch, RECORD_PROCESS, sizeof(*rec), time_ns);
	if (!rec)
		return -ENOMEM;
	rec->pid = pid;
	rec->start_ns = line.start_ticks * (1000000000ULL / (unsigned long)sysconf(_SC_CLK_TCK));
	memcpy(rec->comm, line.comm, sizeof(rec->comm));
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
