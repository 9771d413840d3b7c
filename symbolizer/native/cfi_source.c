// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/cfi_source.h"

#include <errno.h>
#include <stdlib.h>

#include "symbolizer/native/eh_frame.h"
#include "symbolizer/native/go_functions.h"
#include "symbolizer/native/init_code.h"

#define MAX_FUNCTIONS (4U << 20)

enum teller { TELLER_EH_FRAME, TELLER_GO, TELLER_INIT };

struct cfi_source {
	struct eh_frame eh_frame;
	struct go_functions *go; /* owned; NULL: no Go program */
	struct init_code init[2];
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

static int add_init(struct cfi_source *s, struct elf_file *file)
{
	static const char *const names[] = { ".init", ".fini" };
	int err = 0;

	for (uint32_t i = 0; !err && i < 2; i++) {
		s->init[i] = init_code_of(file, names[i]);
		if (s->init[i].size)
			err = add(s, (struct cfi_function){ s->init[i].start, s->init[i].size, i,
							    TELLER_INIT });
	}
	return err;
}

static int compare_functions(const void *a, const void *b)
{
	const struct cfi_function *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->idx < y->idx ? -1 : x->idx > y->idx;
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
	if (!err && !s->cnt)
		return -ENODATA;
	if (!err)
		err = add_init(s, file);
	if (!err && s->unsorted)
		qsort(s->functions, s->cnt, sizeof(*s->functions), compare_functions);
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

void cfi_source__rules(struct cfi_source *source, const struct cfi_function *function,
		       bool with_bx, cfi_rule_fn fn, void *ctx)
{
	switch ((enum teller)function->teller) {
	case TELLER_EH_FRAME:
		eh_frame_rules(&source->eh_frame, function->idx, with_bx, fn, ctx);
		break;
	case TELLER_GO:
		go_functions__rules(source->go, function->idx, fn, ctx);
		break;
	case TELLER_INIT:
		init_code_rules(&source->init[function->idx], with_bx, fn, ctx);
		break;
	}
}
