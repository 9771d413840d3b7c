// SPDX-License-Identifier: Apache-2.0
#include "collector/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_child(char **argv, int gate_fd)
{
	char go;

	if (read(gate_fd, &go, 1) != 1)
		_exit(125); /* the profiler gave up */
	close(gate_fd);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	fprintf(stderr, "sonde: %s: %s\n", argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

pid_t command_start(char **argv, int *ret_gate_fd)
{
	int gate[2];
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		close(gate[1]);
		run_child(argv, gate[0]);
	}
	close(gate[0]);
	*ret_gate_fd = gate[1];
	return pid;
}

void command_go(int gate_fd)
{
	if (write(gate_fd, "", 1) < 0)
		perror("sonde: starting the command");
	close(gate_fd);
}

int command_exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
