// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/debuglink.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <libdeflate.h>

static int take_name(struct view *v, char *name, size_t size)
{
	const char *text = view_cstr(v);
	size_t len = text ? strlen(text) : 0;

	if (!len || len >= size)
		return -ENODATA;
	memcpy(name, text, len + 1);
	return 0;
}

/* The name, zeros up to a multiple of four, the CRC. */
int debuglink_parse(struct view v, char *name, size_t size, uint32_t *ret_crc)
{
	uint32_t crc;

	if (take_name(&v, name, size) || strchr(name, '/'))
		return -ENODATA;
	view_seek(&v, (v.pos + 3) & ~(size_t)3);
	crc = view_u32(&v);
	if (v.bad)
		return -ENODATA;
	*ret_crc = crc;
	return 0;
}

int debugaltlink_parse(struct view v, char *name, size_t size, struct build_id *ret_id)
{
	size_t left;

	if (take_name(&v, name, size))
		return -ENODATA;
	left = view_left(&v);
	if (!left || left > BUILD_ID_MAX)
		return -ENODATA;
	*ret_id = (struct build_id){ .size = (uint8_t)left };
	memcpy(ret_id->bytes, view_take(&v, left), left);
	return 0;
}

static int read_section(struct elf_file *file, const char *name, struct view *ret_view)
{
	const struct elf_section *s = elf_file__section(file, name);

	return s ? elf_file__section_data(file, s, ret_view) : -ENODATA;
}

int debuglink_read(struct elf_file *file, char *name, size_t size, uint32_t *ret_crc)
{
	struct view v;
	int err = read_section(file, ".gnu_debuglink", &v);

	return err ? err : debuglink_parse(v, name, size, ret_crc);
}

int debugaltlink_read(struct elf_file *file, char *name, size_t size, struct build_id *ret_id)
{
	struct view v;
	int err = read_section(file, ".gnu_debugaltlink", &v);

	return err ? err : debugaltlink_parse(v, name, size, ret_id);
}

int file_crc(int fd, uint32_t *ret_crc)
{
	static const size_t step = 256 << 10;
	scope_memory uint8_t *buf = malloc(step);
	uint32_t crc = 0;
	off_t off = 0;

	if (!buf)
		return -ENOMEM;
	for (;;) {
		ssize_t n = pread(fd, buf, step, off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		crc = libdeflate_crc32(crc, buf, (size_t)n);
		off += n;
	}
	*ret_crc = crc;
	return 0;
}
