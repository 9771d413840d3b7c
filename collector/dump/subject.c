// SPDX-License-Identifier: Apache-2.0
#include "collector/dump/subject.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/python/find.h"
#include "common/cleanup.h"
#include "common/io.h"

#define COMMAND_BYTES (2UL << 20) /* the kernel allows no more by default */

/* Arguments with spaces between them; NULL: there are none to be read. */
static char *read_command(uint32_t pid)
{
	scope_memory char *text = NULL;
	char path[64];
	size_t size = 0;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", pid);
	if (io_read_file(path, COMMAND_BYTES, &text, &size) || !size)
		return NULL;
	for (size_t i = 0; i + 1 < size; i++)
		if (!text[i])
			text[i] = ' ';
	return take_ptr(text);
}

static void find_python(struct subject *s, const struct process *process, struct binaries *binaries)
{
	uint64_t base;
	const struct python_interpreter *python = python_interpreter_of(binaries, process, &base);

	if (!python)
		return;
	s->hexversion = python->hexversion;
	s->free_threaded = python->free_threaded;
	s->refusal = python->refusal;
	s->is_python = python_find(binaries, process, &s->python);
}

bool subject__init(struct subject *s, uint32_t pid, struct proc_table *processes,
		   struct binaries *binaries)
{
	const struct process *process = proc_table__find(processes, pid);

	*s = (struct subject){ .pid = pid, .command = read_command(pid) };
	if (process)
		find_python(s, process, binaries);
	if (!s->command)
		s->command = strdup(process && *process->comm ? process->comm : "?");
	return s->is_python || s->refusal;
}

void subject__fini(struct subject *s)
{
	free(s->command);
}

int subject__compare(const void *a, const void *b)
{
	uint32_t x = ((const struct subject *)a)->pid, y = ((const struct subject *)b)->pid;

	return x < y ? -1 : x > y;
}
