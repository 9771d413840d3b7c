// SPDX-License-Identifier: Apache-2.0
#include "collector/tables/target_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbolizer/native/elf_file.h"
#include "symbolizer/native/rooted_path.h"

struct target_file target_file_of(const struct binary *binary)
{
	return (struct target_file){ .path = binary->path,
				     .outside = binary->hint_outside,
				     .pid = binary->hint_pid,
				     .start = binary->hint_start,
				     .end = binary->hint_end,
				     .build_id = binary->build_id };
}

static bool same_build_id(int fd, const struct build_id *expected)
{
	scope_free(elf_file) struct elf_file *elf = NULL;
	struct build_id id;

	if (elf_file__open(fd, &elf))
		return false;
	id = elf_file__build_id(elf);
	return id.size == expected->size && !memcmp(id.bytes, expected->bytes, id.size);
}

/* A zombie has no root any more either. */
static bool is_gone(uint32_t pid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/root", pid);
	return access(path, F_OK) && errno == ENOENT;
}

/* Links in it lead nowhere else: a container could have anything read. */
static int open_in_root(const struct target_file *file, int flags)
{
	char link[64], root[4096];
	scope_fd int root_fd = -1;
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%u/root", file->pid);
	root_fd = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
	len = readlink(link, root, sizeof(root) - 1);
	if (root_fd < 0 || len < 0)
		return -errno;
	root[len] = 0;
	return rooted_openat(root_fd, file->outside ? path_below(root, file->path) : file->path,
			     flags);
}

/* O_NONBLOCK: a path may lead to a FIFO by now. */
int target_file__open(const struct target_file *file)
{
	static const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	char path[96];
	int fd, err;

	snprintf(path, sizeof(path), "/proc/%u/map_files/%llx-%llx", file->pid,
		 (unsigned long long)file->start, (unsigned long long)file->end);
	fd = open(path, flags);
	if (fd >= 0)
		return fd;
	fd = open_in_root(file, flags);
	if (fd >= 0)
		return fd;
	err = fd;
	if (is_gone(file->pid))
		err = -ESRCH;
	fd = file->build_id.size ? open(file->path, flags) : -1;
	if (fd < 0)
		return err;
	if (same_build_id(fd, &file->build_id))
		return fd;
	close(fd);
	return err;
}

int target_file__open_root(const struct target_file *file)
{
	struct stat ours, theirs;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/root", file->pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || stat("/", &ours) || fstat(fd, &theirs) ||
	    (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

int binary_reopen(const struct binary *binary)
{
	int fd = open(binary->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (binary->build_id.size ? same_build_id(fd, &binary->build_id) :
				    (binary->inode && !fstat(fd, &st) && st.st_dev == binary->dev &&
				     st.st_ino == binary->inode))
		return fd;
	close(fd);
	return -ESTALE;
}
