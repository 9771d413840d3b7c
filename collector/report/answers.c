// SPDX-License-Identifier: Apache-2.0
#include "collector/report/answers.h"

#include <errno.h>
#include <stdlib.h>

enum { NOT_ASKED, NO, YES };

int answers__init(struct answers *a, const struct strtab *texts,
		  bool (*ask)(void *ctx, const char *text), void *ctx)
{
	*a = (struct answers){ texts, ask, ctx, calloc(strtab__cnt(texts), sizeof(*a->known)) };
	return a->known ? 0 : -ENOMEM;
}

void answers__fini(struct answers *a)
{
	free(a->known);
}

bool answers__get(struct answers *a, uint32_t id)
{
	if (a->known[id] == NOT_ASKED)
		a->known[id] = a->ask(a->ctx, strtab__text(a->texts, id)) ? YES : NO;
	return a->known[id] == YES;
}
