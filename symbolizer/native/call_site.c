// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/call_site.h"

#include <elf.h>

#include "symbolizer/native/x86_64_call.h"
#include "symbolizer/symbolizer.h"

#define WINDOW 4096 /* bytes read at once: return addresses come in flocks */

struct judge {
	struct elf_file *file; /* borrowed */
	struct view
		window; /* what was read last: of which segment, around which page, from where on */
	const struct elf_segment *segment;
	uint64_t page;
	uint64_t window_off;
	struct symbol_table *symbols; /* owned; NULL: not needed yet */
	bool no_symbols;
};

static const struct elf_segment *code_segment(const struct elf_file *file, uint64_t elf_vaddr)
{
	size_t cnt;
	const struct elf_segment *segments = elf_file__segments(file, &cnt);

	for (size_t i = 0; i < cnt; i++)
		if (segments[i].executable && elf_vaddr >= segments[i].elf_vaddr &&
		    elf_vaddr - segments[i].elf_vaddr < segments[i].file_sz)
			return &segments[i];
	return NULL;
}

/* Reads the page of a file offset, with what a call at its start may have before, within the segment. */
static int read_window(struct judge *j, const struct elf_segment *s, uint64_t off)
{
	uint64_t page = off & ~(WINDOW - 1ULL), start = page, end = page + WINDOW;
	int err;

	if (j->segment == s && j->page == page)
		return 0;
	start = start > s->file_off + X86_64_CALL_MAX ? start - X86_64_CALL_MAX : s->file_off;
	if (end > s->file_off + s->file_sz)
		end = s->file_off + s->file_sz;
	err = elf_file__bytes(j->file, start, end - start, &j->window);
	j->segment = err ? NULL : s;
	j->page = page;
	j->window_off = start;
	return err;
}

/* The segment's bytes up to one of them: as many as a call may have, fewer at its start; empty: unreadable. */
static struct view bytes_up_to(struct judge *j, const struct elf_segment *s, uint64_t off)
{
	size_t size;

	if (read_window(j, s, off))
		return (struct view){ .bad = true };
	size = off + 1 - j->window_off;
	if (size > X86_64_CALL_MAX)
		return view_sub(&j->window, size - X86_64_CALL_MAX, X86_64_CALL_MAX);
	return view_sub(&j->window, 0, size);
}

static bool is_start(struct judge *j, uint64_t elf_vaddr)
{
	struct symbol_name symbol;

	if (!j->symbols && !j->no_symbols)
		j->no_symbols = symbol_table__load(j->file, NULL, &j->symbols);
	if (!j->symbols)
		return false;
	symbol = symbol_table__find(j->symbols, elf_vaddr);
	return symbol.source != NAME_NONE && symbol.start == elf_vaddr;
}

static enum call_verdict judge_x86_64(struct judge *j, uint64_t last)
{
	const struct elf_segment *s = code_segment(j->file, last);
	struct x86_64_call call;
	struct view code;

	if (!s)
		return CALL_NOT_JUDGED;
	code = bytes_up_to(j, s, last - s->elf_vaddr + s->file_off);
	if (code.bad)
		return CALL_NOT_JUDGED;
	call = x86_64_call_before(code);
	/* a linker leads every direct call to code of its own file */
	if (call.indirect || (call.direct && code_segment(j->file, last + 1 + (uint64_t)call.rel)))
		return CALL_FOUND;
	return is_start(j, last + 1) || is_start(j, last) ? CALL_START : CALL_REFUTED;
}

void call_sites_judge(struct elf_file *file, const uint64_t *elf_vaddrs, uint32_t cnt,
		      uint8_t *verdicts)
{
	struct judge j = { .file = file };
	bool known = elf_file__machine(file) == EM_X86_64;

	for (uint32_t i = 0; i < cnt; i++)
		if (verdicts[i] != CALL_NOT_ASKED)
			verdicts[i] = known ? judge_x86_64(&j, elf_vaddrs[i]) : CALL_NOT_JUDGED;
	symbol_table__free(j.symbols);
}
