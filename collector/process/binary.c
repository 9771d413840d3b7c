// SPDX-License-Identifier: Apache-2.0
#include "collector/process/binary.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/hash_rows.h"

#include "collector/process/maps_parser.h"

/* What a mapping record says of a file. The path belongs to it: one build id at two paths may be two
 * files of which one lies about its id; opening tells. */
struct hint {
	UT_hash_handle hh;
	uint32_t binary;
	size_t key_size;
	uint8_t key[]; /* build id or {device, inode}, then the path */
};

/* What opening told. */
struct identity_key {
	uint64_t dev;
	uint64_t inode;
	int64_t mtime_ns;
	uint64_t size;
};

struct identity {
	UT_hash_handle hh;
	struct identity_key key;
	uint32_t binary;
};

/* Files of one build id are one, when their sizes agree as well. */
struct content_key {
	struct build_id build_id;
	uint8_t pad[3];
	uint64_t size;
};

struct content {
	UT_hash_handle hh;
	struct content_key key;
	uint32_t binary;
};

#define MAX_ROOTS 64 /* each pins a container's mounts until naming is done */

struct root {
	dev_t dev;
	ino_t inode;
	int fd; /* owned */
};

struct binaries {
	struct binary **by_id; /* owned */
	uint32_t cnt;
	uint32_t room;
	struct hint *hints; /* owned */
	struct identity *identities; /* owned */
	struct content *contents; /* owned */
	struct root roots[MAX_ROOTS];
	uint32_t root_cnt;
};

static struct binary *add_binary(struct binaries *all, enum binary_kind kind, const char *path)
{
	struct binary *binary = calloc(1, sizeof(*binary));

	if (!binary)
		return NULL;
	if (all->cnt == all->room) {
		uint32_t room = all->room ? all->room * 2 : 64;
		struct binary **more = realloc(all->by_id, room * sizeof(*more));

		if (!more)
			goto err;
		all->by_id = more;
		all->room = room;
	}
	binary->path = strdup(path);
	if (!binary->path)
		goto err;
	binary->kind = kind;
	binary->fd = -1;
	binary->root_fd = -1;
	binary->id = all->cnt;
	binary->same_as = binary->id;
	all->by_id[all->cnt++] = binary;
	return binary;
err:
	free(binary);
	return NULL;
}

static void binary_free(struct binary *binary)
{
	if (binary->fd >= 0)
		close(binary->fd);
	free(binary->segments);
	free(binary->python);
	free(binary->path);
	free(binary);
}

struct binaries *binaries__new(void)
{
	scope_free(binaries) struct binaries *all = calloc(1, sizeof(*all));

	if (!all || !add_binary(all, BINARY_KERNEL, "[kernel.kallsyms]_text") ||
	    !add_binary(all, BINARY_ANON, "[jit]") || !add_binary(all, BINARY_VDSO, "[vdso]"))
		return NULL;
	all->by_id[BINARY_KERNEL_ID]->state = BINARY_KNOWN;
	all->by_id[BINARY_ANON_ID]->state = BINARY_KNOWN;
	all->by_id[BINARY_ANON_ID]->table_state = TABLE_ABSENT;
	return take_ptr(all);
}

void binaries__free(struct binaries *all)
{
	if (!all)
		return;
	for (uint32_t i = 0; i < all->cnt; i++)
		binary_free(all->by_id[i]);
	for (uint32_t i = 0; i < all->root_cnt; i++)
		close(all->roots[i].fd);
	HASH_FREE_ALL(all->hints, hint);
	HASH_FREE_ALL(all->identities, identity);
	HASH_FREE_ALL(all->contents, content);
	free(all->by_id);
	free(all);
}

struct binary *binaries__at(struct binaries *all, uint32_t id)
{
	return id < all->cnt ? all->by_id[id] : NULL;
}

int binaries__keep_root(struct binaries *all, int root_fd)
{
	struct stat st;

	if (root_fd < 0 || fstat(root_fd, &st))
		return -1;
	for (uint32_t i = 0; i < all->root_cnt; i++)
		if (all->roots[i].dev == st.st_dev && all->roots[i].inode == st.st_ino) {
			close(root_fd);
			return all->roots[i].fd;
		}
	if (all->root_cnt == MAX_ROOTS) {
		close(root_fd);
		return -1;
	}
	all->roots[all->root_cnt++] = (struct root){ st.st_dev, st.st_ino, root_fd };
	return root_fd;
}

uint32_t binaries__cnt(const struct binaries *all)
{
	return all->cnt;
}

struct binary *binaries__canonical(struct binaries *all, struct binary *binary)
{
	while (binary->same_as != binary->id)
		binary = all->by_id[binary->same_as];
	return binary;
}

struct binary *binaries__canonical_at(struct binaries *all, uint32_t id)
{
	struct binary *binary = binaries__at(all, id);

	return binary ? binaries__canonical(all, binary) : NULL;
}

static bool is_anonymous(const struct mmap_record *rec)
{
	const char *path = mmap_record_path(rec);

	if (path[0] == '/' && path[1] != '/')
		return !strncmp(path, "/dev/zero", 9) || !strncmp(path, "/SYSV", 5) ||
		       !strncmp(path, "/memfd:", 7) || !strncmp(path, "/anon_hugepage", 14);
	return true;
}

static struct hint *make_hint(const struct mmap_record *rec)
{
	const char *path = mmap_record_path(rec);
	size_t path_len = strlen(path);
	struct hint *hint = calloc(1, sizeof(*hint) + sizeof(struct build_id) + 16 + path_len);
	uint8_t *to;

	if (!hint)
		return NULL;
	to = hint->key;
	if (rec->build_id.size) {
		memcpy(to, &rec->build_id, sizeof(rec->build_id));
		to += sizeof(rec->build_id);
	} else {
		memcpy(to, &rec->dev_major, 4);
		memcpy(to + 4, &rec->dev_minor, 4);
		memcpy(to + 8, &rec->inode, 8);
		to += 16;
	}
	memcpy(to, path, path_len);
	hint->key_size = (size_t)(to - hint->key) + path_len;
	return hint;
}

static struct binary *add_file(struct binaries *all, const struct mmap_record *rec)
{
	struct binary *binary = add_binary(all, BINARY_FILE, mmap_record_path(rec));

	if (!binary)
		return NULL;
	binary->deleted = maps_path__cut_deleted(binary->path);
	binary->build_id = rec->build_id;
	return binary;
}

static struct binary *of_file(struct binaries *all, const struct mmap_record *rec)
{
	struct hint *hint = make_hint(rec), *known;
	struct binary *binary;

	if (!hint)
		return NULL;
	HASH_FIND(hh, all->hints, hint->key, hint->key_size, known);
	if (known) {
		free(hint);
		return all->by_id[known->binary];
	}
	binary = add_file(all, rec);
	if (!binary) {
		free(hint);
		return NULL;
	}
	hint->binary = binary->id;
	HASH_ADD_KEYPTR(hh, all->hints, hint->key, hint->key_size, hint);
	return binary;
}

void binary__set_hint(struct binary *binary, uint32_t pid, uint64_t start, uint64_t end)
{
	binary->hint_pid = pid;
	binary->hint_start = start;
	binary->hint_end = end;
}

struct binary *binaries__of_mapping(struct binaries *all, const struct mmap_record *rec)
{
	struct binary *binary;

	if (!strcmp(mmap_record_path(rec), "[vdso]"))
		binary = all->by_id[BINARY_VDSO_ID];
	else if (is_anonymous(rec))
		return all->by_id[BINARY_ANON_ID];
	else
		binary = of_file(all, rec);
	if (binary && !binary->mapped) {
		binary->first_start = rec->start;
		binary->first_off = rec->file_off;
		binary->mapped = true;
	}
	/* the newest process is the likeliest to be alive when a worker looks */
	if (binary && binary->state == BINARY_NEW) {
		binary__set_hint(binary, rec->pid, rec->start, rec->end);
		binary->hint_outside = rec->scanned;
	}
	return binary;
}

static void join_by_identity(struct binaries *all, struct binary *binary)
{
	struct identity_key key = { binary->dev, binary->inode, binary->mtime_ns, binary->size };
	struct identity *known;

	HASH_FIND(hh, all->identities, &key, sizeof(key), known);
	if (known) {
		binary->same_as = binaries__canonical(all, all->by_id[known->binary])->id;
		return;
	}
	known = calloc(1, sizeof(*known));
	if (!known)
		return;
	known->key = key;
	known->binary = binary->id;
	HASH_ADD(hh, all->identities, key, sizeof(key), known);
}

static void join_by_content(struct binaries *all, struct binary *binary)
{
	struct content_key key = { .build_id = binary->build_id, .size = binary->size };
	struct content *known;

	if (!binary->build_id.size || binary->same_as != binary->id)
		return;
	HASH_FIND(hh, all->contents, &key, sizeof(key), known);
	if (known) {
		binary->same_as = binaries__canonical(all, all->by_id[known->binary])->id;
		return;
	}
	known = calloc(1, sizeof(*known));
	if (!known)
		return;
	known->key = key;
	known->binary = binary->id;
	HASH_ADD(hh, all->contents, key, sizeof(key), known);
}

static void take_segments(struct binary *binary, const struct file_record *rec)
{
	size_t bytes = rec->segment_cnt * sizeof(struct elf_segment);

	binary->segments = malloc(bytes ? bytes : 1);
	if (!binary->segments)
		return;
	memcpy(binary->segments, rec + 1, bytes);
	binary->segment_cnt = rec->segment_cnt;
}

void binaries__learn(struct binaries *all, const struct file_record *rec)
{
	struct binary *binary = binaries__at(all, rec->binary);

	if (!binary || binary->state == BINARY_KNOWN)
		return;
	if (rec->error) {
		binary->state = BINARY_FAILED;
		binary->error = rec->error;
		return;
	}
	binary->state = BINARY_KNOWN;
	binary->dev = rec->dev;
	binary->inode = rec->inode;
	binary->mtime_ns = rec->mtime_ns;
	binary->size = rec->size;
	if (rec->build_id.size)
		binary->build_id = rec->build_id;
	take_segments(binary, rec);
	if (binary->kind != BINARY_FILE)
		return;
	join_by_identity(all, binary);
	join_by_content(all, binary);
}

void binaries__learn_python(struct binaries *all, const struct python_file_record *rec)
{
	struct binary *binary = binaries__canonical_at(all, rec->binary);

	if (!binary || binary->python)
		return;
	binary->python = malloc(rec->h.size);
	if (binary->python)
		memcpy(binary->python, rec, rec->h.size);
}
