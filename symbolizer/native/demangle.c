// SPDX-License-Identifier: Apache-2.0
/*
 * Three hundred bytes of a mangled name can stand for a gigabyte: substitutions double it again
 * and again. So the demanglers print into a bounded buffer, and are left by longjmp() when it is
 * full; both keep their state on the stack.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#include "symbolizer/symbolizer.h"

#define MAX_LINKAGE 16384
#define MAX_NAME 65536

struct sink {
	jmp_buf full;
	char *text; /* owned */
	size_t len;
	size_t room;
	bool failed;
};

static bool grow(struct sink *s, size_t wanted)
{
	size_t room = s->room ? s->room : 128;
	char *more;

	while (room < wanted)
		room *= 2;
	more = room > s->room ? realloc(s->text, room) : s->text;
	if (!more)
		return false;
	s->text = more;
	s->room = room;
	return true;
}

static void take(const char *part, size_t len, void *ctx)
{
	struct sink *s = ctx;
	bool full = len > MAX_NAME - s->len;

	if (!len) /* part may be NULL then */
		return;
	if (full)
		len = MAX_NAME - s->len;
	s->failed = !grow(s, s->len + len + 1);
	if (s->failed)
		longjmp(s->full, 1);
	memcpy(s->text + s->len, part, len);
	s->len += len;
	s->text[s->len] = 0;
	if (full)
		longjmp(s->full, 1);
}

static char *run(int (*demangler)(const char *, int, demangle_callbackref, void *),
		 const char *linkage, int options)
{
	struct sink s = { .text = NULL };
	volatile bool whole = true;

	if (!setjmp(s.full))
		whole = demangler(linkage, options, take, &s);
	if (whole && !s.failed && s.len)
		return s.text;
	free(s.text);
	return NULL;
}

char *demangle(const char *linkage)
{
	size_t len = strlen(linkage);
	char *name;

	if (len > MAX_LINKAGE || len < 3 || linkage[0] != '_')
		return NULL;
	name = run(rust_demangle_callback, linkage, DMGL_NO_OPTS);
	/* without DMGL_PARAMS: the list and the return type go, template arguments stay */
	return name ? name : run(cplus_demangle_v3_callback, linkage, DMGL_ANSI);
}
