// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Two facts per file that a process has code of: will it unwind, will it be named? */
#include <stdbool.h>

#include "collector/doctor/code.h"
#include "collector/doctor/fact.h"
#include "collector/doctor/owner.h"
#include "symbolizer/native/debug_search.h"
#include "symbolizer/python/interpreter.h"

struct file_view {
	const char *path; /* as the process sees it; borrowed */
	int error; /* negative errno: it could not be opened */
	bool deleted; /* since it was mapped */
	bool of_frames; /* the code is that of a profile's frames */
	struct code_view code;
	bool is_python; /* python holds */
	struct python_interpreter python;
	char package[PACKAGE_LEN]; /* "" : not known */
	char debug_file[256]; /* with its debug information; "": not found */
	char refused[256]; /* a debug file that does not belong to it; "": none */
	const char *refused_for; /* the reason */
};

/* Looks at an open file and at its debug file, found as record finds it. */
void file_view__look(struct file_view *view, int fd, const struct debug_search *search);

/* The same for its names alone, where a profile has frames of it, some of them only placed. */
void file_view__of_frames(struct file_view *view, int fd, const struct debug_search *search,
			  uint64_t named, uint64_t placed);

void file_unwind_fact(const struct file_view *view, struct fact *ret_fact);
void file_names_fact(const struct file_view *view, struct fact *ret_fact);
void file_python_fact(const struct file_view *view, struct fact *ret_fact);

/* Code in no file; bytes: 0 where that is not known. */
void jit_unwind_fact(uint64_t bytes, struct fact *ret_fact);
void jit_names_fact(uint64_t bytes, struct fact *ret_fact);
