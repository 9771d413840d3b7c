// SPDX-License-Identifier: Apache-2.0
/* Signal handlers: on the thread's stack, on an alternate one, and one inside the other. */
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "threads.h"

static void send_self(int sig)
{
	syscall(SYS_tgkill, getpid(), (int)syscall(SYS_gettid), sig);
}

__attribute__((noipa)) static void handler_work(int depth)
{
	if (depth)
		handler_work(depth - 1);
	else
		spin(3000);
	sink++;
}

static void on_usr1(int sig)
{
	handler_work(3);
	if (sink % 2)
		send_self(SIGUSR2);
	sink += (unsigned long)sig;
}

static void on_usr2(int sig)
{
	handler_work(5);
	sink += (unsigned long)sig;
}

static void busy_setup(void)
{
	stack_t stack = { .ss_size = 65536 };
	struct sigaction here = { .sa_handler = on_usr2 };
	struct sigaction other = { .sa_handler = on_usr1, .sa_flags = SA_ONSTACK };

	stack.ss_sp = malloc(stack.ss_size);
	sigaltstack(&stack, 0);
	sigaction(SIGUSR1, &other, 0);
	sigaction(SIGUSR2, &here, 0);
}

__attribute__((noipa)) static int compare(const void *a, const void *b)
{
	if (sink % 4 == 0)
		send_self(SIGUSR1);
	spin(200);
	return *(const int *)a - *(const int *)b;
}

static void busy_once(unsigned int seed)
{
	int values[16];

	for (int i = 0; i < 16; i++)
		values[i] = (int)(seed * 31 + (unsigned int)i * 17) % 19;
	qsort(values, 16, sizeof(*values), compare);
	send_self(SIGUSR2);
}
