/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * What the kernel side must know of a CPython process to walk its frames, and how such a frame
 * travels. symbolizer/python/ finds the layout in the interpreter's file, collector/python/ adds
 * the addresses in the process, bpf/python/ reads both. Offsets are in bytes; the structs they
 * belong to and the versions they were verified on stand beside symbolizer/python/layouts.c.
 *
 *   fs base -> thread-specific data or TLS variable -> PyThreadState -> newest frame -> ...
 */
#include "event.h"
#include "types.h"

#define MAX_PYTHON_PROCESSES 4096 /* distinct ones: forked processes share their parent's */
#define MAX_PYTHON_FRAMES 4096
#define CUT_PYTHON_FRAMES 256 /* when the ring has no room for more */
#define PYTHON_NO_FIELD 0xffff /* this version has no such field */

/* Where the newest frame of a thread is. */
enum python_newest {
	PYTHON_NEWEST_FRAME = 0, /* *(tstate + tstate_frame): 2.7 to 3.10, 3.13 and newer */
	PYTHON_NEWEST_CFRAME, /* *(*(tstate + tstate_frame) + cframe_current_frame): 3.11, 3.12 */
};

/* What lies inside the C frame of an eval loop, and so tells which Python frames are its own. */
enum python_anchor {
	PYTHON_ANCHOR_NONE = 0, /* 2.7 to 3.10: one C frame per Python frame, to be counted */
	PYTHON_ANCHOR_CFRAME, /* 3.11: the _PyCFrame; its frames end with the one that has is_entry */
	PYTHON_ANCHOR_SHIM, /* 3.12 and newer: the frame with owner >= PYTHON_OWNER_SHIM */
};
#define PYTHON_OWNER_SHIM 3

/* What the frame's position field holds. */
enum python_position {
	PYTHON_POSITION_BYTES = 0, /* i32 f_lasti: bytes; -1: not started. 2.7 to 3.9 */
	PYTHON_POSITION_UNITS, /* i32 f_lasti: code units of 2 bytes. 3.10 */
	PYTHON_POSITION_POINTER, /* pointer into the code's bytes: 3.11 and newer */
	PYTHON_POSITION_THREAD_POINTER, /* the same into the thread's copy: 3.14t, 3.15t */
};

/* How a thread finds its PyThreadState. */
enum python_thread_road {
	PYTHON_THREAD_LIST = 0, /* 2.7: interpreters' lists, by thread_id == fs base */
	PYTHON_THREAD_KEY, /* 3.6 to 3.14: pthread key at key_vaddr */
	PYTHON_THREAD_TLS_OFFSET, /* 3.15 in the executable: *(fs base + tls_offset) */
	PYTHON_THREAD_TLS_SLOT, /* 3.15, initial exec: *(fs base + *key_vaddr + tls_offset) */
	PYTHON_THREAD_TLS_MODULE, /* 3.15 in a library: {module, offset} at key_vaddr, by the DTV */
};

/* Whether the thread that was sampled has the lock without which no Python code runs. */
enum python_gil {
	PYTHON_GIL_UNKNOWN = 0, /* no Python process, not asked for, not readable, free-threaded */
	PYTHON_GIL_NONE,
	PYTHON_GIL_HOLDS,
	PYTHON_GIL_WAITS,
	PYTHON_GIL_CNT,
};

/* Of one build of CPython. */
struct python_layout {
	__u16 version; /* major << 8 | minor */
	__u8 newest; /* enum python_newest */
	__u8 anchor; /* enum python_anchor */
	__u8 position; /* enum python_position */
	__u8 free_threaded;
	__u8 code_tag_mask; /* bits of the frame's code pointer that are no address: 3.14 and newer 3 */
	__u8 pad;
	__u16 ob_type; /* PyObject */
	__u16 tstate_next; /* PyThreadState */
	__u16 tstate_interp;
	__u16 tstate_frame; /* frame, cframe or current_frame: see newest */
	__u16 tstate_thread_id;
	__u16 tstate_sentinel; /* 3.15: the base frame inside the thread state; else PYTHON_NO_FIELD */
	__u16 interp_next; /* PyInterpreterState */
	__u16 interp_threads; /* head of its list of thread states */
	__u16 cframe_current_frame; /* _PyCFrame */
	__u16 cframe_previous;
	__u16 frame_size; /* PyFrameObject or _PyInterpreterFrame: bytes to read */
	__u16 frame_previous;
	__u16 frame_code;
	__u16 frame_position;
	__u16 frame_owner;
	__u16 frame_is_entry;
	__u16 frame_tlbc_index;
	__u16 code_size; /* PyCodeObject: bytes to read, co_code_adaptive's offset from 3.11 on */
	__u16 code_first_line; /* i32 */
	__u16 code_name;
	__u16 code_qualname;
	__u16 code_filename;
	__u16 code_line_table; /* co_lnotab, co_linetable: a bytes object */
	__u16 code_version; /* co_version, u32 */
	__u16 code_flags; /* co_flags, i32 */
	__u16 code_argcount;
};
_Static_assert(sizeof(struct python_layout) == 60, "array value");

/* Of one process, or of a family of forked ones. */
struct python_process {
	struct python_layout layout;
	__u8 road; /* enum python_thread_road */
	__u8 musl; /* thread-specific data and DTV are laid out as in musl */
	__u16 specific; /* glibc: fs base + this + 16 * key is the key's value (keys below 32);
			 * musl: *(fs base + this) + 8 * key */
	__u64 key_vaddr; /* the pthread key (i32), the slot, or {module, offset}; 0: none */
	__s64 tls_offset;
	__u64 code_type; /* address of PyCode_Type */
	__u64 interp_head; /* address of the pointer to the first interpreter */
	__u64 current_vaddr; /* up to 3.11: address of the pointer to the thread state that holds the GIL */
	__u64 gil_vaddr; /* 2.7: address of the pointer to it; 3.7 to 3.11: its own; 0: not known */
	__u32 interp_gil; /* 3.12 and newer: the pointer to it in the interpreter; 0: older */
	__u32 pad;
};
_Static_assert(sizeof(struct python_process) == 120, "array value");

/*
 * A Python frame travels in three words (frame.h):
 *   0  kind FRAME_PYTHON, payload: address of the code object
 *   1  low half: position in bytes from the start of the code, or -1: not started
 *   2  key of the code object: python_code_key(); an address alone is used again by other code.
 *      0: it could not be read there
 * and behind the frames that one eval loop runs, in one word, kind FRAME_PYTHON_ANCHOR, the index
 * of its native frame in the same record, or PYTHON_NO_NATIVE: it is none of these, or the frames were too many
 * and the loop's oldest ones are missing; in a COPY record, whose native frames
 * are not known yet, the anchor's address.
 */
#define PYTHON_FRAME_WORDS 3
/* of the longest stack: each frame has an eval loop of its own */
#define PYTHON_MAX_WORDS (MAX_PYTHON_FRAMES * (PYTHON_FRAME_WORDS + 1))
_Static_assert(MAX_USER_FRAMES + PYTHON_MAX_WORDS + PYTHON_FRAME_WORDS + 1 <= MAX_USER_WORDS,
	       "one record holds the longest stack");
#define PYTHON_NO_NATIVE 0xffffffffU

/* The anchor lies in native frame i. cfas: of all of them; stack_pointer: where frame 0 begins. */
static inline int python_anchor_inside(const __u64 *cfas, __u64 stack_pointer, __u32 i,
				       __u64 anchor)
{
	__u64 lowest = i ? cfas[(i - 1) & (MAX_USER_FRAMES - 1)] : stack_pointer;

	return lowest <= anchor && anchor < cfas[i & (MAX_USER_FRAMES - 1)];
}

#define PYTHON_CODE_WORDS 32 /* room for the first code_size bytes of a code object */

static inline __u64 python_code_word(const __u64 *code, __u32 off)
{
	return code[(off >> 3) & (PYTHON_CODE_WORDS - 1)];
}

static inline __u64 python_key_mix(__u64 key, __u64 word)
{
	key = (key ^ word) * 0x9e3779b97f4a7c15ULL;
	return key ^ (key >> 29);
}

/*
 * What makes a code object itself: the words with its first line, name, file name, line table and
 * version. Over 3,000 generated functions address, first line and flags alone were the same for
 * half of those that came to lie at a used address; these never (3.8: twice).
 */
static inline __u64 python_code_key(const __u64 *code, const struct python_layout *l)
{
	__u64 key = python_key_mix(0, python_code_word(code, l->code_first_line));

	key = python_key_mix(key, python_code_word(code, l->code_name));
	key = python_key_mix(key, python_code_word(code, l->code_filename));
	key = python_key_mix(key, python_code_word(code, l->code_line_table));
	if (l->code_version != PYTHON_NO_FIELD)
		key = python_key_mix(key, python_code_word(code, l->code_version));
	return key;
}

/*
 * A code object when it was first seen: it may be freed, and its process gone, before user space
 * looks. What travels is memory, piece by piece as it lay in the process: the object itself, its
 * strings, its line table. Behind the header come pieces, each a struct python_piece and its
 * bytes.
 */
struct python_code_record {
	struct record_header h; /* RECORD_PYTHON_CODE */
	__u64 leader_start_ns; /* of the process, as in samples */
	__u64 code; /* address */
	__u64 key;
	__u32 pid;
	__u32 piece_cnt;
	struct python_layout layout;
	__u32 pad;
};
_Static_assert(sizeof(struct python_code_record) == 112, "wire");

struct python_piece {
	__u64 vaddr;
	__u32 size; /* of the bytes that follow, rounded up to 8 */
	__u32 pad;
};
_Static_assert(sizeof(struct python_piece) == 16, "wire");

#define PYTHON_MAX_PIECES 16
