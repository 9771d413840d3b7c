// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * The records that everything behind the rings lives on, in order of time. SAMPLE and WANTED come
 * from BPF (bpf/shared/event.h); the rest is made from perf's records, from /proc and from what
 * opening a file told. A file of these records (record --raw) gives the same profile again.
 */
#include "bpf/shared/event.h"
#include "bpf/shared/python.h"
#include "bpf/shared/stop.h"
#include "symbolizer/native/elf_file.h"
#include "symbolizer/python/copies.h"
#include "symbolizer/python/interpreter.h"

enum user_record_type {
	RECORD_HOST = RECORD_USER_FIRST, /* first: text of key=value lines */
	RECORD_PROCESS, /* found in /proc */
	RECORD_FORK,
	RECORD_COMM,
	RECORD_MMAP,
	RECORD_EXIT,
	RECORD_LOST, /* a ring of perf's overflowed */
	RECORD_FILE, /* what opening a binary told */
	RECORD_VDSO, /* the image */
	RECORD_KALLSYMS, /* text */
	RECORD_WALKED, /* the stack of a COPY record */
	RECORD_COUNTERS,
	RECORD_END,
	RECORD_PYTHON_FILE, /* a binary is a CPython, or the C library that keeps its threads' states */
	RECORD_PYTHON_THREAD, /* the name that a Python program gave to a thread, from now on */
	RECORD_GONE, /* a process: no sample of it follows, and none waits for its walk */
	RECORD_TYPE_END,
};

struct process_record { /* RECORD_PROCESS */
	struct record_header h;
	uint64_t start_ns; /* since boot, whole clock ticks */
	uint32_t pid;
	uint32_t pad;
	char comm[COMM_LEN];
};

struct fork_record { /* RECORD_FORK: a new process, not a thread */
	struct record_header h;
	uint32_t pid;
	uint32_t parent_pid;
};

struct comm_record { /* RECORD_COMM */
	struct record_header h;
	uint32_t pid;
	uint32_t tid;
	uint32_t exec; /* an exec: all mappings before are gone */
	uint32_t pad;
	char comm[COMM_LEN];
};

struct mmap_record { /* RECORD_MMAP: executable only */
	struct record_header h;
	uint64_t start;
	uint64_t end;
	uint64_t file_off;
	uint64_t inode; /* 0 where a build id is given instead */
	uint32_t pid;
	uint32_t dev_major;
	uint32_t dev_minor;
	struct build_id build_id;
	uint8_t pad[3];
	uint32_t path_size; /* bytes of the path behind, with its NUL, rounded up to 8 */
	uint32_t scanned; /* 1: found in /proc, 0: seen when it was mapped */
};

struct exit_record { /* RECORD_EXIT: of a thread */
	struct record_header h;
	uint32_t pid;
	uint32_t tid;
};

struct gone_record { /* RECORD_GONE */
	struct record_header h;
	uint32_t pid;
	uint32_t pad;
};

struct lost_record { /* RECORD_LOST */
	struct record_header h;
	uint64_t cnt;
};

struct file_record { /* RECORD_FILE */
	struct record_header h;
	uint32_t binary; /* id: binaries are numbered in the order in which records name them */
	int32_t error; /* negative errno: could not be opened */
	uint64_t dev;
	uint64_t inode;
	int64_t mtime_ns;
	uint64_t size;
	struct build_id build_id;
	uint8_t pad[3];
	uint32_t segment_cnt; /* struct elf_segment behind */
	uint32_t pad2;
};

struct walked_record { /* RECORD_WALKED */
	struct record_header h;
	uint64_t id; /* of the COPY: they are numbered in the order in which they come */
	uint16_t stop; /* enum stop_reason */
	uint16_t user_words;
	uint32_t pad;
	/* user_words words follow */
};

struct counters_record { /* RECORD_COUNTERS: sums over CPUs at the end */
	struct record_header h;
	struct counts counts;
};

struct end_record { /* RECORD_END */
	struct record_header h;
	uint64_t duration_ns;
};

struct python_file_record { /* RECORD_PYTHON_FILE */
	struct record_header h;
	uint32_t binary; /* id */
	uint8_t is_python; /* interpreter holds; also where it is refused */
	uint8_t musl;
	uint16_t specific; /* of a C library: as in struct python_process; 0: none */
	struct python_interpreter interpreter;
	struct python_copies copies; /* of another file's data; all 0 in an interpreter */
};

struct python_thread_record { /* RECORD_PYTHON_THREAD */
	struct record_header h;
	uint32_t pid;
	uint32_t tid;
	uint32_t name_size; /* bytes of the name behind, with its NUL, rounded up to 8 */
	uint32_t pad;
};

#define RECORD_ALIGN(size) (((size) + 7) & ~(__typeof__(size))7)
#define RECORD_MAX_SIZE (64U << 20) /* kallsyms is the largest */

static inline const char *mmap_record_path(const struct mmap_record *rec)
{
	return (const char *)(rec + 1);
}

static inline const char *python_thread_record_name(const struct python_thread_record *rec)
{
	return (const char *)(rec + 1);
}

typedef void (*record_fn)(void *ctx, const struct record_header *rec);

/* True when a record from a foreign file holds what its type promises: sizes, counts, NULs. */
bool record_valid(const struct record_header *rec);
