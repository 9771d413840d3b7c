// SPDX-License-Identifier: Apache-2.0
#include "common/strtab.h"
#include "common/hash_rows.h"

#include <stdbool.h>
#include <string.h>

#include "common/log.h"

#define MALLOC_BYTES 16UL /* it keeps some, and rounds */

struct entry {
	UT_hash_handle hh;
	uint32_t id;
	char text[];
};

struct strtab {
	struct entry *by_text; /* owned */
	const char **texts; /* by id; borrowed from the entries */
	uint32_t cnt;
	uint32_t room;
	uint64_t bytes; /* of the entries */
	uint64_t limit; /* 0: none */
};

static bool grow(struct strtab *tab)
{
	uint32_t room = tab->room ? tab->room * 2 : 256;
	const char **texts = realloc(tab->texts, room * sizeof(*texts));

	if (!texts)
		return false;
	tab->texts = texts;
	tab->room = room;
	return true;
}

struct strtab *strtab__new(void)
{
	struct strtab *tab = calloc(1, sizeof(*tab));

	if (!tab)
		return NULL;
	strtab__id_n(tab, "", 0);
	if (!tab->cnt) {
		strtab__free(tab);
		return NULL;
	}
	return tab;
}

void strtab__free(struct strtab *tab)
{
	if (!tab)
		return;
	HASH_FREE_ALL(tab->by_text, entry);
	free(tab->texts);
	free(tab);
}

uint64_t strtab__bytes(const struct strtab *tab)
{
	return tab->bytes + tab->room * sizeof(*tab->texts);
}

void strtab__limit(struct strtab *tab, uint64_t bytes)
{
	tab->limit = bytes;
}

uint32_t strtab__id_n(struct strtab *tab, const char *text, size_t len)
{
	struct entry *e;

	if (!len)
		text = ""; /* foreign readers give NULL for it */
	HASH_FIND(hh, tab->by_text, text, len, e);
	if (e)
		return e->id;
	if (tab->limit && strtab__bytes(tab) + sizeof(*e) + len > tab->limit)
		return 0;
	e = malloc(sizeof(*e) + len + 1);
	if (!e || (tab->cnt == tab->room && !grow(tab))) {
		log_error("out of memory: a name is lost");
		free(e);
		return 0;
	}
	memcpy(e->text, text, len);
	e->text[len] = 0;
	e->id = tab->cnt++;
	tab->texts[e->id] = e->text;
	tab->bytes += (sizeof(*e) + len + 1 + MALLOC_BYTES) & ~(MALLOC_BYTES - 1);
	HASH_ADD(hh, tab->by_text, text, len, e);
	return e->id;
}

uint32_t strtab__id(struct strtab *tab, const char *text)
{
	return text ? strtab__id_n(tab, text, strlen(text)) : 0;
}

const char *strtab__text(const struct strtab *tab, uint32_t id)
{
	return id < tab->cnt ? tab->texts[id] : "";
}

uint32_t strtab__cnt(const struct strtab *tab)
{
	return tab->cnt;
}
