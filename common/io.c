// SPDX-License-Identifier: Apache-2.0
#include "common/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/cleanup.h"

int io_read_fd(int fd, size_t max, char **ret_data, size_t *ret_size)
{
	size_t size = 0, room = 4096;
	scope_memory char *data = malloc(room + 1);

	if (!data)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, data + size, room - size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		size += (size_t)n;
		if (size > max)
			return -EFBIG;
		if (size == room) {
			char *more = realloc(data, room * 2 + 1);

			if (!more)
				return -ENOMEM;
			data = more;
			room *= 2;
		}
	}
	data[size] = 0;
	*ret_data = take_ptr(data);
	*ret_size = size;
	return 0;
}

int io_read_file(const char *path, size_t max, char **ret_data, size_t *ret_size)
{
	scope_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return io_read_fd(fd, max, ret_data, ret_size);
}

int io_pread_full(int fd, void *buf, size_t size, unsigned long long off)
{
	char *to = buf;

	if (off > INT64_MAX)
		return -EIO;
	while (size) {
		ssize_t n = pread(fd, to, size, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EIO;
		to += n;
		off += (unsigned long long)n;
		size -= (size_t)n;
	}
	return 0;
}

int io_write_full(int fd, const void *buf, size_t size)
{
	const char *from = buf;

	while (size) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		size -= (size_t)n;
	}
	return 0;
}
