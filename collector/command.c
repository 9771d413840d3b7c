// SPDX-License-Identifier: Apache-2.0
#include "collector/command.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The gate is closed by a successful exec; what comes through it instead is the reason why not. */
static void run_child(char **argv, int gate_fd)
{
	char go;
	int err;

	if (read(gate_fd, &go, 1) != 1)
		_exit(125); /* the profiler gave up */
	execvp(argv[0], argv);
	err = errno;
	if (write(gate_fd, &err, sizeof(err)) < 0)
		_exit(125);
	_exit(err == ENOENT ? 127 : 126);
}

pid_t command_start(char **argv, int *ret_gate_fd)
{
	int gate[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate))
		return -errno;
	pid = fork();
	if (pid < 0) {
		int err = -errno;

		close(gate[0]);
		close(gate[1]);
		return err;
	}
	if (!pid) {
		close(gate[1]);
		run_child(argv, gate[0]);
	}
	close(gate[0]);
	*ret_gate_fd = gate[1];
	return pid;
}

int command_go(int gate_fd)
{
	ssize_t n = send(gate_fd, "", 1, MSG_NOSIGNAL);
	int err = 0;

	if (n == 1)
		do
			n = read(gate_fd, &err, sizeof(err));
		while (n < 0 && errno == EINTR);
	close(gate_fd);
	return n == sizeof(err) ? -err : 0;
}

int command_exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
