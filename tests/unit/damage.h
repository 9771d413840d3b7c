// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Files that something has gone wrong with. */
#include <fcntl.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static inline void flip_byte(const char *path, off_t off)
{
	int fd = open(path, O_RDWR);
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, off), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, off), 1);
	close(fd);
}
