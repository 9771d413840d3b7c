// SPDX-License-Identifier: Apache-2.0
#include "collector/python/process_ids.h"

#include <dirent.h>
#include <stdbool.h>
#include <string.h>

#include "common/io.h"

#define MAX_IDS 32768
#define MAX_STATUS 65536

struct pair {
	uint32_t outer;
	uint32_t inner;
};

struct process_ids {
	uint32_t cnt;
	struct pair pairs[]; /* room for MAX_IDS */
};

/* The last of the line NSpid, which has one id per namespace, ours first. */
static uint32_t inner_id(const char *path)
{
	scope_memory char *status = NULL;
	char *line, *at;
	size_t size;

	if (io_read_file(path, MAX_STATUS, &status, &size))
		return 0;
	line = strstr(status, "\nNSpid:");
	if (!line)
		return 0;
	line++;
	line[strcspn(line, "\n")] = 0;
	at = strrchr(line, '\t');
	return at ? (uint32_t)strtoul(at + 1, NULL, 10) : 0;
}

static bool is_inside(uint32_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	return inner_id(path) != pid;
}

static void add(struct process_ids *ids, uint32_t pid, uint32_t tid, bool inside)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/status", pid, tid);
	ids->pairs[ids->cnt++] = (struct pair){ tid, inside ? inner_id(path) : tid };
}

struct process_ids *process_ids__read(uint32_t pid)
{
	struct process_ids *ids = malloc(sizeof(*ids) + MAX_IDS * sizeof(ids->pairs[0]));
	char path[64];
	bool inside = is_inside(pid);
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	tasks = opendir(path);
	if (!ids || !tasks) {
		free(ids);
		if (tasks)
			closedir(tasks);
		return NULL;
	}
	ids->cnt = 0;
	while (ids->cnt < MAX_IDS && (entry = readdir(tasks)))
		if (*entry->d_name != '.')
			add(ids, pid, (uint32_t)strtoul(entry->d_name, NULL, 10), inside);
	closedir(tasks);
	return ids;
}

void process_ids__free(struct process_ids *ids)
{
	free(ids);
}

uint32_t process_ids__outer(const struct process_ids *ids, uint32_t inner)
{
	for (uint32_t i = 0; i < ids->cnt; i++)
		if (ids->pairs[i].inner == inner)
			return ids->pairs[i].outer;
	return 0;
}
