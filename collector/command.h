// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The command after "--": started stopped, let go when sampling runs. */
#include <sys/types.h>

/* Its process id; it waits until command_go(). Negative errno on failure. */
pid_t command_start(char **argv, int *ret_gate_fd);
/* 0: it runs. A negative errno: exec refused it, and it ends with a shell's status for that. */
int command_go(int gate_fd);
/* A shell's exit status of what waitpid() gave. */
int command_exit_status(int status);
