// SPDX-License-Identifier: Apache-2.0
#include "collector/cache_dir.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

static int home_dir(char *to, size_t size)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && *xdg == '/')
		return snprintf(to, size, "%s", xdg);
	return home && *home == '/' ? snprintf(to, size, "%s/.cache", home) : -1;
}

static int cache_dir_open(void)
{
	char path[4096];
	int n = home_dir(path, sizeof(path) - sizeof("/sonde")), fd;
	struct stat st;

	if (n < 0 || (size_t)n >= sizeof(path) - sizeof("/sonde"))
		return -1;
	mkdir(path, 0700);
	snprintf(path + n, sizeof(path) - (size_t)n, "/sonde");
	mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	/* under sudo the home may be another user's, who must not lead us elsewhere */
	if (!fstat(fd, &st) && st.st_uid == geteuid() && !(st.st_mode & 022))
		return fd;
	close(fd);
	return -1;
}

struct kept_folder kept_folder_open(bool none)
{
	struct kept_folder folder = { .dir_fd = none ? -1 : cache_dir_open() };
	scope_fd int self = folder.dir_fd < 0 ? -1 : open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	scope_free(elf_file) struct elf_file *file = NULL;

	if (self >= 0 && !elf_file__open(self, &file))
		folder.maker = elf_file__build_id(file);
	return folder;
}
