// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/kernel/kallsyms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_MODULES 4096
#define PAGE 4096ULL

struct symbol {
	uint64_t start;
	uint32_t name; /* offset in the pool */
	uint16_t module; /* index */
	uint16_t global;
};

struct kallsyms {
	struct symbol *symbols; /* owned, as the rest */
	char *pool;
	uint32_t *modules; /* names: offsets in the pool; [0] is "" */
	uint32_t cnt;
	uint32_t room;
	uint32_t pool_size;
	uint32_t pool_room;
	uint32_t module_cnt;
	uint64_t text_start;
	uint64_t text_end;
};

static bool add_text(struct kallsyms *k, const char *text, size_t len, uint32_t *ret_off)
{
	if (len + 1 > k->pool_room - k->pool_size) {
		uint32_t room = k->pool_room ? k->pool_room * 2 : 1 << 20;
		char *more = len < 65536 ? realloc(k->pool, room) : NULL;

		if (!more)
			return false;
		k->pool = more;
		k->pool_room = room;
	}
	memcpy(k->pool + k->pool_size, text, len);
	k->pool[k->pool_size + len] = 0;
	*ret_off = k->pool_size;
	k->pool_size += (uint32_t)len + 1;
	return true;
}

/* Lines of one module stand together: the last one is nearly always it. */
static int module_index(struct kallsyms *k, const char *name, size_t len, uint16_t *ret_idx)
{
	for (uint32_t i = k->module_cnt; i > 0; i--) {
		const char *known = k->pool + k->modules[i - 1];

		if (strlen(known) == len && !memcmp(known, name, len)) {
			*ret_idx = (uint16_t)(i - 1);
			return 0;
		}
	}
	if (k->module_cnt == MAX_MODULES || !add_text(k, name, len, &k->modules[k->module_cnt]))
		return -ENOMEM;
	*ret_idx = (uint16_t)k->module_cnt++;
	return 0;
}

static int add_symbol(struct kallsyms *k, uint64_t start, bool global, const char *name,
		      size_t name_len, const char *module, size_t module_len)
{
	struct symbol s = { .start = start, .global = global };

	if (k->cnt == k->room) {
		uint32_t room = k->room ? k->room * 2 : 65536;
		struct symbol *more = realloc(k->symbols, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		k->symbols = more;
		k->room = room;
	}
	if (module_index(k, module, module_len, &s.module) || !add_text(k, name, name_len, &s.name))
		return -ENOMEM;
	k->symbols[k->cnt++] = s;
	return 0;
}

static const char *read_hex(const char *at, const char *end, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (; at < end; at++) {
		char c = *at;

		if (c >= '0' && c <= '9')
			value = value << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uint64_t)(c - 'a' + 10);
		else
			break;
	}
	*ret_value = value;
	return at;
}

static void note_bounds(struct kallsyms *k, const char *name, size_t len, uint64_t start)
{
	if (len == 5 && !memcmp(name, "_text", 5))
		k->text_start = start;
	else if (len == 6 && !memcmp(name, "_etext", 6))
		k->text_end = start;
}

static int parse_line(struct kallsyms *k, const char *at, const char *end, bool *hidden)
{
	const char *name, *name_end, *module = "", *module_end = module;
	uint64_t start;
	char type;

	at = read_hex(at, end, &start);
	if (end - at < 4 || at[0] != ' ' || at[2] != ' ')
		return 0;
	type = at[1];
	name = at + 3;
	name_end = memchr(name, '\t', (size_t)(end - name));
	if (name_end) {
		module = memchr(name_end, '[', (size_t)(end - name_end));
		module_end = module ? memchr(module, ']', (size_t)(end - module)) : NULL;
		if (!module_end)
			return 0;
		module++;
	} else {
		name_end = end;
	}
	if (!start) {
		*hidden = true;
		return 0;
	}
	if (module_end == module) /* a module's own _etext is not the kernel's */
		note_bounds(k, name, (size_t)(name_end - name), start);
	if (type != 't' && type != 'T' && type != 'w' && type != 'W')
		return 0;
	return add_symbol(k, start, type == 'T', name, (size_t)(name_end - name), module,
			  (size_t)(module_end - module));
}

static int compare_symbols(const void *a, const void *b, void *pool)
{
	const struct symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->global != y->global)
		return x->global ? -1 : 1;
	return strcmp((char *)pool + x->name, (char *)pool + y->name);
}

static void settle(struct kallsyms *k)
{
	uint32_t kept = 0;

	qsort_r(k->symbols, k->cnt, sizeof(*k->symbols), compare_symbols, k->pool);
	for (uint32_t i = 0; i < k->cnt; i++)
		if (!kept || k->symbols[kept - 1].start != k->symbols[i].start)
			k->symbols[kept++] = k->symbols[i];
	k->cnt = kept;
}

int kallsyms__parse(const char *text, size_t size, struct kallsyms **ret_kallsyms)
{
	scope_free(kallsyms) struct kallsyms *k = calloc(1, sizeof(*k));
	const char *end = text + size;
	bool hidden = false;
	uint16_t none;

	if (k)
		k->modules = calloc(MAX_MODULES, sizeof(*k->modules));
	if (!k || !k->modules || module_index(k, "", 0, &none))
		return -ENOMEM;
	for (const char *at = text; at < end;) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		int err;

		if (!line_end)
			line_end = end;
		err = parse_line(k, at, line_end, &hidden);
		if (err)
			return err;
		at = line_end + 1;
	}
	if (!k->cnt)
		return hidden ? -EACCES : -ENODATA;
	settle(k);
	*ret_kallsyms = take_ptr(k);
	return 0;
}

void kallsyms__free(struct kallsyms *k)
{
	if (!k)
		return;
	free(k->symbols);
	free(k->pool);
	free(k->modules);
	free(k);
}

/* A symbol has no size: it reaches to the next one; the last of a module to the end of its page. */
struct kernel_symbol kallsyms__find(const struct kallsyms *k, uint64_t addr)
{
	uint32_t low = 0, high = k->cnt;
	const struct symbol *s;
	uint64_t end;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (k->symbols[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return (struct kernel_symbol){ .module = "" };
	s = &k->symbols[low - 1];
	end = low < k->cnt && k->symbols[low].module == s->module ? k->symbols[low].start :
								    (s->start | (PAGE - 1)) + 1;
	if (addr >= end ||
	    (!s->module && k->text_end && s->start < k->text_end && addr >= k->text_end))
		return (struct kernel_symbol){ .module = "" };
	return (struct kernel_symbol){ k->pool + s->name, k->pool + k->modules[s->module],
				       s->start };
}

uint64_t kallsyms__text_start(const struct kallsyms *k)
{
	return k->text_start;
}

uint64_t kallsyms__text_end(const struct kallsyms *k)
{
	return k->text_end;
}

int kallsyms__module_range(const struct kallsyms *k, const char *module, uint64_t *ret_start,
			   uint64_t *ret_end)
{
	uint64_t start = UINT64_MAX, end = 0;

	for (uint32_t i = 0; i < k->cnt; i++) {
		const struct symbol *s = &k->symbols[i];

		if (strcmp(k->pool + k->modules[s->module], module))
			continue;
		if (s->start < start)
			start = s->start;
		if (s->start >= end)
			end = (s->start | (PAGE - 1)) + 1;
	}
	if (!end)
		return -ENOENT;
	*ret_start = start & ~(PAGE - 1);
	*ret_end = end;
	return 0;
}
