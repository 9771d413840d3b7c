// SPDX-License-Identifier: Apache-2.0
#include "collector/own_process.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/sched/types.h>

#include "common/cleanup.h"
#include "common/io.h"

#define SLICE_NS 100000

void own_process__raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

void own_process__wake_soon(void)
{
	struct sched_attr attr;

	if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) || attr.sched_policy)
		return; /* not SCHED_OTHER: the user has chosen */
	attr.sched_runtime = SLICE_NS;
	syscall(SYS_sched_setattr, 0, &attr, 0);
}

uint64_t own_process__peak_rss_kb(void)
{
	scope_memory char *status = NULL;
	const char *line;
	size_t size;

	if (io_read_file("/proc/self/status", 65536, &status, &size))
		return 0;
	line = strstr(status, "\nVmHWM:");
	return line ? strtoull(line + strlen("\nVmHWM:"), NULL, 10) : 0;
}
