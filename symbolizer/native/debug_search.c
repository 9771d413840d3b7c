// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/debug_search.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "symbolizer/native/debuglink.h"
#include "symbolizer/native/rooted_path.h"

#define USR_LIB_DEBUG "/usr/lib/debug"

struct hunt { /* one search under way */
	const struct debug_search *search;
	struct build_id build_id; /* that the file must have; size 0: not known */
	bool check_crc;
	uint32_t crc;
	struct debug_file *found;
	struct debug_refusal *refusal;
};

void build_id_to_hex(const struct build_id *id, char to[2 * BUILD_ID_MAX + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < id->size; i++) {
		to[2 * i] = digits[id->bytes[i] >> 4];
		to[2 * i + 1] = digits[id->bytes[i] & 15];
	}
	to[2 * id->size] = 0;
}

/* Told once; not of a host's file that only happens to have the name of a container's. */
static void refuse(const struct hunt *h, int root_fd, const char *path, const char *reason)
{
	if (*h->refusal->path || (h->search->root_fd >= 0 && root_fd < 0))
		return;
	snprintf(h->refusal->path, sizeof(h->refusal->path), "%s", path);
	h->refusal->reason = reason;
}

static const char *why_not(const struct hunt *h, int fd)
{
	scope_free(elf_file) struct elf_file *file = NULL;
	struct build_id id;
	uint32_t crc;

	if (elf_file__open(fd, &file))
		return "it is no ELF file";
	id = elf_file__build_id(file);
	if (h->build_id.size && id.size &&
	    (id.size != h->build_id.size || memcmp(id.bytes, h->build_id.bytes, id.size)))
		return "its build id differs";
	if (h->build_id.size && !id.size && !h->check_crc)
		return "it has no build id";
	if (h->check_crc && (file_crc(fd, &crc) || crc != h->crc))
		return "its CRC differs from the one in .gnu_debuglink";
	return NULL;
}

static bool try_path(const struct hunt *h, int root_fd, const char *path)
{
	int fd = rooted_open(root_fd, path);
	const char *reason;

	if (fd < 0)
		return false;
	reason = why_not(h, fd);
	if (reason) {
		refuse(h, root_fd, path, reason);
		close(fd);
		return false;
	}
	h->found->fd = fd;
	h->found->root_fd = root_fd;
	snprintf(h->found->path, sizeof(h->found->path), "%s", path);
	return true;
}

static bool try_format(const struct hunt *h, int root_fd, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static bool try_format(const struct hunt *h, int root_fd, const char *format, ...)
{
	char path[DEBUG_PATH_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	return n > 0 && (size_t)n < sizeof(path) && try_path(h, root_fd, path);
}

static bool try_build_id(const struct hunt *h, int root_fd, const char *dir)
{
	char hex[2 * BUILD_ID_MAX + 1];

	if (h->build_id.size < 2)
		return false;
	build_id_to_hex(&h->build_id, hex);
	return try_format(h, root_fd, "%s/.build-id/%.2s/%s.debug", dir, hex, hex + 2);
}

/* In each root: the target's, if it has one of its own, then the host's. */
static bool by_build_id(const struct hunt *h)
{
	const struct debug_search *s = h->search;

	if ((s->root_fd >= 0 && try_build_id(h, s->root_fd, USR_LIB_DEBUG)) ||
	    try_build_id(h, -1, USR_LIB_DEBUG))
		return true;
	for (uint32_t i = 0; i < s->dir_cnt; i++)
		if (try_build_id(h, -1, s->dirs[i]))
			return true;
	return false;
}

static bool try_link(const struct hunt *h, int root_fd, const char *dir, int dir_len,
		     const char *link)
{
	return try_format(h, root_fd, "%.*s/%s", dir_len, dir, link) ||
	       try_format(h, root_fd, "%.*s/.debug/%s", dir_len, dir, link) ||
	       try_format(h, root_fd, USR_LIB_DEBUG "%.*s/%s", dir_len, dir, link);
}

static bool by_link(const struct hunt *h, const char *path, const char *link)
{
	const struct debug_search *s = h->search;
	const char *slash = strrchr(path, '/');
	int dir_len = slash ? (int)(slash - path) : 0;

	if ((s->root_fd >= 0 && try_link(h, s->root_fd, path, dir_len, link)) ||
	    try_link(h, -1, path, dir_len, link))
		return true;
	for (uint32_t i = 0; i < s->dir_cnt; i++)
		if (try_format(h, -1, "%s/%s", s->dirs[i], link) ||
		    try_format(h, -1, "%s%.*s/%s", s->dirs[i], dir_len, path, link))
			return true;
	return false;
}

static bool fetch(const struct hunt *h)
{
	char hex[2 * BUILD_ID_MAX + 1];
	int fd;

	if (!h->search->fetch || h->build_id.size < 2)
		return false;
	build_id_to_hex(&h->build_id, hex);
	fd = h->search->fetch(h->search->fetch_ctx, hex);
	if (fd < 0)
		return false;
	snprintf(h->found->path, sizeof(h->found->path), "debuginfod:%s", hex);
	h->found->fd = fd;
	h->found->root_fd = -1;
	return true;
}

int debug_search__find(const struct debug_search *search, struct elf_file *file, const char *path,
		       struct debug_file *ret_found, struct debug_refusal *refusal)
{
	struct hunt h = { .search = search,
			  .build_id = elf_file__build_id(file),
			  .found = ret_found,
			  .refusal = refusal };
	char link[256];

	if (by_build_id(&h))
		return 0;
	if (!debuglink_read(file, link, sizeof(link), &h.crc)) {
		h.check_crc = true;
		if (by_link(&h, path, link))
			return 0;
	}
	return fetch(&h) ? 0 : -ENOENT;
}

static bool by_alt_name(const struct hunt *h, const struct debug_file *of, const char *name)
{
	const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	char path[DEBUG_PATH_MAX];

	if (!path_beside(of->path, name, path, sizeof(path)) && *path == '/' &&
	    try_path(h, of->root_fd, path))
		return true;
	for (uint32_t i = 0; i < h->search->dir_cnt; i++)
		if (try_format(h, -1, "%s/.dwz/%s", h->search->dirs[i], base))
			return true;
	return false;
}

int debug_search__find_alt(const struct debug_search *search, struct elf_file *file,
			   const struct debug_file *of, struct debug_file *ret_found,
			   struct debug_refusal *refusal)
{
	struct hunt h = { .search = search, .found = ret_found, .refusal = refusal };
	char name[DEBUG_PATH_MAX];
	int err = debugaltlink_read(file, name, sizeof(name), &h.build_id);

	if (err)
		return err;
	return by_alt_name(&h, of, name) || by_build_id(&h) || fetch(&h) ? 0 : -ENOENT;
}

static int open_in_roots(const struct debug_search *search, const char *path)
{
	int fd = search->root_fd >= 0 ? rooted_open(search->root_fd, path) : -ENOENT;

	return fd >= 0 ? fd : rooted_open(-1, path);
}

int debug_search__open_split(const struct debug_search *search, const char *file_path,
			     const char *comp_dir, const char *name)
{
	const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
	char path[DEBUG_PATH_MAX];
	int n = *name == '/' ? snprintf(path, sizeof(path), "%s", name) :
			       snprintf(path, sizeof(path), "%s/%s", comp_dir, name);
	int fd = n > 0 && (size_t)n < sizeof(path) && *path == '/' ? open_in_roots(search, path) :
								     -ENOENT;

	if (fd >= 0)
		return fd;
	/* moved together with the program */
	return path_beside(file_path, base, path, sizeof(path)) || *path != '/' ?
		       -ENOENT :
		       open_in_roots(search, path);
}

int debug_search__open_package(const struct debug_search *search, const char *file_path)
{
	char path[DEBUG_PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s.dwp", file_path);

	return n > 0 && (size_t)n < sizeof(path) ? open_in_roots(search, path) : -ENAMETOOLONG;
}
