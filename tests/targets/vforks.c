// SPDX-License-Identifier: Apache-2.0
/* Starts children by vfork, which keeps its return address in a register over the system call, for three
 * seconds. */
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

__attribute__((noipa)) static void start_and_wait(void)
{
	pid_t pid = vfork();

	if (!pid)
		_exit(0);
	waitpid(pid, 0, 0);
}

int main(void)
{
	time_t end = time(0) + 3;

	while (time(0) < end)
		start_and_wait();
}
