// SPDX-License-Identifier: Apache-2.0
/*
 * Read out of the DWARF of 2.7.18, 3.6.15, 3.7.16, 3.8.18, 3.9.18, 3.10.13, 3.11.7, 3.12.1,
 * 3.13.0, 3.13.15 free-threaded, 3.14.10 and 3.15.2, and used to walk running processes of each.
 * 3.14 and 3.15 free-threaded: compiled from the headers of 3.14.10 and 3.15.2 with
 * Py_GIL_DISABLED, never run.
 *
 * Of patch releases only 3.7.0 to 3.7.3 are known to differ in a field used here
 * (tstate_current, which stands a fixed way below the key that their code tells).
 */
#include "symbolizer/python/layouts.h"

#include <errno.h>
#include <stddef.h>

#define VERSION(major, minor) ((major) << 8 | (minor))
#define NONE PYTHON_NO_FIELD

#define GIL .ob_type = 8, .free_threaded = 0
#define FREE_THREADED .ob_type = 24, .free_threaded = 1 /* an object's head is 16 bytes longer */

/* PyThreadState: 2.7 */
#define LINKS_2_7 .tstate_next = 0, .tstate_interp = 8
/* 3.6 and newer */
#define LINKS_3_6 .tstate_next = 8, .tstate_interp = 16
#define NO_SENTINEL .tstate_sentinel = NONE
#define NO_CFRAME .cframe_current_frame = NONE, .cframe_previous = NONE
#define NO_INTERPRETER_FRAME .frame_owner = NONE, .frame_is_entry = NONE, .frame_tlbc_index = NONE

/* PyFrameObject: 2.7, 3.6 */
#define FRAME_2_7 .frame_size = 128, .frame_previous = 24, .frame_code = 32, .frame_position = 120
/* 3.7 to 3.9 */
#define FRAME_3_7 .frame_size = 112, .frame_previous = 24, .frame_code = 32, .frame_position = 104
/* _PyInterpreterFrame: 3.12, 3.13 with and without GIL */
#define FRAME_3_12                                                                    \
	.frame_size = 80, .frame_previous = 8, .frame_code = 0, .frame_position = 56, \
	.frame_owner = 70, .frame_is_entry = NONE, .frame_tlbc_index = NONE
/* 3.14, 3.15 */
#define FRAME_3_14                                                                    \
	.frame_size = 88, .frame_previous = 8, .frame_code = 0, .frame_position = 56, \
	.frame_owner = 74, .frame_is_entry = NONE, .frame_tlbc_index = NONE
/* 3.14, 3.15 free-threaded */
#define FRAME_3_14T                                                                   \
	.frame_size = 88, .frame_previous = 8, .frame_code = 0, .frame_position = 56, \
	.frame_owner = 78, .frame_is_entry = NONE, .frame_tlbc_index = 72

/* PyCodeObject: 3.6, 3.7 */
#define CODE_3_6                                                                             \
	.code_size = 144, .code_first_line = 36, .code_name = 104, .code_qualname = NONE,    \
	.code_filename = 96, .code_line_table = 112, .code_version = NONE, .code_flags = 32, \
	.code_argcount = 16
/* 3.8 to 3.10 */
#define CODE_3_8                                                                              \
	.code_size = 176, .code_first_line = 40, .code_name = 112, .code_qualname = NONE,     \
	.code_filename = 104, .code_line_table = 120, .code_version = NONE, .code_flags = 36, \
	.code_argcount = 16
/* 3.12 to 3.15; only what stands before co_code_adaptive grew */
#define CODE_3_12(size)                                                                     \
	.code_size = size, .code_first_line = 68, .code_name = 120, .code_qualname = 128,   \
	.code_filename = 112, .code_line_table = 136, .code_version = 92, .code_flags = 48, \
	.code_argcount = 52
/* free-threaded */
#define CODE_3_13T(size)                                                                     \
	.code_size = size, .code_first_line = 84, .code_name = 136, .code_qualname = 144,    \
	.code_filename = 128, .code_line_table = 152, .code_version = 108, .code_flags = 64, \
	.code_argcount = 68

/* PyThreadState and PyInterpreterState: 3.7 to 3.10 */
#define STATE_3_7 .tstate_frame = 24, .tstate_thread_id = 176, .interp_next = 0, .interp_threads = 8
/* 3.13, 3.14 and 3.15 differ in the interpreter, 3.15 in the thread's id as well */
#define STATE_3_13 \
	.tstate_frame = 72, .tstate_thread_id = 152, .interp_next = 7264, .interp_threads = 7344
#define STATE_3_14 \
	.tstate_frame = 72, .tstate_thread_id = 152, .interp_next = 7272, .interp_threads = 7344
#define STATE_3_15 \
	.tstate_frame = 72, .tstate_thread_id = 176, .interp_next = 7264, .interp_threads = 7336

static const struct python_layout layouts[] = {
	{
		.version = VERSION(2, 7),
		GIL,
		LINKS_2_7,
		NO_SENTINEL,
		NO_CFRAME,
		FRAME_2_7,
		NO_INTERPRETER_FRAME,
		.tstate_frame = 16,
		.tstate_thread_id = 144,
		.interp_next = 0,
		.interp_threads = 8,
		.code_size = 128,
		.code_first_line = 96,
		.code_name = 88,
		.code_qualname = NONE,
		.code_filename = 80,
		.code_line_table = 104,
		.code_version = NONE,
		.code_flags = 28,
		.code_argcount = 16,
	},
	{
		.version = VERSION(3, 6),
		GIL,
		LINKS_3_6,
		NO_SENTINEL,
		NO_CFRAME,
		FRAME_2_7,
		NO_INTERPRETER_FRAME,
		CODE_3_6,
		.tstate_frame = 24,
		.tstate_thread_id = 152,
		.interp_next = 0,
		.interp_threads = 8,
	},
	{
		.version = VERSION(3, 7),
		GIL,
		LINKS_3_6,
		NO_SENTINEL,
		NO_CFRAME,
		FRAME_3_7,
		NO_INTERPRETER_FRAME,
		CODE_3_6,
		STATE_3_7,
	},
	{
		.version = VERSION(3, 8),
		GIL,
		LINKS_3_6,
		NO_SENTINEL,
		NO_CFRAME,
		FRAME_3_7,
		NO_INTERPRETER_FRAME,
		CODE_3_8,
		STATE_3_7,
	},
	{
		.version = VERSION(3, 9),
		GIL,
		LINKS_3_6,
		NO_SENTINEL,
		NO_CFRAME,
		FRAME_3_7,
		NO_INTERPRETER_FRAME,
		CODE_3_8,
		STATE_3_7,
	},
	{
		.version = VERSION(3, 10),
		GIL,
		LINKS_3_6,
		NO_SENTINEL,
		NO_CFRAME,
		NO_INTERPRETER_FRAME,
		CODE_3_8,
		STATE_3_7,
		.position = PYTHON_POSITION_UNITS,
		.frame_size = 112,
		.frame_previous = 24,
		.frame_code = 32,
		.frame_position = 96,
	},
	{
		.version = VERSION(3, 11),
		GIL,
		LINKS_3_6,
		NO_SENTINEL,
		.newest = PYTHON_NEWEST_CFRAME,
		.anchor = PYTHON_ANCHOR_CFRAME,
		.position = PYTHON_POSITION_POINTER,
		.tstate_frame = 56,
		.tstate_thread_id = 152,
		.interp_next = 0,
		.interp_threads = 16,
		.cframe_current_frame = 8,
		.cframe_previous = 16,
		.frame_size = 80,
		.frame_previous = 48,
		.frame_code = 32,
		.frame_position = 56,
		.frame_owner = 69,
		.frame_is_entry = 68,
		.frame_tlbc_index = NONE,
		.code_size = 184,
		.code_first_line = 72,
		.code_name = 120,
		.code_qualname = 128,
		.code_filename = 112,
		.code_line_table = 136,
		.code_version = NONE,
		.code_flags = 48,
		.code_argcount = 56,
	},
	{
		.version = VERSION(3, 12),
		GIL,
		LINKS_3_6,
		NO_SENTINEL,
		FRAME_3_12,
		CODE_3_12(192),
		.newest = PYTHON_NEWEST_CFRAME,
		.anchor = PYTHON_ANCHOR_SHIM,
		.position = PYTHON_POSITION_POINTER,
		.tstate_frame = 56,
		.tstate_thread_id = 136,
		.interp_next = 0,
		.interp_threads = 72,
		.cframe_current_frame = 0,
		.cframe_previous = 8,
	},
	{
		.version = VERSION(3, 13),
		GIL,
		LINKS_3_6,
		NO_SENTINEL,
		NO_CFRAME,
		FRAME_3_12,
		CODE_3_12(200),
		STATE_3_13,
		.anchor = PYTHON_ANCHOR_SHIM,
		.position = PYTHON_POSITION_POINTER,
	},
	{
		.version = VERSION(3, 13),
		FREE_THREADED,
		LINKS_3_6,
		NO_SENTINEL,
		NO_CFRAME,
		FRAME_3_12,
		CODE_3_13T(216),
		STATE_3_13,
		.anchor = PYTHON_ANCHOR_SHIM,
		.position = PYTHON_POSITION_POINTER,
	},
	{
		.version = VERSION(3, 14),
		GIL,
		LINKS_3_6,
		NO_SENTINEL,
		NO_CFRAME,
		FRAME_3_14,
		CODE_3_12(208),
		STATE_3_14,
		.code_tag_mask = 3,
		.anchor = PYTHON_ANCHOR_SHIM,
		.position = PYTHON_POSITION_POINTER,
	},
	{
		.version = VERSION(3, 14),
		FREE_THREADED,
		LINKS_3_6,
		NO_SENTINEL,
		NO_CFRAME,
		FRAME_3_14T,
		CODE_3_13T(232),
		STATE_3_14,
		.code_tag_mask = 3,
		.anchor = PYTHON_ANCHOR_SHIM,
		.position = PYTHON_POSITION_THREAD_POINTER,
	},
	{
		.version = VERSION(3, 15),
		GIL,
		LINKS_3_6,
		NO_CFRAME,
		FRAME_3_14,
		CODE_3_12(208),
		STATE_3_15,
		.code_tag_mask = 3,
		.anchor = PYTHON_ANCHOR_SHIM,
		.position = PYTHON_POSITION_POINTER,
		.tstate_sentinel = 888,
	},
	{
		.version = VERSION(3, 15),
		FREE_THREADED,
		LINKS_3_6,
		NO_CFRAME,
		FRAME_3_14T,
		CODE_3_13T(232),
		STATE_3_15,
		.code_tag_mask = 3,
		.anchor = PYTHON_ANCHOR_SHIM,
		.position = PYTHON_POSITION_THREAD_POINTER,
		.tstate_sentinel = 888,
	},
};

static const struct {
	uint16_t version;
	struct python_runtime_layout layout;
} runtimes[] = {
	/* head, key, current, GIL, GIL of the interpreter. 2.7 and 3.6 have no _PyRuntime */
	{ VERSION(3, 7), { 24, 1508, 1480, 1264, 0 } },
	{ VERSION(3, 8), { 32, 1396, 1368, 1152, 0 } },
	{ VERSION(3, 9), { 32, 588, 568, 352, 0 } },
	{ VERSION(3, 10), { 32, 588, 568, 352, 0 } },
	{ VERSION(3, 11), { 40, 596, 576, 360, 0 } },
	{ VERSION(3, 12), { 40, 1548, 0, 0, 384 } },
	{ VERSION(3, 13), { 632, 2164, 0, 0, 16 } },
	{ VERSION(3, 14), { 808, 2340, 0, 0, 16 } },
	{ VERSION(3, 15), { 936, 0, 0, 0, 16 } },
};

int python_layout__find(uint32_t hexversion, bool free_threaded, struct python_layout *ret_layout)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++) {
		if (layouts[i].version != hexversion >> 16 ||
		    layouts[i].free_threaded != free_threaded)
			continue;
		*ret_layout = layouts[i];
		return 0;
	}
	return -ENOENT;
}

int python_runtime_layout__find(uint32_t hexversion, struct python_runtime_layout *ret_layout)
{
	for (size_t i = 0; i < sizeof(runtimes) / sizeof(*runtimes); i++) {
		if (runtimes[i].version != hexversion >> 16)
			continue;
		*ret_layout = runtimes[i].layout;
		return 0;
	}
	return -ENOENT;
}
