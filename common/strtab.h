// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Interned strings: equal strings have equal ids, ids count from 0, and id 0 is "". A string's
 * address is stable until the table is freed. Not thread-safe.
 */
#include <stdint.h>

#include "common/cleanup.h"

struct strtab;

struct strtab *strtab__new(void); /* NULL: no memory */
void strtab__free(struct strtab *tab);
DEFINE_FREEP(strtab)

/* The id of a string; 0 for NULL and, after a log line, when memory is short. */
uint32_t strtab__id(struct strtab *tab, const char *text);
uint32_t strtab__id_n(struct strtab *tab, const char *text, size_t len);

const char *strtab__text(const struct strtab *tab, uint32_t id); /* "" for an unknown id */
uint32_t strtab__cnt(const struct strtab *tab);
uint64_t strtab__bytes(const struct strtab *tab); /* held */
void strtab__limit(struct strtab *tab, uint64_t bytes); /* beyond it new strings are "" */
