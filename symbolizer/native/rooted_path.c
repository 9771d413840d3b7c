// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/rooted_path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

int rooted_openat(int root_fd, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned int)(flags | O_CLOEXEC),
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int open_any(int root_fd, const char *path)
{
	int fd = root_fd < 0 ? open(path, FLAGS) : rooted_openat(root_fd, path, FLAGS);

	return root_fd < 0 && fd < 0 ? -errno : fd;
}

int rooted_open(int root_fd, const char *path)
{
	int fd = open_any(root_fd, path);
	struct stat st;

	if (fd < 0)
		return fd;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

const char *path_below(const char *root, const char *path)
{
	size_t len = strlen(root);

	return len > 1 && !strncmp(path, root, len) && path[len] == '/' ? path + len : path;
}

int path_beside(const char *path, const char *name, char *to, unsigned long size)
{
	const char *slash = strrchr(path, '/');
	int len = *name == '/' || !slash ? 0 : (int)(slash - path) + 1;
	int n = snprintf(to, size, "%.*s%s", len, path, name);

	return n < 0 || (unsigned long)n >= size ? -ENAMETOOLONG : 0;
}
