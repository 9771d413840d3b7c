// SPDX-License-Identifier: Apache-2.0
#include "collector/profile/debuginfod.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/log.h"

#define CLIENT "debuginfod-find"
#define QUIET_S "5" /* a server that sends nothing for so long is left */
#define SLOW_NS 4500000000ULL /* for a no: nobody answers */
#define PROGRESS_NS 1000000000ULL

struct client {
	pid_t pid;
	int out_fd; /* owned */
	uint64_t started_ns;
	bool shown;
};

static int give_up(struct debuginfod *d, const char *why)
{
	d->given_up = true;
	log_warn("debuginfod: %s, going on without", why);
	return -ENOENT;
}

static int start(const char *hex, struct client *c)
{
	char program[] = CLIENT, kind[] = "debuginfo";
	char *const args[] = { program, kind, (char *)(uintptr_t)hex, NULL };
	posix_spawn_file_actions_t actions;
	int fds[2], err;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	setenv("DEBUGINFOD_TIMEOUT", QUIET_S, 0);
	setenv("DEBUGINFOD_RETRY_LIMIT", "1", 0);
	err = posix_spawnp(&c->pid, CLIENT, &actions, NULL, args, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	if (err) {
		close(fds[0]);
		return -err;
	}
	c->out_fd = fds[0];
	c->started_ns = now_ns();
	return 0;
}

static void show_progress(struct client *c, const char *hex)
{
	uint64_t took = now_ns() - c->started_ns;

	if (took < PROGRESS_NS || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\rsonde: asking debuginfod for %.12s, %.0f s ", hex, (double)took / 1e9);
	fflush(stderr);
	c->shown = true;
}

/* The path that the client prints; false: it took too long. */
static bool read_path(struct client *c, const char *hex, char *path, size_t size)
{
	size_t len = 0;

	while (now_ns() - c->started_ns < DEBUGINFOD_MAX_NS) {
		struct pollfd p = { c->out_fd, POLLIN, 0 };
		ssize_t n;

		show_progress(c, hex);
		if (poll(&p, 1, 250) <= 0)
			continue;
		n = read(c->out_fd, path + len, size - 1 - len);
		if (n <= 0) {
			path[len] = 0;
			path[strcspn(path, "\n")] = 0;
			return true;
		}
		len += (size_t)n;
	}
	return false;
}

static int finish(struct debuginfod *d, struct client *c, bool in_time)
{
	int status = 0;

	if (!in_time)
		kill(c->pid, SIGKILL);
	close(c->out_fd);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (c->shown)
		fputc('\n', stderr);
	if (!in_time)
		return give_up(d, "a file took more than a minute");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return give_up(d, CLIENT " is not installed (package debuginfod)");
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (now_ns() - c->started_ns > SLOW_NS)
		return give_up(d, "the servers do not answer");
	return -ENOENT;
}

int debuginfod_fetch(void *ctx, const char *hex)
{
	struct debuginfod *d = ctx;
	struct client c = { 0 };
	char path[4096];
	int err, fd;

	if (d->given_up)
		return -ENOENT;
	if (!getenv("DEBUGINFOD_URLS"))
		return give_up(d, "set DEBUGINFOD_URLS to the servers to ask");
	err = start(hex, &c);
	if (err)
		return give_up(d, err == -ENOENT ? CLIENT " is not installed (package debuginfod)" :
						   strerror(-err));
	err = finish(d, &c, read_path(&c, hex, path, sizeof(path)));
	if (err)
		return err;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	d->fetched++;
	return fd;
}
