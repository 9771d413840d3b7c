// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * What is kept of a file is taken for the very file that it was made from (device, inode, size, times of
 * change), by the very program that made it: a build id alone could be claimed by another file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolizer/native/elf_file.h"

struct kept_folder { /* borrowed by whoever asks */
	int dir_fd; /* as in kept_file.h */
	struct build_id maker; /* of the program that runs; size 0: nothing is kept */
};

struct kept_key {
	uint64_t magic; /* of what is kept */
	uint64_t dev;
	uint64_t ino;
	uint64_t size;
	int64_t modified_ns;
	int64_t changed_ns;
	struct build_id maker;
	struct build_id build_id;
	uint8_t pad[6];
};

/* False: nothing is kept of that file. fd: of the file, -1 when it is an image in memory. */
bool kept_key__of(const struct kept_folder *folder, uint64_t magic, int fd, struct elf_file *file,
		  struct kept_key *ret_key);

/* A value of a fixed size, with a checksum. False: it is not there, or not of that key. */
bool kept_value_read(const struct kept_folder *folder, const struct kept_key *key, const char *kind,
		     void *ret_value, size_t size);
void kept_value_write(const struct kept_folder *folder, const struct kept_key *key,
		      const char *kind, const void *value, size_t size);
