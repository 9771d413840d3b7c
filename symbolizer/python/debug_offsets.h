// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * _Py_DebugOffsets, with which _PyRuntime begins from 3.13 on: the interpreter's own word on its
 * structs, static data that stands in the file.
 */
#include <stdbool.h>

#include "bpf/shared/python.h"
#include "symbolizer/native/elf_image.h"

/* NAME, its place in the struct of 3.13, 3.14, 3.15 (0: not there). A group begins with its
 * SIZE. */
#define PYTHON_DEBUG_FIELDS                    \
	FIELD(RUNTIME_SIZE, 24, 24, 24)        \
	FIELD(RUNTIME_HEAD, 40, 40, 40)        \
	FIELD(INTERP_SIZE, 48, 48, 48)         \
	FIELD(INTERP_NEXT, 64, 64, 64)         \
	FIELD(INTERP_THREADS, 72, 72, 72)      \
	FIELD(INTERP_GIL, 112, 120, 120)       \
	FIELD(TSTATE_SIZE, 152, 176, 176)      \
	FIELD(TSTATE_NEXT, 168, 192, 192)      \
	FIELD(TSTATE_INTERP, 176, 200, 200)    \
	FIELD(TSTATE_FRAME, 184, 208, 208)     \
	FIELD(TSTATE_THREAD_ID, 192, 216, 240) \
	FIELD(FRAME_SIZE, 224, 248, 312)       \
	FIELD(FRAME_PREVIOUS, 232, 256, 320)   \
	FIELD(FRAME_CODE, 240, 264, 328)       \
	FIELD(FRAME_POSITION, 248, 272, 336)   \
	FIELD(FRAME_OWNER, 264, 288, 352)      \
	FIELD(FRAME_TLBC_INDEX, 0, 304, 368)   \
	FIELD(CODE_SIZE, 272, 312, 376)        \
	FIELD(CODE_FILENAME, 280, 320, 384)    \
	FIELD(CODE_NAME, 288, 328, 392)        \
	FIELD(CODE_QUALNAME, 296, 336, 400)    \
	FIELD(CODE_LINE_TABLE, 304, 344, 408)  \
	FIELD(CODE_FIRST_LINE, 312, 352, 416)  \
	FIELD(CODE_ARGCOUNT, 320, 360, 424)    \
	FIELD(CODE_ADAPTIVE, 344, 384, 448)    \
	FIELD(OBJECT_SIZE, 352, 400, 464)      \
	FIELD(OBJECT_TYPE, 360, 408, 472)

enum python_debug_field {
#define FIELD(name, in_3_13, in_3_14, in_3_15) PYTHON_DEBUG_##name,
	PYTHON_DEBUG_FIELDS
#undef FIELD
		PYTHON_DEBUG_FIELD_CNT,
};

struct python_debug_offsets {
	bool free_threaded;
	uint32_t values[PYTHON_DEBUG_FIELD_CNT]; /* by enum python_debug_field; 0 where not there */
};

/* -ENOENT: no such data, or of a version whose form is not known. -EINVAL: it contradicts
 * itself, or is not of hexversion. */
int python_debug_offsets__read(struct elf_image *image, uint64_t runtime_elf_vaddr,
			       uint32_t hexversion, struct python_debug_offsets *ret_offsets);
/* Puts what it says in place of what the version's table has. */
void python_debug_offsets__apply(const struct python_debug_offsets *offsets,
				 struct python_layout *layout);
