// SPDX-License-Identifier: Apache-2.0
#include "collector/dump/frame_locals.h"

#include <errno.h>
#include <stdio.h>

#include "common/cleanup.h"
#include "symbolizer/python/locals.h"

static void put(void *ctx, const char *name, const char *value)
{
	FILE *to = ctx;

	fprintf(to, "%s = %s", name, value);
	fputc(0, to);
}

static const char *reason(int err)
{
	switch (err) {
	case -ENOTSUP:
		return "(the local variables of this version are not known)";
	case -EBADMSG:
		return "(the local variables do not lie where this version has them)";
	case -ESTALE:
		return "(the thread ran on: the local variables are others by now; --stop holds it)";
	default:
		return "(the local variables cannot be read)";
	}
}

char *frame_locals(const struct python_memory *memory, const struct python_layout *layout,
		   uint64_t frame, uint64_t code, size_t *ret_size)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	int err;

	if (!to)
		return NULL;
	err = python_locals__read(memory, layout, frame, code, put, to);
	if (err) {
		fputs(reason(err), to);
		fputc(0, to);
	}
	fclose(to);
	*ret_size = size;
	return text;
}
