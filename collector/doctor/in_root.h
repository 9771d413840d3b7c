// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Files below a target's root. Links in there, absolute ones too, do not lead out of it. */
#include <stdint.h>
#include <sys/types.h>

int root_open_of(uint32_t pid); /* a descriptor of its root folder, or a negative errno */
/* Give O_NONBLOCK for what may be a FIFO: openat2(2) has it not with O_PATH. */
int in_root_open(int root_fd, const char *path, int flags);
