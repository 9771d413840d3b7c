/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * Code objects on their way to user space. Which ones it knows is kept twice: by CPU in a table
 * that is looked up without a hash, and for all CPUs in a map.
 */
#include "fault.bpf.h"
#include "maps.bpf.h"
#include "scratch.bpf.h"
#include "stats.bpf.h"

extern struct samples_map samples SEC(".maps");
extern struct seen_codes_map seen_codes SEC(".maps");

/* As much of a string or table as its length says, or up to the end of its page. What is longer,
 * or of wider characters, user space reads. */
static __always_inline void put_piece(struct code_buffer *b, __u64 vaddr, __u32 length_off,
				      __u32 limit)
{
	struct python_piece *piece;
	__u32 pos = b->pos;
	__u64 length, size;

	if (vaddr < USER_PAGE_SIZE || pos >= CODE_PIECES_BYTES ||
	    bpf_probe_read_user(&length, sizeof(length), (void *)(vaddr + length_off)))
		return;
	size = CODE_OBJECT_HEAD + length;
	if (length > limit)
		size = CODE_OBJECT_HEAD + limit;
	/* 5.10 forgets the bounds of a number that was on the stack: a mask tells again */
	barrier_var(pos);
	piece = (struct python_piece *)(b->bytes + (pos & (CODE_PIECES_BYTES - 1)));
	barrier_var(size);
	if (size > CODE_OBJECT_HEAD + CODE_TABLE_LIMIT)
		return;
	if (bpf_probe_read_user(piece + 1, size, (void *)vaddr)) {
		size = seam_window(vaddr);
		barrier_var(size);
		if (!size || size > CODE_OBJECT_HEAD + CODE_TABLE_LIMIT ||
		    bpf_probe_read_user(piece + 1, size, (void *)vaddr))
			return;
	}
	piece->vaddr = vaddr;
	piece->size = size;
	piece->pad = 0;
	b->rec.piece_cnt++;
	b->pos = pos + sizeof(*piece) + ((size + 7) & ~7ULL);
}

static __always_inline void put_object(struct code_buffer *b, const struct python_walk *w)
{
	struct python_piece *piece = (struct python_piece *)b->bytes;

	piece->vaddr = w->code_vaddr;
	piece->size = w->process.layout.code_size;
	piece->pad = 0;
	/* by the helper: a copy of our own goes over the stack, which is small */
	bpf_probe_read_kernel(piece + 1, sizeof(w->code), w->code);
	b->rec.piece_cnt = 1;
	b->pos = sizeof(*piece) + ((piece->size + 7) & ~7U);
}

static __always_inline __u64 code_word(const struct python_walk *w, __u32 off)
{
	return off == PYTHON_NO_FIELD ? 0 : python_code_word(w->code, off);
}

static __always_inline __u64 seen_key(const struct scratch *s)
{
	return python_key_mix(python_key_mix(s->python.key, s->python.code_vaddr),
			      s->rec.leader_start_ns ^ s->rec.pid);
}

/* The next sample sends it again. */
static __always_inline void forget_code(struct scratch *s)
{
	__u64 key = seen_key(s);

	s->seen[key & (SEEN_SLOTS - 1)] = 0;
	bpf_map_delete_elem(&seen_codes, &key);
}

/* Whether user space was told of the code object of the frame at hand. */
static __always_inline int code_seen(struct scratch *s)
{
	__u64 key = seen_key(s);
	__u64 *slot = &s->seen[key & (SEEN_SLOTS - 1)];
	__u8 seen = 1;

	if (*slot == key)
		return 1;
	*slot = key;
	if (bpf_map_lookup_elem(&seen_codes, &key))
		return 1;
	bpf_map_update_elem(&seen_codes, &key, &seen, BPF_ANY);
	return 0;
}

/* The code object of the frame at hand. */
static __always_inline void send_code(struct scratch *s)
{
	const struct python_layout *l = &s->python.process.layout;
	__u32 length_off = l->ob_type + 8;
	struct code_buffer *b = &s->code;
	__u64 size;

	put_object(b, &s->python);
	put_piece(b, code_word(&s->python, l->code_name), length_off, CODE_STRING_LIMIT);
	put_piece(b, code_word(&s->python, l->code_qualname), length_off, CODE_STRING_LIMIT);
	put_piece(b, code_word(&s->python, l->code_filename), length_off, CODE_STRING_LIMIT);
	put_piece(b, code_word(&s->python, l->code_line_table), length_off, CODE_TABLE_LIMIT);
	size = sizeof(b->rec) + b->pos;
	if (size > sizeof(b->rec) + sizeof(b->bytes))
		size = sizeof(b->rec) + sizeof(b->bytes);
	b->rec.h.type = RECORD_PYTHON_CODE;
	b->rec.h.size = size;
	b->rec.h.time_ns = s->rec.h.time_ns;
	b->rec.leader_start_ns = s->rec.leader_start_ns;
	b->rec.pid = s->rec.pid;
	b->rec.code = s->python.code_vaddr;
	b->rec.key = s->python.key;
	bpf_probe_read_kernel(&b->rec.layout, sizeof(*l), l);
	b->rec.pad = 0;
	if (fault() || bpf_ringbuf_output(&samples, &b->rec, size, BPF_RB_NO_WAKEUP)) {
		count(COUNTER_CODE_LOST, 1);
		forget_code(s);
	}
}
