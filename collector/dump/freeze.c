// SPDX-License-Identifier: Apache-2.0
/*
 * PTRACE_SEIZE and PTRACE_INTERRUPT: the target sees no signal, and a system call goes on where it was.
 * A tracer that ends lets go of all whom it traces.
 */
#include "collector/dump/freeze.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "common/clock.h"

#define PATIENCE_NS 2000000000ULL /* for a thread to stop */
#define MAX_PASSES 100 /* over threads that go on making threads */
#define STATUS_EVENT_STOP(status) ((status) >> 16 == PTRACE_EVENT_STOP)

struct held {
	pid_t tid;
	bool stopped;
	int signal; /* that it was about to get */
};

struct freeze {
	struct held *held; /* owned */
	size_t cnt;
	size_t room;
};

struct freeze *freeze__new(void)
{
	return calloc(1, sizeof(struct freeze));
}

static bool holds(const struct freeze *f, pid_t tid)
{
	for (size_t i = f->cnt; i--;)
		if (f->held[i].tid == tid)
			return true;
	return false;
}

static int seize(struct freeze *f, pid_t tid)
{
	if (f->cnt == f->room) {
		size_t room = f->room ? f->room * 2 : 64;
		struct held *more = realloc(f->held, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		f->held = more;
		f->room = room;
	}
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL))
		return -errno;
	f->held[f->cnt++] = (struct held){ .tid = tid };
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	return 0;
}

/* Seizes the threads that are new: how many. Those that refuse are about to end, or traced by another. */
static int seize_new(struct freeze *f, uint32_t pid)
{
	struct dirent *entry;
	int cnt = 0, err = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	dir = opendir(path);
	if (!dir)
		return -ESRCH;
	while (!err && (entry = readdir(dir))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (!isdigit((unsigned char)entry->d_name[0]) || holds(f, tid))
			continue;
		err = seize(f, tid);
		if (err == -ESRCH || err == -EPERM)
			err = 0;
		else
			cnt++;
	}
	closedir(dir);
	return err ? err : cnt;
}

static void forget(struct freeze *f, size_t i)
{
	f->held[i] = f->held[--f->cnt];
}

static int wait_stopped(struct freeze *f, size_t i, uint64_t until)
{
	struct timespec nap = { .tv_nsec = 200000 };
	int status;

	while (!f->held[i].stopped) {
		pid_t got = waitpid(f->held[i].tid, &status, __WALL | WNOHANG);

		if (got < 0 || (got && !WIFSTOPPED(status))) {
			forget(f, i);
			return 0;
		}
		if (got) {
			f->held[i].stopped = true;
			f->held[i].signal = STATUS_EVENT_STOP(status) ? 0 : WSTOPSIG(status);
		} else if (now_ns() > until) {
			return -ETIMEDOUT;
		} else {
			nanosleep(&nap, NULL);
		}
	}
	return 0;
}

static int wait_all(struct freeze *f)
{
	uint64_t until = now_ns() + PATIENCE_NS;
	int err = 0;

	for (size_t i = f->cnt; i--;)
		if (wait_stopped(f, i, until))
			err = -ETIMEDOUT;
	return err;
}

int freeze__process(struct freeze *f, uint32_t pid)
{
	size_t before = f->cnt;
	int err = 0, cnt;

	for (int pass = 0; pass < MAX_PASSES; pass++) {
		cnt = seize_new(f, pid);
		if (cnt < 0)
			return cnt;
		if (!cnt)
			break;
		err = wait_all(f);
	}
	return f->cnt == before ? -EPERM : err;
}

void freeze__free(struct freeze *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->cnt; i++)
		ptrace(PTRACE_DETACH, f->held[i].tid, NULL, (void *)(intptr_t)f->held[i].signal);
	free(f->held);
	free(f);
}
