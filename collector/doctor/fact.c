// SPDX-License-Identifier: Apache-2.0
#include "collector/doctor/fact.h"

#include <stdarg.h>
#include <string.h>

#include "common/text.h"

void fact__set(struct fact *fact, enum fact_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fact->found, sizeof(fact->found), format, args);
	va_end(args);
	fact->level = level;
}

void fact__add(struct fact *fact, const char *format, ...)
{
	size_t len = strlen(fact->found);
	va_list args;

	va_start(args, format);
	vsnprintf(fact->found + len, sizeof(fact->found) - len, format, args);
	va_end(args);
}

void fact__mend(struct fact *fact, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fact->mend, sizeof(fact->mend), format, args);
	va_end(args);
}

void fact__print(FILE *to, const char *name, const struct fact *fact)
{
	static const char *const words[] = { "ok", "warn", "bad" };

	fprintf(to, "%-5s ", words[fact->level]);
	text_print(to, name);
	fputs(": ", to);
	text_print(to, fact->found);
	if (*fact->mend) {
		fputs("; ", to);
		text_print(to, fact->mend);
	}
	fputc('\n', to);
}
