// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The files that code is mapped from. A binary is first known by what a mapping record says: a build
 * id, or device and inode, and a path. Opening it (a worker's job) tells the rest; two binaries that
 * turn out to be the same file are then joined: the younger points to the elder.
 */
#include <stdbool.h>
#include <stdint.h>

#include "collector/source/record.h"
#include "common/cleanup.h"

enum binary_kind {
	BINARY_KERNEL, /* id 0: kernel, modules and BPF programs, by address */
	BINARY_ANON, /* id 1: code in no file (JIT), by address */
	BINARY_VDSO, /* id 2 */
	BINARY_FILE,
};
#define BINARY_KERNEL_ID 0
#define BINARY_ANON_ID 1
#define BINARY_VDSO_ID 2

enum binary_state {
	BINARY_NEW, /* nobody asked for it yet */
	BINARY_OPENING, /* a worker has it */
	BINARY_KNOWN, /* identity, build id and segments are known */
	BINARY_FAILED, /* error says why */
};

enum table_state {
	TABLE_NONE, /* not wanted yet */
	TABLE_BUILDING, /* a worker has it */
	TABLE_RESIDENT,
	TABLE_ABSENT, /* the file has no unwind information: frame pointers */
	TABLE_NO_ROOM,
};

struct binary_table; /* collector/tables/residence.h */

struct binary {
	uint32_t id;
	enum binary_kind kind;
	enum binary_state state;
	enum table_state table_state;
	int error; /* BINARY_FAILED */
	int fd; /* -1: closed */
	int root_fd; /* borrowed: the file system it was found in; -1: the host's */
	uint32_t same_as; /* id of the elder; its own otherwise */
	uint32_t run_refs; /* runs of mappings that use the table */
	uint64_t last_used_ns; /* of the table: for dropping */
	struct binary_table *table; /* owned by collector/tables/ */
	char *path; /* as the first mapping named it; owned */
	struct python_file_record *python; /* owned; NULL: nothing to do with Python */
	bool deleted; /* the path leads nowhere by now */
	struct build_id build_id;
	uint64_t dev; /* 0 until opened */
	uint64_t inode;
	int64_t mtime_ns;
	uint64_t size;
	struct elf_segment *segments; /* owned */
	uint32_t segment_cnt;
	uint64_t first_start; /* of the first mapping seen: addresses are rebased on it */
	uint64_t first_off;
	bool mapped; /* first_start and first_off are set */
	uint32_t tries; /* openings that failed though the process was alive */
	/* where a worker may find it */
	uint32_t hint_pid; /* 0: nowhere, until another process maps it */
	bool hint_outside; /* the path is /proc's: as we see it, not as the process does */
	uint64_t hint_start;
	uint64_t hint_end;
};

struct binaries;

struct binaries *binaries__new(void); /* NULL: no memory */
void binaries__free(struct binaries *all);
DEFINE_FREEP(binaries)

void binary__set_hint(struct binary *binary, uint32_t pid, uint64_t start, uint64_t end);
/* The binary that a mapping record means; made when it is new. NULL: no memory. */
struct binary *binaries__of_mapping(struct binaries *all, const struct mmap_record *rec);
struct binary *binaries__at(struct binaries *all, uint32_t id); /* NULL: no such id */
uint32_t binaries__cnt(const struct binaries *all);
/* The eldest that this one was joined with; itself otherwise. */
struct binary *binaries__canonical(struct binaries *all, struct binary *binary);
struct binary *binaries__canonical_at(struct binaries *all, uint32_t id); /* NULL: no such id */

/* Takes over a directory's descriptor; returns the one to use: equal roots are kept once. -1 when there
 * are too many, or for -1. */
int binaries__keep_root(struct binaries *all, int root_fd);

/* Takes over what opening told, and joins the binary with an elder of the same identity. */
void binaries__learn(struct binaries *all, const struct file_record *rec);
void binaries__learn_python(struct binaries *all, const struct python_file_record *rec);
