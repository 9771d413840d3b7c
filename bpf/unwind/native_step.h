/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

/*
 * One step of a native walk: from a frame to its caller, by the rows of the file that the address
 * lies in, or along the frame pointer where there are none.
 *
 *      low addresses                                            high addresses
 *      sp ........................ [saved fp] ... [return address] | caller's frame
 *                                                                  ^ CFA
 *
 *   1. The frame at hand is written down: its address, and whether it is a return address. Rows and
 *      names of a return address are found one byte before it: a call may be the last instruction
 *      of its function.
 *   2. mapping (binary search in the process's run) -> page -> row -> rule. The same addresses come
 *      again and again, so the rules of the last ones are kept by address: one cache line instead of
 *      some ten, and no branches that cannot be predicted.
 *   3. CFA by the rule; the caller's fp by its rule; return address at CFA - 8; sp = CFA. The stack
 *      is read in windows, in the kernel up to the end of a page: what lies in a page that was read
 *      can be read, and most frames need no read of their own.
 *
 * The walker is compiled into the BPF object and into the collector (collector/walk/walker.c). What
 * differs is the seam, which the includer defines first:
 *
 *   int seam_read_user(void *to, __u32 size, __u64 vaddr)          0, or negative: not readable
 *   __u64 seam_window(__u64 vaddr)               bytes from there on that are read as one
 *   const struct unwind_mapping *seam_mapping(__u32 idx)           each NULL when out of range
 *   const struct unwind_page *seam_page(__u32 idx)
 *   const __u32 *seam_rows(__u32 pos)            the UNWIND_VALUE_ROWS rows of the value of pos
 *   const struct unwind_info *seam_info(__u32 idx)
 *
 * Interpreter frames are merged with native ones by stack addresses: cfas[] keeps each frame's CFA.
 */
#include "../shared/config.h"
#include "../shared/frame.h"
#include "../shared/process.h"
#include "../shared/stop.h"
#include "../shared/unwind.h"

#define WALK_F_EXACT 1 /* ip is the instruction itself, not a return address */
#define WALK_F_REGS 2 /* regs[] are known: first frame, or just behind a signal frame */
#define WALK_F_FP 4 /* fp is known */
#define WALK_F_GUESSED 8 /* the step that led here had no rows to go by */
#define WALK_F_ENTERED 16 /* the task is in the kernel: ip may stand behind a system call */
#define WALK_F_BX 32 /* regs[UNWIND_BX] is known */
#define WALK_F_CALLER 64 /* regs[] are those of a function that it calls */

_Static_assert(WALK_F_CALLER == WALK_F_REGS << 5, "step_by_rule()");
#define WALK_F_LEAF (WALK_F_EXACT | WALK_F_REGS | WALK_F_FP | WALK_F_BX)

#define WINDOW_WORDS 64

struct stack_window {
	__u64 start; /* address of words[0] */
	__u64 size; /* bytes; 0: nothing read yet */
	__u64 words[WINDOW_WORDS];
};

struct native_walk {
	__u64 ip;
	__u64 sp;
	__u64 fp;
	__u64 regs[UNWIND_REG_CNT + 1]; /* fp is the one above */
	struct process_entry run;
	__u32 mapping; /* index of the last hit; tried first */
	__u32 flags; /* WALK_F_* */
	__u32 cnt; /* frames so far */
	__u32 max_depth;
	__u32 stop; /* enum stop_reason, once native_walk_step() returned non-zero */
	__u32 pad;
	struct stack_window window; /* size: 0 at the start of a walk */
};

struct native_frames {
	__u64 cfas[MAX_USER_FRAMES]; /* 0 where the frame's CFA was not found */
};

#define RULE_CACHE_BITS 11
#define RULE_CACHE_SLOTS (1U << RULE_CACHE_BITS)

/* A rule depends on the file's bytes alone, and the generation on the file's place in the process:
 * what was found once stays right until the generation changes. */
struct cached_rule {
	__u64 key; /* rule_key() of its address */
	struct unwind_info info; /* UNWIND_NONE: frame-pointer step */
	__u32 generation;
	__u32 pad;
	__u64 unused; /* 32 bytes: never across two cache lines */
};

struct rule_cache {
	struct cached_rule rules[RULE_CACHE_SLOTS];
};

#define USER_ADDR_END (1ULL << 56)
/* In x86-64's rt_sigframe behind the popped return address: struct ucontext's uc_mcontext,
 * arch/x86/include/uapi/asm/sigcontext.h. */
#define SIGFRAME_REGS 40
#define SIGFRAME_SP 160 /* ip follows */
#define CALLER_FRAME_MAX 4096
#define MAPPING_SEARCH_STEPS 13 /* log2(MAX_RUN_MAPPINGS) + 1 */
#define ROW_SEARCH_STEPS 15 /* log2(UNWIND_VALUE_ROWS) + 1 */

static __always_inline int plausible_stack_addr(__u64 vaddr)
{
	return vaddr >= 4096 && vaddr < USER_ADDR_END && !(vaddr & 7);
}

static __always_inline int mapping_holds(const struct unwind_mapping *m, __u64 pc)
{
	return m->start <= pc && pc < m->end;
}

/* "add $n, %rsp; ret", as a little-endian word: n, or -1. */
static __always_inline __s32 add_and_return(__u64 code)
{
	__u32 n = code >> 24 & 0xff;

	return (code & 0xff00ffffffULL) == 0xc300c48348ULL && n < 128 ? (__s32)n : -1;
}

/*
 * CFA - sp where code without rows is left in a straight line, by its bytes; 0: it is not. So are the
 * pieces of code that CPython's -X perf writes, one for each Python function:
 *
 *   [endbr64]  sub $8, %rsp  call *%rcx  add $8, %rsp  ret
 */
static __always_inline __s32 straight_exit(const __u64 *code)
{
	__u64 at = code[0], behind = code[1];

	if ((__u32)at == 0xfa1e0ff3) { /* endbr64 */
		at = at >> 32 | behind << 32;
		behind >>= 32;
	}
	if ((at & 0xffff00ffffffULL) == 0xd1ff00ec8348ULL)
		return add_and_return(at >> 48 | behind << 16) >= 0 ? 8 : 0;
	if ((at & 0xffff) == 0xd1ff) /* call *%rcx */
		at >>= 16;
	if ((at & 0xff) == 0xc3)
		return 8;
	return add_and_return(at) >= 0 ? 8 + add_and_return(at) : 0;
}

/* The mapping of an address in the walk's run; the index is left in walk->mapping. */
static __always_inline const struct unwind_mapping *find_mapping(struct native_walk *walk, __u64 pc)
{
	const struct unwind_mapping *m = seam_mapping(walk->mapping);
	__u32 low = walk->run.first;
	__u32 high = low + walk->run.cnt;

	if (m && mapping_holds(m, pc) && m->generation == walk->run.generation)
		return m;
	for (int i = 0; i < MAPPING_SEARCH_STEPS && low < high; i++) {
		__u32 mid = low + (high - low) / 2;

		m = seam_mapping(mid);
		if (!m)
			return 0;
		if (pc < m->start) {
			high = mid;
		} else if (pc >= m->end) {
			low = mid + 1;
		} else {
			walk->mapping = mid;
			return m;
		}
	}
	return 0;
}

/* The rule in force at rel: the last row at or below it in its page. */
static __always_inline const struct unwind_info *find_rule(const struct unwind_mapping *m,
							   __u64 rel)
{
	const struct unwind_page *page;
	const __u32 *rows;
	__u32 low, high, pc = rel & 0xffff;
	__u32 page_idx = rel >> UNWIND_PAGE_SHIFT;

	if (rel >> 32 || page_idx >= m->page_cnt)
		return 0;
	page = seam_page(m->page_base + page_idx);
	if (!page || !page->row_cnt)
		return 0;
	rows = seam_rows(page->first_row);
	if (!rows)
		return 0;
	low = page->first_row & (UNWIND_VALUE_ROWS - 1);
	high = low + page->row_cnt;
	/* Invariant: row[low] <= pc < row[high]; the first row stands at or below every address. */
	for (int i = 0; i < ROW_SEARCH_STEPS && high - low > 1; i++) {
		__u32 mid = low + (high - low) / 2;

		if (unwind_row_pc(rows[mid & (UNWIND_VALUE_ROWS - 1)]) <= pc)
			low = mid;
		else
			high = mid;
	}
	if (unwind_row_pc(rows[low & (UNWIND_VALUE_ROWS - 1)]) > pc)
		return 0;
	return seam_info(unwind_row_info(rows[low & (UNWIND_VALUE_ROWS - 1)]));
}

static __always_inline int stop_walk(struct native_walk *walk, __u32 reason)
{
	walk->stop = reason;
	return 1;
}

/* One word of the stack, through the window. The caller has checked the address. */
static __always_inline int read_stack(struct native_walk *walk, __u64 at, __u64 *ret_word)
{
	struct stack_window *w = &walk->window;
	__u64 off = at - w->start;
	__u64 size = seam_window(at);

	if (off < w->size) {
		*ret_word = w->words[(off >> 3) & (WINDOW_WORDS - 1)];
		return 0;
	}
	if (size > sizeof(w->words))
		size = sizeof(w->words);
	w->size = 0;
	if (seam_read_user(w->words, size, at))
		return -1;
	w->start = at;
	w->size = size;
	*ret_word = w->words[0];
	return 0;
}

/* The registers that a signal interrupted lie in its frame; the stack may be another one. */
static __always_inline int step_signal(struct native_walk *walk)
{
	__u64 at = walk->sp, sp_ip[2];

	if (!plausible_stack_addr(at))
		return stop_walk(walk, STOP_READ_FAULT);
	if (seam_read_user(walk->regs, UNWIND_REG_CNT * 8, at + SIGFRAME_REGS) ||
	    seam_read_user(sp_ip, sizeof(sp_ip), at + SIGFRAME_SP))
		return stop_walk(walk, STOP_READ_FAULT);
	walk->fp = walk->regs[UNWIND_BP];
	walk->sp = sp_ip[0];
	walk->ip = sp_ip[1];
	walk->flags = WALK_F_LEAF;
	return 0;
}

/* {caller's fp, return address} lie at fp: where there are no rows, if fp is used as one, and in Go
 * where a function has left the stack of its caller (lowest: 0). A null fp is an end in Go alone: in
 * code without rows it may be any register. */
static __always_inline int step_frame_pointer(struct native_walk *walk, __u64 lowest, __u64 *cfa)
{
	__u64 fp, ra;

	if (!(walk->flags & WALK_F_FP))
		return stop_walk(walk, STOP_LOST_REG);
	if (!walk->fp && !lowest)
		return stop_walk(walk, STOP_NULL_RETURN);
	if (walk->fp < lowest || !plausible_stack_addr(walk->fp))
		return stop_walk(walk, STOP_BAD_FP);
	if (read_stack(walk, walk->fp, &fp) || read_stack(walk, walk->fp + 8, &ra))
		return stop_walk(walk, STOP_READ_FAULT);
	*cfa = walk->fp + 16;
	if (!ra)
		return stop_walk(walk, lowest ? STOP_BAD_FP : STOP_NULL_RETURN);
	walk->sp = walk->fp + 16;
	walk->fp = fp;
	walk->ip = ra;
	walk->flags = WALK_F_FP | WALK_F_GUESSED;
	return 0;
}

/* Go: the frame pointer is still the caller's, near by while this is the caller's stack. */
static __always_inline int has_left_stack(const struct native_walk *walk)
{
	return !(walk->flags & WALK_F_EXACT) || walk->fp - walk->sp >= CALLER_FRAME_MAX;
}

/* Assembler code may keep its CFA over a call in a register that no convention saves: what it calls
 * leaves it alone then. r12 to r15 would be saved, who knows where. */
static __always_inline int reg_is_known(const struct native_walk *walk, __u32 reg)
{
	if (reg == UNWIND_BX)
		return walk->flags & WALK_F_BX;
	if (reg >= UNWIND_R12 && reg <= UNWIND_R15)
		return walk->flags & WALK_F_REGS;
	return walk->flags & (WALK_F_REGS | WALK_F_CALLER);
}

static __always_inline int find_cfa_in_memory(struct native_walk *walk, __u64 base, __s32 rule,
					      __u64 *cfa)
{
	__u64 at = base + (__s64)unwind_deref_off(rule);

	if (!plausible_stack_addr(at) || read_stack(walk, at, cfa))
		return stop_walk(walk, STOP_READ_FAULT);
	*cfa += unwind_deref_add(rule);
	return 0;
}

/* CFA by a rule. Non-zero: stopped. */
static __always_inline int find_cfa(struct native_walk *walk, const struct unwind_info *info,
				    __u64 *cfa)
{
	__s64 off = info->cfa_off;

	if (info->kind == UNWIND_SP) { /* nearly all */
		*cfa = walk->sp + off;
		return 0;
	}
	switch (info->kind) {
	case UNWIND_SP_OR_END:
		if (has_left_stack(walk))
			return stop_walk(walk, STOP_END);
		*cfa = walk->sp + off;
		return 0;
	case UNWIND_SP_OR_FP:
		*cfa = walk->sp + off;
		return 0;
	case UNWIND_PLT:
		*cfa = walk->sp + 8 + ((walk->ip & 15) >= (__u64)off ? 8 : 0);
		return 0;
	case UNWIND_REG:
		if (!reg_is_known(walk, unwind_reg_idx(info->cfa_off)))
			return stop_walk(walk, STOP_LOST_REG);
		*cfa = walk->regs[unwind_reg_idx(info->cfa_off)] +
		       (__s64)unwind_reg_off(info->cfa_off);
		return 0;
	case UNWIND_SP_DEREF:
		return find_cfa_in_memory(walk, walk->sp, info->cfa_off, cfa);
	case UNWIND_FP:
	case UNWIND_FP_DEREF:
		if (!(walk->flags & WALK_F_FP))
			return stop_walk(walk, STOP_LOST_REG);
		if (info->kind == UNWIND_FP_DEREF)
			return find_cfa_in_memory(walk, walk->fp, info->cfa_off, cfa);
		*cfa = walk->fp + off;
		return 0;
	case UNWIND_END:
		return stop_walk(walk, STOP_END);
	case UNWIND_NO_ROOM:
		return stop_walk(walk, STOP_NO_ROOM);
	default:
		return stop_walk(walk, STOP_UNSUPPORTED);
	}
}

static __always_inline int restore_fp(struct native_walk *walk, const struct unwind_info *info,
				      __u64 cfa)
{
	__u64 at;

	if (info->fp_rule == UNWIND_FP_SAME)
		return 0;
	if (info->fp_rule == UNWIND_FP_AT_CFA) {
		at = cfa + 8 * (__s64)info->fp_word;
	} else if (info->fp_rule == UNWIND_FP_AT_FP && (walk->flags & WALK_F_FP)) {
		at = walk->fp + 8 * (__s64)info->fp_word;
	} else {
		walk->flags &= ~WALK_F_FP;
		return 0;
	}
	if (!plausible_stack_addr(at) || read_stack(walk, at, &walk->fp))
		return stop_walk(walk, STOP_READ_FAULT);
	walk->flags |= WALK_F_FP;
	return 0;
}

/* Only few files have such rules. Non-zero: not known from here on. */
static __always_inline int restore_bx(struct native_walk *walk, __u32 rule, __u64 cfa)
{
	__u64 at = cfa - 8ULL * rule;

	if (rule == UNWIND_BX_SAME)
		return 0;
	return !plausible_stack_addr(at) || read_stack(walk, at, &walk->regs[UNWIND_BX]);
}

/* In vfork, and at the last instruction of a throw: the stack is the landing frame's already there, which
 * rcx leads to. */
static __always_inline int step_to_reg(struct native_walk *walk, __s32 rule, __u64 *cfa)
{
	if (!(walk->flags & WALK_F_REGS))
		return stop_walk(walk, STOP_LOST_REG);
	*cfa = walk->sp + (__s64)unwind_reg_off(rule);
	walk->sp = *cfa;
	walk->ip = walk->regs[unwind_reg_idx(rule)];
	walk->flags &= WALK_F_FP;
	if (unwind_reg_idx(rule) == UNWIND_CX)
		walk->flags |= WALK_F_EXACT; /* a landing pad, not behind a call */
	return walk->ip ? 0 : stop_walk(walk, STOP_NULL_RETURN);
}

static __always_inline int step_by_rule(struct native_walk *walk, const struct unwind_info *info,
					__u64 *ret_cfa)
{
	__u32 kept = WALK_F_FP;
	__u64 cfa = 0, ra;

	if (find_cfa(walk, info, &cfa))
		return 1;
	*ret_cfa = cfa;
	if (cfa <= walk->sp)
		return stop_walk(walk, STOP_CFA_STUCK);
	if (restore_fp(walk, info, cfa)) /* first: it lies below, the window begins there */
		return 1;
	if (info->bx_rule != UNWIND_BX_UNKNOWN && !restore_bx(walk, info->bx_rule, cfa))
		kept |= WALK_F_BX;
	if (!plausible_stack_addr(cfa - 8) || read_stack(walk, cfa - 8, &ra))
		return stop_walk(walk, STOP_READ_FAULT);
	if (!ra)
		return stop_walk(walk, STOP_NULL_RETURN);
	walk->sp = cfa;
	walk->ip = ra;
	walk->flags = (walk->flags & kept) | (walk->flags & WALK_F_REGS) << 5 /* CALLER */;
	if (info->kind == UNWIND_REG && info->cfa_off == unwind_reg_rule(UNWIND_CX, 8))
		walk->flags |= WALK_F_EXACT; /* libgcc's throw: a landing pad, not behind a call */
	return 0;
}

static __always_inline int goes_by_rule(const struct native_walk *walk,
					const struct unwind_info *info)
{
	if (info->kind < UNWIND_FIRST_ODD)
		return info->kind != UNWIND_NONE;
	return info->kind == UNWIND_SP_OR_FP && info->cfa_off && !has_left_stack(walk);
}

static __always_inline int step_otherwise(struct native_walk *walk, const struct unwind_info *info,
					  __u64 *cfa, __u64 *word)
{
	switch (info->kind) {
	case UNWIND_SIGRET:
		/* The trampoline's address was put there by the kernel, not by a call. */
		*word = frame_word(FRAME_NATIVE, 0, walk->ip);
		*cfa = walk->sp;
		return step_signal(walk);
	case UNWIND_UNCALLED:
		*word = frame_word(FRAME_NATIVE, 0, walk->ip);
		return stop_walk(walk, STOP_END);
	case UNWIND_RA_REG:
		return step_to_reg(walk, info->cfa_off, cfa);
	case UNWIND_NONE:
	case UNWIND_SP_OR_FP:
		return step_frame_pointer(walk, info->kind == UNWIND_NONE ? walk->sp : 0, cfa);
	default:
		return stop_walk(walk, STOP_UNSUPPORTED);
	}
}

/* Where the address lies in nothing executable. A frame that was only guessed is taken back: a
 * register that is no frame pointer can point at anything. */
static __always_inline int stop_unmapped(struct native_walk *walk)
{
	if ((walk->flags & WALK_F_GUESSED) && walk->cnt > 1) {
		walk->cnt--;
		return stop_walk(walk, STOP_NO_ROW);
	}
	return stop_walk(walk, STOP_NO_MAPPING);
}

/* Behind a system call an address may have another rule than for anybody else: look_up_rule(); and a
 * return address is looked up one byte before its code: rule_from_code(). */
static __always_inline __u64 rule_key(const struct native_walk *walk, __u64 pc)
{
	return pc | (__u64)(walk->flags & (WALK_F_ENTERED | WALK_F_EXACT)) << 59;
}

static __always_inline void rule_from_code(const struct native_walk *walk, struct unwind_info *info)
{
	__u64 code[2];
	__s32 off;

	if (seam_read_user(code, sizeof(code), walk->ip))
		return;
	off = straight_exit(code);
	if (off)
		*info = (struct unwind_info){ .kind = UNWIND_SP, .cfa_off = off };
}

/*
 * Where no row is, the row beside it may tell. Behind a system call: that of the call, the last instruction
 * of its function (rt_sigreturn's). Of a return address: it is the first byte of a function, and what lies
 * before belongs to none, so no call left it. Somebody wrote it onto a new stack, whose end this is:
 * makecontext of the C library does.
 */
static __always_inline const struct unwind_info *rule_beside(const struct native_walk *walk,
							     const struct unwind_mapping *m,
							     __u64 pc,
							     const struct unwind_info *none)
{
	static const struct unwind_info uncalled = { .kind = UNWIND_UNCALLED };
	const struct unwind_info *beside;

	if (!(walk->flags & WALK_F_ENTERED) && (walk->flags & WALK_F_EXACT))
		return none;
	beside = find_rule(m, (walk->flags & WALK_F_ENTERED ? pc - 1 : pc + 1) - m->bias);
	if (walk->flags & WALK_F_ENTERED)
		return beside;
	return beside && beside->kind != UNWIND_NONE ? &uncalled : none;
}

/* Puts the rule of an address, found by mapping and rows, into its slot. Non-zero: stopped. */
static __always_inline int look_up_rule(struct native_walk *walk, __u64 pc,
					struct cached_rule *slot)
{
	const struct unwind_mapping *m = find_mapping(walk, pc);
	const struct unwind_info *info = 0;

	if (!m)
		return stop_unmapped(walk);
	if (m->generation != walk->run.generation)
		return stop_walk(walk, STOP_STALE);
	if (m->flags & MAPPING_F_PENDING)
		return stop_walk(walk, STOP_PENDING);
	if (m->flags & MAPPING_F_NO_ROOM)
		return stop_walk(walk, STOP_NO_ROOM);
	if (!(m->flags & MAPPING_F_FP))
		info = find_rule(m, pc - m->bias);
	if (info && info->kind == UNWIND_NONE)
		info = rule_beside(walk, m, pc, info);
	slot->key = rule_key(walk, pc);
	slot->generation = walk->run.generation;
	slot->info = info ? *info : (struct unwind_info){ .kind = UNWIND_NONE };
	if (m->flags & MAPPING_F_FP)
		rule_from_code(walk, &slot->info);
	return 0;
}

/* Fibonacci hashing: the upper bits of the product are the mixed ones. */
static __always_inline struct cached_rule *rule_slot(struct rule_cache *cache, __u64 pc)
{
	__u64 hash = pc * 0x9e3779b97f4a7c15ULL;

	return &cache->rules[(hash >> (64 - RULE_CACHE_BITS)) & (RULE_CACHE_SLOTS - 1)];
}

/*
 * Writes the frame at hand to words[] (and its CFA to cfas[]) and goes to its caller. Non-zero: the
 * walk has ended, walk->stop says why.
 */
static __always_inline int native_walk_step(struct native_walk *walk, struct native_frames *frames,
					    struct rule_cache *cache, __u64 *words)
{
	__u32 exact = walk->flags & WALK_F_EXACT;
	__u64 pc = exact ? walk->ip : walk->ip - 1;
	struct cached_rule *slot = rule_slot(cache, pc);
	__u32 n = walk->cnt;
	__u64 cfa = 0;
	int ended;

	if (n >= walk->max_depth || n >= MAX_USER_FRAMES)
		return stop_walk(walk, STOP_MAX_DEPTH);
	words[n] = frame_word(FRAME_NATIVE, exact ? 0 : FRAME_F_RETURN, walk->ip);
	frames->cfas[n] = 0;
	walk->cnt = n + 1;
	if ((slot->key != rule_key(walk, pc) || slot->generation != walk->run.generation) &&
	    look_up_rule(walk, pc, slot))
		return 1;

	if (goes_by_rule(walk, &slot->info))
		ended = step_by_rule(walk, &slot->info, &cfa);
	else
		ended = step_otherwise(walk, &slot->info, &cfa, &words[n]);
	frames->cfas[n] = cfa;
	return ended;
}
