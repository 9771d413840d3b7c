/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * The Python frames of a thread, newest first, read from the interpreter's own structs. They follow
 * the native frames in the record; anchors say where they belong:
 *
 *     native frames              Python frames
 *   0 list_sort                  key()         \  run by the eval loop of native frame 1
 *   1 _PyEval_EvalFrameDefault   [anchor 1]    /
 *   2 _PyFunction_Vectorcall     helper()      \
 *   3 _PyEval_EvalFrameDefault   main()         } run by that of native frame 3
 *   4 PyEval_EvalCode            [anchor 3]    /
 *
 * An anchor is an object of the interpreter's that lies inside the C stack frame of its eval loop
 * (shared/python.h): the native frame with sp <= anchor < CFA is that loop, whatever it is called
 * and however it was built. Up to 3.10 there are none, and user space counts.
 *
 * Nothing that is read is believed: each frame's code must be of the type of code objects, and what
 * is not is where the walk ends, with a reason. The seam is native_step.h's, and
 *
 *   int seam_fs_base(__u64 *ret_fs_base)         where this thread's own storage is
 */
#include "../shared/python.h"
#include "../unwind/native_step.h"

#define PYTHON_BUFFER_WORDS 64
#define THREAD_LIST_STEPS 64
#define GLIBC_FIRST_KEYS 32 /* struct pthread.specific_1stblock, nptl/descr.h */

/* What became of the frames that the newest eval loop runs. */
enum python_leaf {
	PYTHON_LEAF_OPEN = 0,
	PYTHON_LEAF_DONE,
	PYTHON_LEAF_DROPPED,
};

struct python_walk {
	struct python_process process;
	__u64 frame; /* the next one */
	__u64 mark; /* a frame met before: whoever comes back to it would for ever */
	__u64 cframe; /* 3.11, 3.12: of the eval loop that runs the frames at hand */
	__u64 first_cframe;
	__u32 first_pos;
	__u32 leaf; /* enum python_leaf */
	__u64 tstate;
	__u64 fs_base;
	__u64 list_interp; /* of the thread state listed, while one is looked for */
	__u64 listed;
	__u32 native; /* native frames before this one lie below all anchors to come */
	__u32 native_cnt; /* PYTHON_NO_NATIVE: not known here, anchors are told by address */
	__u32 cnt; /* frames so far */
	__u32 turns;
	__u32 pos; /* the next free word */
	__u32 room; /* no word at or behind this one */
	__u32 cut; /* behind CUT_PYTHON_FRAMES frames; 0: there are fewer */
	__u32 end; /* enum python_end */
	__u64 code_vaddr; /* of the frame just written; 0: none, or its code was not readable */
	__u64 anchor; /* looked for */
	__u64 key; /* of that code object; 0: none */
	__u64 stack_pointer; /* of native frame 0 */
	__u64 bytes[PYTHON_BUFFER_WORDS]; /* of the frame at hand */
	__u64 code[PYTHON_CODE_WORDS]; /* and of its code */
};

static __always_inline int end_python(struct python_walk *w, __u32 end)
{
	w->end = end;
	return 1;
}

static __always_inline __u64 python_word(const struct python_walk *w, __u32 off)
{
	return w->bytes[(off >> 3) & (PYTHON_BUFFER_WORDS - 1)];
}

static __always_inline __u32 python_half(const struct python_walk *w, __u32 off)
{
	return python_word(w, off) >> ((off & 4) * 8);
}

static __always_inline __u32 python_byte(const struct python_walk *w, __u32 off)
{
	return (python_word(w, off) >> ((off & 7) * 8)) & 0xff;
}

static __always_inline int python_read(__u64 *to, __u32 room, __u64 vaddr, __u32 size)
{
	if (size > room)
		size = room;
	if (vaddr < 4096 || vaddr >= USER_ADDR_END)
		return -1;
	return seam_read_user(to, size, vaddr);
}

/* Objects are aligned, whatever allocates them. */
static __always_inline int may_be_object(__u64 vaddr)
{
	return vaddr >= 4096 && vaddr < USER_ADDR_END && !(vaddr & 7);
}

static __always_inline int python_pointer(__u64 *ret, __u64 vaddr)
{
	return python_read(ret, sizeof(*ret), vaddr, sizeof(*ret));
}

/* The value of a pthread key, where glibc or musl keep it. */
static __always_inline int thread_specific(const struct python_process *p, __u64 fs_base,
					   __u64 *ret_value)
{
	__u64 word, block;
	__u32 key;

	if (python_pointer(&word, p->key_vaddr & ~7ULL))
		return -1;
	key = word >> ((p->key_vaddr & 4) * 8);
	if (key >= 1024)
		return -1;
	if (p->musl)
		return python_pointer(&block, fs_base + p->specific) ?
			       -1 :
			       python_pointer(ret_value, block + 8 * key);
	if (key < GLIBC_FIRST_KEYS)
		return python_pointer(ret_value, fs_base + p->specific + 16 * key);
	if (python_pointer(&block, fs_base + p->specific - 8 + 16 * GLIBC_FIRST_KEYS +
					   8 * (key / GLIBC_FIRST_KEYS)))
		return -1;
	return python_pointer(ret_value, block + 16 * (key % GLIBC_FIRST_KEYS) + 8);
}

/* A TLS variable of a library: the module's block by the thread's vector. */
static __always_inline int module_variable(const struct python_process *p, __u64 fs_base,
					   __u64 *ret_value)
{
	__u64 place[2], vector, block;

	if (python_read(place, sizeof(place), p->key_vaddr, sizeof(place)) ||
	    python_pointer(&vector, fs_base + 8) || place[0] > 4096 ||
	    python_pointer(&block, vector + (p->musl ? 8 : 16) * place[0]))
		return -1;
	return python_pointer(ret_value, block + place[1] + p->tls_offset);
}

static __always_inline int is_thread_of(const struct python_layout *l, __u64 tstate, __u64 fs_base)
{
	__u64 id;

	return tstate && !python_pointer(&id, tstate + l->tstate_thread_id) && id == fs_base;
}

/* One thread of the lists of an interpreter and of those behind it, which are older. 1: it is the one
 * looked for, w->listed; negative: none is; 0: go on. */
static __always_inline int python_list_step(struct python_walk *w)
{
	const struct python_layout *l = &w->process.layout;

	if (is_thread_of(l, w->listed, w->fs_base))
		return 1;
	if (w->listed)
		return python_pointer(&w->listed, w->listed + l->tstate_next);
	if (python_pointer(&w->list_interp, w->list_interp + l->interp_next) || !w->list_interp)
		return -1;
	return python_pointer(&w->listed, w->list_interp + l->interp_threads);
}

/* The includer's: python_list_step() until it is not 0, THREAD_LIST_STEPS times at most. Returns the last. */
static __always_inline int python_list_steps(struct python_walk *w);

static __always_inline int listed_thread(struct python_walk *w, __u64 interp, __u64 *ret_tstate)
{
	if (!interp || python_pointer(&w->listed, interp + w->process.layout.interp_threads))
		return -1;
	w->list_interp = interp;
	if (python_list_steps(w) != 1)
		return -1;
	*ret_tstate = w->listed;
	return 0;
}

/* The newest interpreter, if that tells more than a key: where there is no key, and up to 3.11 where
 * there are several. */
static __always_inline __u64 newest_interpreter(const struct python_process *p)
{
	__u64 interp, next;

	if ((!p->current_vaddr && p->road != PYTHON_THREAD_LIST) ||
	    python_pointer(&interp, p->interp_head))
		return 0;
	if (p->road != PYTHON_THREAD_LIST &&
	    (python_pointer(&next, interp + p->layout.interp_next) || !next))
		return 0;
	return interp;
}

/* Up to 3.11 a thread's key keeps the first of its states: a subinterpreter's is that of the GIL's holder,
 * or stands in the list. */
static __always_inline int find_tstate(struct python_walk *w, __u64 fs_base)
{
	const struct python_process *p = &w->process;
	__u64 current;

	w->tstate = 0;
	if (p->current_vaddr && !python_pointer(&current, p->current_vaddr) &&
	    is_thread_of(&p->layout, current, fs_base)) {
		w->tstate = current;
		return 0;
	}
	if (!listed_thread(w, newest_interpreter(p), &w->tstate))
		return 0;
	switch (p->road) {
	case PYTHON_THREAD_KEY:
		return thread_specific(p, fs_base, &w->tstate);
	case PYTHON_THREAD_TLS_OFFSET:
		return python_pointer(&w->tstate, fs_base + p->tls_offset);
	case PYTHON_THREAD_TLS_SLOT:
		return python_pointer(&current, p->key_vaddr) ?
			       -1 :
			       python_pointer(&w->tstate, fs_base + current + p->tls_offset);
	case PYTHON_THREAD_TLS_MODULE:
		return module_variable(p, fs_base, &w->tstate);
	default:
		return -1;
	}
}

/* The newest frame of a thread state. Non-zero: there is none; w->end says why. */
static __always_inline int enter_tstate(struct python_walk *w)
{
	const struct python_layout *l = &w->process.layout;

	if (python_pointer(&w->frame, w->tstate + l->tstate_frame))
		return end_python(w, PYTHON_UNREADABLE);
	if (l->newest == PYTHON_NEWEST_CFRAME) {
		w->cframe = w->frame;
		w->first_cframe = w->cframe;
		if (python_pointer(&w->frame, w->cframe + l->cframe_current_frame))
			return end_python(w, PYTHON_UNREADABLE);
	}
	if (!w->frame)
		return end_python(w, PYTHON_NO_FRAME);
	return 0;
}

/* The thread's newest frame. Non-zero: there is none; w->end says why. */
static __always_inline int python_walk_start(struct python_walk *w)
{
	w->cnt = 0;
	w->cut = 0;
	w->turns = 0;
	w->mark = 0;
	w->native = 0;
	w->frame = 0;
	w->tstate = 0;
	w->first_cframe = 0;
	w->first_pos = w->pos;
	w->leaf = PYTHON_LEAF_OPEN;
	w->end = PYTHON_MAX_DEPTH;
	if (seam_fs_base(&w->fs_base) || !w->fs_base || find_tstate(w, w->fs_base) || !w->tstate)
		return end_python(w, PYTHON_NO_THREAD);
	return enter_tstate(w);
}

/* 3.11, 3.12: an eval loop that has just begun, or is about to end, has no frame that is to be believed.
 * Its callers' loops are in a call, and theirs are. Non-zero: there are none. */
static __always_inline int python_walk_without_leaf(struct python_walk *w)
{
	const struct python_layout *l = &w->process.layout;

	if (w->leaf != PYTHON_LEAF_OPEN || !w->first_cframe ||
	    python_pointer(&w->cframe, w->first_cframe + l->cframe_previous) ||
	    python_pointer(&w->frame, w->cframe + l->cframe_current_frame) || !w->frame)
		return 1;
	w->leaf = PYTHON_LEAF_DROPPED;
	w->pos = w->first_pos;
	w->cnt = 0;
	w->cut = 0;
	w->turns = 0;
	w->mark = 0;
	w->native = 0;
	w->end = PYTHON_MAX_DEPTH;
	return 0;
}

/* Behind the last frame of a subinterpreter, or where it has none: the frames of the interpreter that the
 * thread ran before. Only the main one, the last of the list, has no other. Non-zero: no more frames. */
static __always_inline int python_walk_outer(struct python_walk *w)
{
	const struct python_layout *l = &w->process.layout;
	__u64 interp, next, outer;
	__u32 end = w->end;
	int at_root = end == PYTHON_WHOLE || end == PYTHON_NO_FRAME;

	if ((end == PYTHON_TORN || (end != PYTHON_MAX_DEPTH && !w->cnt)) &&
	    !python_walk_without_leaf(w))
		return 0;
	if (at_root && w->leaf == PYTHON_LEAF_DROPPED)
		end = w->end = PYTHON_LEAF_TORN;
	if (!at_root || python_pointer(&interp, w->tstate + l->tstate_interp) ||
	    python_pointer(&next, interp + l->interp_next) || listed_thread(w, next, &outer))
		return 1;
	w->tstate = outer;
	if (enter_tstate(w))
		return end_python(w, end);
	w->end = PYTHON_MAX_DEPTH;
	return 0;
}

/* One native frame: is it the anchor's? Non-zero: found, or none left. */
static __always_inline int python_claim_step(struct python_walk *w,
					     const struct native_frames *frames)
{
	__u32 i = w->native;

	if (i >= w->native_cnt || w->native_cnt == PYTHON_NO_NATIVE)
		return 1;
	if (python_anchor_inside(frames->cfas, w->stack_pointer, i, w->anchor))
		return 1;
	w->native = i + 1;
	return 0;
}

/* Where the code is: an offset in bytes; -1: the frame has not begun. */
static __always_inline __s32 python_position(struct python_walk *w, __u64 code)
{
	const struct python_layout *l = &w->process.layout;
	__u64 field = python_word(w, l->frame_position), start = code + l->code_size;
	__s32 half = python_half(w, l->frame_position);
	__s64 off;

	switch (l->position) {
	case PYTHON_POSITION_BYTES:
		return half;
	case PYTHON_POSITION_UNITS:
		return half < 0 ? -1 : half * 2;
	case PYTHON_POSITION_THREAD_POINTER:
		if (python_pointer(&start, code + l->code_size - 8) ||
		    python_pointer(&start, start + 8 + 8ULL * python_half(w, l->frame_tlbc_index)))
			return -1;
		break;
	}
	off = field - start;
	return off < 0 || off > 0x7fffffff ? -1 : (__s32)off;
}

/* Behind frames whose anchor is not among them: the stack was cut. */
#define PYTHON_OPEN_GROUP frame_word(FRAME_PYTHON_ANCHOR, 0, PYTHON_NO_NATIVE)

static __always_inline void put_python_word(struct python_walk *w, __u64 *words, __u64 word)
{
	words[w->pos & (MAX_USER_WORDS - 1)] = word;
	w->pos++;
}

/* A frame of Python code. Non-zero: it is none. */
static __always_inline int put_python_frame(struct python_walk *w, __u64 *words, __u64 code)
{
	const struct python_layout *l = &w->process.layout;

	w->key = 0;
	if (!may_be_object(code))
		return end_python(w, PYTHON_TORN);
	if (!python_read(w->code, sizeof(w->code), code, l->code_size)) {
		if (python_code_word(w->code, l->ob_type) != w->process.code_type)
			return end_python(w, PYTHON_TORN);
		w->key = python_code_key(w->code, l);
		w->code_vaddr = code;
	}
	put_python_word(w, words, frame_word(FRAME_PYTHON, 0, code));
	put_python_word(w, words, (__u32)python_position(w, code));
	put_python_word(w, words, w->key);
	w->cnt++;
	return 0;
}

/* Leaves CUT_PYTHON_FRAMES frames of more. Returns how many words then; 0: there are not more. */
static __always_inline __u32 python_cut(struct python_walk *w, __u64 *words)
{
	if (!w->cut)
		return 0;
	w->pos = w->cut;
	if (w->process.layout.anchor)
		put_python_word(w, words, PYTHON_OPEN_GROUP);
	return w->pos;
}

/* The object inside the C frame of the eval loop that runs the frames up to here. Non-zero: it
 * is to be looked for among the native frames. */
static __always_inline int is_anchor(struct python_walk *w, __u32 owner)
{
	const struct python_layout *l = &w->process.layout;

	if (l->anchor == PYTHON_ANCHOR_SHIM && owner >= PYTHON_OWNER_SHIM &&
	    (l->tstate_sentinel == PYTHON_NO_FIELD || w->frame != w->tstate + l->tstate_sentinel)) {
		w->anchor = w->frame;
		return 1;
	}
	if (l->anchor == PYTHON_ANCHOR_CFRAME && python_byte(w, l->frame_is_entry)) {
		w->anchor = w->cframe;
		return 1;
	}
	return 0;
}

/* In a chain that was torn frames may be each other's callers. Marks at turns 0, 1, 2, 4, 8 ... find a
 * circle of any length before it was gone around three times. */
static __always_inline int python_comes_back(struct python_walk *w, __u64 previous)
{
	if (!(w->turns & (w->turns - 1)))
		w->mark = w->frame;
	w->turns++;
	return previous == w->mark;
}

enum python_turn {
	PYTHON_TURN_FRAME = 0, /* goes on with the next frame */
	PYTHON_TURN_END,
	PYTHON_TURN_ANCHOR, /* python_claim_step() until it is found, then python_anchor_step() */
};

/* One frame. */
static __always_inline enum python_turn python_walk_step(struct python_walk *w, __u64 *words)
{
	const struct python_layout *l = &w->process.layout;
	__u64 code, previous;
	__u32 owner;
	int anchor;

	w->code_vaddr = 0;
	if (w->pos + PYTHON_FRAME_WORDS + 1 > w->room)
		return PYTHON_TURN_END; /* PYTHON_MAX_DEPTH since the start */
	if (!may_be_object(w->frame) ||
	    python_read(w->bytes, sizeof(w->bytes), w->frame, l->frame_size)) {
		w->end = PYTHON_UNREADABLE;
		return PYTHON_TURN_END;
	}
	code = python_word(w, l->frame_code) & ~(__u64)l->code_tag_mask;
	previous = python_word(w, l->frame_previous);
	owner = l->anchor == PYTHON_ANCHOR_SHIM ? python_byte(w, l->frame_owner) : 0;
	if (owner < PYTHON_OWNER_SHIM && w->cnt >= MAX_PYTHON_FRAMES) {
		if (l->anchor)
			put_python_word(w, words, PYTHON_OPEN_GROUP);
		return PYTHON_TURN_END;
	}
	if (w->cnt == CUT_PYTHON_FRAMES && !w->cut)
		w->cut = w->pos;
	if (owner < PYTHON_OWNER_SHIM && put_python_frame(w, words, code))
		return PYTHON_TURN_END;
	anchor = is_anchor(w, owner);
	if (python_comes_back(w, previous)) {
		w->end = PYTHON_TORN;
		return PYTHON_TURN_END;
	}
	w->frame = previous;
	if (anchor)
		return PYTHON_TURN_ANCHOR;
	if (previous)
		return PYTHON_TURN_FRAME;
	/* the oldest frame has an anchor: a generator caught before it was linked to its caller
	 * has none */
	w->end = l->anchor && owner < PYTHON_OWNER_SHIM ? PYTHON_TORN : PYTHON_WHOLE;
	return PYTHON_TURN_END;
}

/* Notes the anchor's native frame. Non-zero: the walk has ended. */
static __always_inline int python_anchor_step(struct python_walk *w, __u64 *words)
{
	const struct python_layout *l = &w->process.layout;
	__u64 found = w->native_cnt == PYTHON_NO_NATIVE ? w->anchor :
		      w->native < w->native_cnt		? w->native :
							  PYTHON_NO_NATIVE;
	__u64 current;

	put_python_word(w, words, frame_word(FRAME_PYTHON_ANCHOR, 0, found));
	/*
	 * 3.11, 3.12: the frame behind an anchor is the current one of the eval loop before; none,
	 * where there was no loop. An eval loop that has just begun is linked before it says which
	 * frame is its own: what stands there is left from an earlier call, and may look like a
	 * frame. A generator's frame is unlinked before its loop ends.
	 */
	if (l->newest == PYTHON_NEWEST_CFRAME) {
		if (python_pointer(&w->cframe, w->cframe + l->cframe_previous) ||
		    python_pointer(&current, w->cframe + l->cframe_current_frame))
			return end_python(w, PYTHON_UNREADABLE);
		if (current != w->frame)
			return end_python(w, PYTHON_TORN);
	}
	if (w->leaf == PYTHON_LEAF_OPEN)
		w->leaf = PYTHON_LEAF_DONE;
	return w->frame ? 0 : end_python(w, PYTHON_WHOLE);
}
