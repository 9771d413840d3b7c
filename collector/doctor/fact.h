// SPDX-License-Identifier: Apache-2.0
#pragma once

/* One line of doctor: what was found, whether that is good, and what to do where it is not. */
#include <stdio.h>

enum fact_level {
	FACT_OK,
	FACT_WARN, /* the profile will have less in it */
	FACT_BAD, /* of the host: record will not work; of a file: its part of a stack is missing */
};

struct fact {
	enum fact_level level;
	char found[512];
	char mend[512]; /* "": nothing to do */
};

void fact__set(struct fact *fact, enum fact_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void fact__add(struct fact *fact, const char *format, ...) /* to what was found */
	__attribute__((format(printf, 2, 3)));
void fact__mend(struct fact *fact, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "warn  NAME: FOUND; MEND". Names and paths of a target may hold anything: what is not printable
 * comes out as '?'. */
void fact__print(FILE *to, const char *name, const struct fact *fact);
