// SPDX-License-Identifier: Apache-2.0
#include "collector/output/pprof_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <zlib.h>

static int fault(const char **ret_why, int err, const char *why)
{
	*ret_why = why ? why : strerror(-err);
	return err;
}

/* gzread() takes plain files as they are. */
static int read_all(gzFile file, uint8_t **ret_data, size_t *ret_size, const char **ret_why)
{
	scope_memory uint8_t *data = NULL;
	size_t size = 0, room = 1 << 16;
	int n;

	do {
		uint8_t *more;

		if (size == room)
			room *= 2;
		more = realloc(data, room);
		if (!more)
			return fault(ret_why, -ENOMEM, NULL);
		data = more;
		n = gzread(file, data + size, (unsigned int)(room - size));
		if (n < 0)
			return fault(ret_why, -EBADMSG, "the gzip'd data is damaged");
		size += (size_t)n;
		if (size > PPROF_MAX_BYTES)
			return fault(ret_why, -EFBIG, "more than 512 MB unpacked");
	} while (n);
	*ret_data = take_ptr(data);
	*ret_size = size;
	return 0;
}

static int open_file(const char *path, gzFile *ret_file, const char **ret_why)
{
	scope_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	gzFile file = NULL;

	if (fd < 0 || fstat(fd, &st))
		return fault(ret_why, -errno, NULL);
	if (S_ISDIR(st.st_mode))
		return fault(ret_why, -EISDIR, NULL);
	file = gzdopen(fd, "rb");
	if (!file)
		return fault(ret_why, -ENOMEM, NULL);
	take_fd(&fd);
	*ret_file = file;
	return 0;
}

int pprof_read(const char *path, struct profile **ret_profile, const char **ret_why)
{
	scope_memory uint8_t *data = NULL;
	size_t size;
	gzFile file = NULL;
	int err = open_file(path, &file, ret_why);

	if (err)
		return err;
	err = read_all(file, &data, &size, ret_why);
	if (gzclose(file) && !err) /* Z_BUF_ERROR: the file ends inside a gzip stream */
		err = fault(ret_why, -EBADMSG, "the gzip'd data is cut short");
	return err ? err : pprof_decode(data, size, ret_profile, ret_why);
}
