// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/kept_key.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <libdeflate.h>

#include "common/io.h"
#include "symbolizer/native/kept_file.h"

struct value_head {
	struct kept_key key;
	uint32_t crc; /* of the value, which follows */
	uint32_t pad;
};

static int64_t ns_of(struct timespec t)
{
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

bool kept_key__of(const struct kept_folder *folder, uint64_t magic, int fd, struct elf_file *file,
		  struct kept_key *ret_key)
{
	struct kept_key key;
	struct stat st;

	if (folder->dir_fd < 0 || !folder->maker.size || fd < 0 || fstat(fd, &st))
		return false;
	memset(&key, 0, sizeof(key));
	key.magic = magic;
	key.dev = st.st_dev;
	key.ino = st.st_ino;
	key.size = (uint64_t)st.st_size;
	key.modified_ns = ns_of(st.st_mtim);
	key.changed_ns = ns_of(st.st_ctim);
	key.maker = folder->maker;
	key.build_id = elf_file__build_id(file);
	memcpy(ret_key, &key, sizeof(key)); /* it is compared, with its padding */
	return key.build_id.size;
}

bool kept_value_read(const struct kept_folder *folder, const struct kept_key *key, const char *kind,
		     void *ret_value, size_t size)
{
	uint64_t kept_size, max = sizeof(struct value_head) + size;
	scope_fd int fd = kept_file_open(folder->dir_fd, &key->build_id, kind, max, &kept_size);
	scope_memory void *value = malloc(size);
	struct value_head head;

	if (fd < 0 || !value || kept_size != max || io_pread_full(fd, &head, sizeof(head), 0) ||
	    io_pread_full(fd, value, size, sizeof(head)))
		return false;
	if (memcmp(&head.key, key, sizeof(*key)) || libdeflate_crc32(0, value, size) != head.crc)
		return false;
	memcpy(ret_value, value, size);
	return true;
}

void kept_value_write(const struct kept_folder *folder, const struct kept_key *key,
		      const char *kind, const void *value, size_t size)
{
	struct value_head head = { .key = *key, .crc = libdeflate_crc32(0, value, size) };
	struct iovec parts[] = { { &head, sizeof(head) }, { (void *)(uintptr_t)value, size } };

	kept_file_write(folder->dir_fd, &key->build_id, kind, parts, 2);
}
