// SPDX-License-Identifier: Apache-2.0
#include "collector/python/merge.h"

#include <stddef.h>

#include "bpf/shared/frame.h"

struct merge {
	const struct unmerged_stack *stack;
	struct merged_frame *out;
	uint32_t cnt;
	uint32_t native_cnt;
	uint32_t at; /* the next word of the Python part */
};

uint32_t merge_native_cnt(const __u64 *words, uint32_t word_cnt)
{
	uint32_t cnt = 0;

	while (cnt < word_cnt && frame_kind(words[cnt]) == FRAME_NATIVE)
		cnt++;
	return cnt;
}

static void put(struct merge *m, enum merged_kind kind, uint32_t word)
{
	const struct merged_frame *inner = m->cnt ? &m->out[m->cnt - 1] : NULL;

	if (kind == MERGED_NATIVE && inner && inner->kind == MERGED_EVAL &&
	    m->stack->in_no_file[word])
		kind = MERGED_EVAL;
	m->out[m->cnt++] = (struct merged_frame){ kind, word };
}

/* The words of one frame or anchor; 0: no more, or not whole. */
static uint32_t next_size(const struct merge *m, uint32_t at)
{
	uint32_t size;

	if (at >= m->stack->word_cnt)
		return 0;
	size = 1 + frame_extra_words(frame_kind(m->stack->words[at]));
	return size <= m->stack->word_cnt - at ? size : 0;
}

static bool is_anchor(const struct merge *m, uint32_t at)
{
	return frame_kind(m->stack->words[at]) == FRAME_PYTHON_ANCHOR;
}

/* The native frame of the next anchor; PYTHON_NO_NATIVE: there is none. */
static uint32_t next_anchor(const struct merge *m)
{
	for (uint32_t at = m->at, size; (size = next_size(m, at)); at += size)
		if (is_anchor(m, at))
			return (uint32_t)frame_payload(m->stack->words[at]);
	return PYTHON_NO_NATIVE;
}

static bool has_anchor(const struct merge *m)
{
	for (uint32_t at = m->at, size; (size = next_size(m, at)); at += size)
		if (is_anchor(m, at))
			return true;
	return false;
}

/* One frame; false: none is left. Anchors are passed over. */
static bool take_frame(struct merge *m)
{
	uint32_t size;

	while ((size = next_size(m, m->at))) {
		uint32_t at = m->at;

		m->at += size;
		if (is_anchor(m, at))
			continue;
		put(m, MERGED_PYTHON, at);
		return true;
	}
	return false;
}

/* The frames up to the next anchor, and that. */
static void take_group(struct merge *m)
{
	uint32_t size;

	while ((size = next_size(m, m->at)) && !is_anchor(m, m->at)) {
		put(m, MERGED_PYTHON, m->at);
		m->at += size;
	}
	m->at += size;
}

/* The frames at hand lost their anchor when the stack was cut. */
static bool in_cut_group(const struct merge *m, uint32_t anchor)
{
	return m->stack->python_cut && anchor == PYTHON_NO_NATIVE && next_size(m, m->at);
}

/* An address in no file that ends a broken stack was read from one that is not there. */
static uint32_t believed_cnt(const struct merge *m)
{
	const struct unmerged_stack *s = m->stack;
	bool broken = m->native_cnt && s->python_whole && !s->native_whole;

	return broken && s->in_no_file[m->native_cnt - 1] ? m->native_cnt - 1 : m->native_cnt;
}

/* No eval loop behind the last anchor of all is of this stack. */
static bool ends_before(const struct merge *m, uint32_t i)
{
	return m->stack->in_eval[i] && m->stack->python_whole && m->at > m->native_cnt &&
	       !next_size(m, m->at);
}

/* An eval loop without an anchor can only be the youngest: it has none yet, or none any more. */
static void merge_by_anchors(struct merge *m)
{
	uint32_t anchor = next_anchor(m), cnt = believed_cnt(m);
	bool first = true, cut = false;

	for (uint32_t i = 0; i < cnt && !cut && !ends_before(m, i); i++) {
		bool its = i == anchor;

		cut = m->stack->in_eval[i] && in_cut_group(m, anchor);
		if (its || cut) {
			take_group(m);
			anchor = next_anchor(m);
		}
		put(m, its || cut || (first && m->stack->in_eval[i]) ? MERGED_EVAL : MERGED_NATIVE,
		    i);
		first = first && !its && !m->stack->in_eval[i];
	}
}

static uint32_t count_python(const struct merge *m)
{
	uint32_t cnt = 0;

	for (uint32_t at = m->at, size; (size = next_size(m, at)); at += size)
		cnt += !is_anchor(m, at);
	return cnt;
}

static uint32_t count_eval(const struct merge *m)
{
	uint32_t cnt = 0;

	for (uint32_t i = 0; i < m->native_cnt; i++)
		cnt += m->stack->in_eval[i];
	return cnt;
}

/* One eval loop too many is the youngest, without its frame yet, or any more while its result is checked. More
 * are not of this stack, but of one that a greenlet left. */
static void merge_by_counting(struct merge *m)
{
	uint32_t python = count_python(m), eval = count_eval(m);
	bool from_oldest = m->stack->native_whole && m->stack->python_whole;
	uint32_t without = from_oldest && eval == python + 1;
	uint32_t extra = from_oldest && python > eval ? python - eval : 0;

	for (uint32_t i = 0; i < m->native_cnt; i++) {
		if (m->stack->python_cut && !next_size(m, m->at))
			break;
		if (!m->stack->in_eval[i]) {
			put(m, MERGED_NATIVE, i);
			continue;
		}
		for (; extra; extra--)
			take_frame(m);
		if (without)
			without--;
		else if (!take_frame(m)) {
			if (from_oldest)
				return; /* of another stack */
			put(m, MERGED_NATIVE, i);
			continue;
		}
		put(m, MERGED_EVAL, i);
	}
}

uint32_t merge_stack(const struct unmerged_stack *stack, struct merged_frame *out)
{
	struct merge m = { .stack = stack,
			   .out = out,
			   .native_cnt = merge_native_cnt(stack->words, stack->word_cnt) };

	m.at = m.native_cnt;
	if (!next_size(&m, m.at)) { /* no Python: the native frames as they are */
		for (uint32_t i = 0; i < m.native_cnt; i++)
			put(&m, MERGED_NATIVE, i);
		return m.cnt;
	}
	if (next_anchor(&m) != PYTHON_NO_NATIVE || (stack->python_cut && has_anchor(&m)))
		merge_by_anchors(&m);
	else
		merge_by_counting(&m);
	while (take_frame(&m)) /* the native stack ended before them */
		;
	return m.cnt;
}
