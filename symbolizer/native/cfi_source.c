// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/cfi_source.h"

#include <errno.h>
#include <stdlib.h>

#include "common/radix_sort.h"
#include "symbolizer/native/crt_code.h"
#include "symbolizer/native/eh_frame.h"
#include "symbolizer/native/go_functions.h"

#define MAX_FUNCTIONS (4U << 20)

enum teller { TELLER_EH_FRAME, TELLER_GO, TELLER_CRT };

struct cfi_source {
	struct eh_frame eh_frame;
	struct go_functions *go; /* owned; NULL: no Go program */
	struct crt_code crt[3]; /* .init, .fini, _start */
	struct cfi_function *functions; /* owned */
	uint32_t cnt;
	uint32_t room;
	uint32_t bad;
	bool unsorted;
};

static int add(struct cfi_source *s, struct cfi_function function)
{
	if (s->cnt == MAX_FUNCTIONS)
		return 0;
	if (s->cnt == s->room) {
		uint32_t room = s->room ? s->room * 2 : 1024;
		struct cfi_function *more = realloc(s->functions, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->functions = more;
		s->room = room;
	}
	if (s->cnt && s->functions[s->cnt - 1].start > function.start)
		s->unsorted = true;
	s->functions[s->cnt++] = function;
	return 0;
}

static int add_fde(void *ctx, uint64_t start, uint64_t size, uint32_t off)
{
	return add(ctx, (struct cfi_function){ start, size, off, TELLER_EH_FRAME });
}

static int add_go(struct cfi_source *s)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < go_functions__cnt(s->go); i++) {
		struct go_function f = go_functions__at(s->go, i);

		if (f.size)
			err = add(s, (struct cfi_function){ f.start, f.size, i, TELLER_GO });
	}
	return err;
}

static int add_crt(struct cfi_source *s, uint32_t idx, struct crt_code code)
{
	s->crt[idx] = code;
	if (!code.size)
		return 0;
	return add(s, (struct cfi_function){ code.start, code.size, idx, TELLER_CRT });
}

static int sort(struct cfi_source *s)
{
	if (s->unsorted && radix_sort(s->functions, s->cnt, sizeof(*s->functions)))
		return -ENOMEM;
	s->unsorted = false;
	return 0;
}

/* How many functions begin at or below an address. */
static uint32_t upper_bound(const struct cfi_source *s, uint64_t elf_vaddr)
{
	uint32_t low = 0, high = s->cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (s->functions[mid].start <= elf_vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Where nobody else tells of it. */
static int add_start(struct cfi_source *s, struct elf_file *file)
{
	uint64_t entry = elf_file__entry(file);
	uint32_t next = upper_bound(s, entry);
	struct crt_code code;

	if (next && entry - s->functions[next - 1].start < s->functions[next - 1].size)
		return 0;
	code = crt_start_of(file);
	if (code.size && next < s->cnt && s->functions[next].start - entry < code.size)
		code.size = s->functions[next].start - entry;
	return add_crt(s, 2, code);
}

/* Not all files have the FDEs sorted. */
static int load(struct cfi_source *s, struct elf_file *file)
{
	int err = go_functions__load(file, &s->go);

	if (err && err != -ENODATA)
		return err;
	s->eh_frame = eh_frame_of(file);
	err = eh_frame_each(&s->eh_frame, add_fde, s, &s->bad);
	if (!err && s->go)
		err = add_go(s);
	if (!err)
		err = add_crt(s, 0, crt_init_of(file, ".init"));
	if (!err)
		err = add_crt(s, 1, crt_init_of(file, ".fini"));
	if (!err)
		err = sort(s);
	if (!err)
		err = add_start(s, file);
	if (!err)
		err = s->cnt ? sort(s) : -ENODATA;
	return err;
}

int cfi_source__load(struct elf_file *file, struct cfi_source **ret_source)
{
	scope_free(cfi_source) struct cfi_source *source = calloc(1, sizeof(*source));
	int err;

	if (!source)
		return -ENOMEM;
	err = load(source, file);
	if (!err)
		*ret_source = take_ptr(source);
	return err;
}

void cfi_source__free(struct cfi_source *source)
{
	if (!source)
		return;
	go_functions__free(source->go);
	free(source->functions);
	free(source);
}

const struct cfi_function *cfi_source__functions(const struct cfi_source *source, uint32_t *ret_cnt)
{
	*ret_cnt = source->cnt;
	return source->functions;
}

uint32_t cfi_source__bad(const struct cfi_source *source)
{
	return source->bad;
}

void cfi_source__rules(struct cfi_source *source, const struct cfi_function *function, bool with_bx,
		       cfi_rule_fn fn, void *ctx)
{
	switch ((enum teller)function->teller) {
	case TELLER_EH_FRAME:
		eh_frame_rules(&source->eh_frame, function->idx, with_bx, fn, ctx);
		break;
	case TELLER_GO:
		go_functions__rules(source->go, function->idx, fn, ctx);
		break;
	case TELLER_CRT:
		crt_code_rules(&source->crt[function->idx], with_bx, fn, ctx);
		break;
	}
}
