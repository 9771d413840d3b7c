// SPDX-License-Identifier: Apache-2.0
#pragma once

/* What the user asked for, checked; made by cli.c from one table, passed on as const. */
#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared/config.h"

#define OPTIONS_MAX_IDS 1024
#define OPTIONS_MAX_DEBUG_DIRS 16

/* --labels */
enum label_flag {
	LABEL_PID = 1,
	LABEL_COMM = 2,
	LABEL_THREAD_COMM = 4,
	LABEL_TID = 8,
	LABEL_CPU = 16,
	LABEL_TIMESTAMP = 32, /* timestamp_ns */
	LABEL_STOP = 64, /* how the walk of the user stack ended */
	LABEL_CLASS = 128, /* what ran: python, native or kernel */
	LABEL_PYTHON_VERSION = 256, /* of a stack with Python frames: "3.11" */
	LABEL_GIL = 512, /* of threads of Python processes: holds, waits or none */
};
#define LABEL_DEFAULT (LABEL_PID | LABEL_COMM | LABEL_THREAD_COMM)

enum report_by {
	REPORT_BY_FUNCTION,
	REPORT_BY_LINE,
	REPORT_BY_FILE,
	REPORT_BY_MODULE,
	REPORT_BY_PROCESS,
	REPORT_BY_THREAD,
};

enum report_view {
	REPORT_TABLE,
	REPORT_LIST,
	REPORT_TREE,
	REPORT_CALLERS,
	REPORT_PEEK,
};

struct event_choice { /* -e: a row of the table in collector/capture/event_table.c */
	const char *name; /* as typed: "cpu-clock", "cache-misses" */
	const char *sample_type; /* in the profile: "cpu", "cache_misses" */
	const char *sample_unit; /* "nanoseconds" or "count" */
	uint32_t perf_type; /* PERF_TYPE_* */
	uint64_t perf_config;
	uint32_t period; /* every so many are sampled, unless -F is given; 0: -F's default is */
};

struct options {
	const char *command_name; /* "record", "replay", "report" */

	/* record: whom */
	bool all; /* -a */
	enum filter_kind filter;
	uint32_t ids[OPTIONS_MAX_IDS]; /* -p or -t */
	uint32_t ids_cnt;
	const char *comm; /* --comm */
	const char *cgroup; /* --cgroup: path below the cgroup v2 mount, or absolute */
	bool no_children;
	char **command; /* after "--"; NULL: none. NULL-terminated, borrowed from argv */

	/* record: what */
	const struct event_choice *event; /* -e */
	uint32_t frequency; /* -F, Hz */
	bool frequency_given;
	uint64_t duration_ns; /* -d; 0: until stopped */
	uint32_t max_depth;
	bool no_kernel;
	bool no_python; /* interpreters are programs like any other */

	/* record, replay: names */
	bool python_internals; /* also the interpreter's own frames between Python frames */
	bool columns; /* of Python source: locations are split by them */
	const char *debug_dirs[OPTIONS_MAX_DEBUG_DIRS]; /* --debug-dir, as often as given */
	uint32_t debug_dir_cnt;
	uint64_t symbol_timeout_ns; /* for the debug information of one file */
	bool no_cache; /* --no-cache */
	bool debuginfod; /* --debuginfod */

	/* dump */
	bool locals; /* --locals */
	bool freeze; /* --stop */

	/* output */
	const char *output; /* -o; "-" is standard output */
	const char *raw; /* --raw */
	uint32_t labels; /* enum label_flag */
	uint32_t verbose; /* -v, or more of them */

	/* replay, report */
	const char *input;
	enum report_by by;
	enum report_view view;
	const char *pattern; /* --list, --peek */
	const char *old; /* --diff */
	const char *sample_type; /* --sample-type; NULL: the profile's default */
	const char *focus; /* regular expressions on names and files of functions and mappings */
	const char *ignore;
	const char *source_path; /* lists of folders with ':' */
	const char *trim_path;
	uint32_t top; /* -n; 0: as many as the view finds fit */
	bool json;

	/* hidden: proofs and benches */
	bool stop_sampled; /* --debug-stop: SIGSTOP the thread just sampled (the oracle's switch) */
	bool copy_all; /* --debug-copy: walk every stack in user space */
	bool no_unwind; /* --debug-no-unwind: what does unwinding cost? */
	uint32_t fault_rate; /* --debug-faults N: fail N of 1,024 map updates and reservations */
};
