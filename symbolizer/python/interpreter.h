// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Is this ELF file a CPython, which one, and where does it keep what the walk of its frames
 * begins with? Known by the symbols that it exports, never by its name; nothing of it is run.
 * Addresses are "rel": counted from the file's lowest PT_LOAD (elf_file__base_vaddr()); 0: none.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared/python.h"
#include "symbolizer/native/elf_file.h"

enum python_refusal {
	PYTHON_ACCEPTED,
#define REFUSAL(name, text) PYTHON_REFUSED_##name,
#include "symbolizer/python/refusals.def"
#undef REFUSAL
	PYTHON_REFUSAL_CNT,
};

const char *python_refusal_text(enum python_refusal refusal); /* "" when accepted */

struct python_range {
	uint64_t rel;
	uint64_t size;
};

#define PYTHON_EVAL_RANGES 8

struct python_interpreter {
	enum python_refusal refusal; /* if refused, all but the versions may be unset */
	uint32_t hexversion; /* sys.hexversion; 0: not known */
	bool free_threaded;
	struct python_layout layout;
	/* The way from a thread to its PyThreadState, as in struct python_process. */
	uint8_t road; /* enum python_thread_road; the list where no better one was found */
	uint64_t key_rel; /* as key_vaddr there */
	int64_t tls_offset; /* from the fs base, or from what {module, offset} says */
	uint64_t code_type_rel; /* PyCode_Type */
	uint64_t interp_head_rel; /* the pointer to the first interpreter */
	uint64_t current_rel; /* the pointer to the thread state that holds the GIL: up to 3.11 */
	uint64_t gil_rel; /* struct _gil_runtime_state: 3.7 to 3.11; the pointer to a lock: 2.7 */
	uint32_t interp_gil; /* offset of the pointer to it in the interpreter: 3.12 and newer */
	struct python_range runtime; /* _PyRuntime; size 0: not told */
	struct python_range text; /* all code of the file */
	struct python_range eval[PYTHON_EVAL_RANGES]; /* the eval function: its symbol's first */
	uint32_t eval_cnt;
};

/* file: borrowed, of the interpreter or of any other object. -ENOENT: no CPython. 0: it is one,
 * but look at refusal. */
int python_interpreter__inspect(struct elf_file *file, struct python_interpreter *ret_interpreter);
