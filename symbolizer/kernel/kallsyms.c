// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/kernel/kallsyms.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/kernel/symbol_text.h"

#define MAX_MODULES 4096
#define PAGE 4096ULL

struct symbol {
	uint64_t start;
	uint32_t name; /* offset in the pool, which grows in the order of the text */
	uint16_t module; /* index */
	bool is_end; /* no symbol: the end of one whose next one is not known */
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
	struct kernel_bounds bounds;
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

static int add_symbol(struct kallsyms *k, uint64_t start, bool is_end, const char *name,
		      size_t name_len, const char *module, size_t module_len)
{
	struct symbol s = { .start = start, .is_end = is_end };

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
		k->bounds.text_start = start;
	else if (len == 6 && !memcmp(name, "_etext", 6))
		k->bounds.text_end = start;
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
	return add_symbol(k, start, false, name, (size_t)(name_end - name), module,
			  (size_t)(module_end - module));
}

/* Of several at one address, the one listed first is the one that the kernel itself speaks of. */
static int compare_symbols(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->is_end != y->is_end)
		return x->is_end ? 1 : -1;
	return x->name < y->name ? -1 : x->name > y->name;
}

void kallsyms__settle(struct kallsyms *k)
{
	uint32_t kept = 0;

	if (k->cnt)
		qsort(k->symbols, k->cnt, sizeof(*k->symbols), compare_symbols);
	for (uint32_t i = 0; i < k->cnt; i++)
		if (!kept || k->symbols[kept - 1].start != k->symbols[i].start)
			k->symbols[kept++] = k->symbols[i];
	k->cnt = kept;
}

int kallsyms__new(const struct kernel_bounds *bounds, struct kallsyms **ret_kallsyms)
{
	scope_free(kallsyms) struct kallsyms *k = calloc(1, sizeof(*k));
	uint16_t none;

	if (k)
		k->modules = calloc(MAX_MODULES, sizeof(*k->modules));
	if (!k || !k->modules || module_index(k, "", 0, &none))
		return -ENOMEM;
	k->bounds = *bounds;
	*ret_kallsyms = take_ptr(k);
	return 0;
}

/* "%pS" says nothing of it, where /proc/kallsyms has "[bpf]". The kernel has functions of such names. */
static bool is_bpf(const struct kallsyms *k, uint64_t start, const struct symbol_text *symbol)
{
	const struct kernel_bounds *b = &k->bounds;

	return !symbol->module_len && symbol->name_len > 4 && !strncmp(symbol->name, "bpf_", 4) &&
	       b->code_end && (start < b->text_start || start >= b->code_end);
}

int kallsyms__add_address(struct kallsyms *k, uint64_t addr, const char *text)
{
	struct symbol_text symbol;
	uint64_t start;
	int err = symbol_text__parse(text, &symbol);

	if (err || symbol.offset > addr)
		return -ENOENT;
	start = addr - symbol.offset;
	if (is_bpf(k, start, &symbol)) {
		symbol.module = "bpf";
		symbol.module_len = 3;
	}
	err = add_symbol(k, start, false, symbol.name, symbol.name_len, symbol.module,
			 symbol.module_len);
	if (err || start + symbol.size <= addr)
		return err;
	return add_symbol(k, start + symbol.size, true, "", 0, symbol.module, symbol.module_len);
}

int kallsyms__parse(const char *text, size_t size, struct kallsyms **ret_kallsyms)
{
	scope_free(kallsyms) struct kallsyms *k = NULL;
	const char *end = text + size;
	bool hidden = false;
	int err = kallsyms__new(&(struct kernel_bounds){ 0 }, &k);

	if (err)
		return err;
	for (const char *at = text; at < end;) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));

		if (!line_end)
			line_end = end;
		err = parse_line(k, at, line_end, &hidden);
		if (err)
			return err;
		at = line_end + 1;
	}
	if (!k->cnt)
		return hidden ? -EACCES : -ENODATA;
	kallsyms__settle(k);
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

static uint64_t page_end(uint64_t addr)
{
	return (addr | (PAGE - 1)) + 1;
}

/* A symbol has no size: it reaches to the next one; the last of a module to the end of its page. */
struct kernel_symbol kallsyms__find(const struct kallsyms *k, uint64_t addr)
{
	uint32_t low = 0, high = k->cnt;
	const struct symbol *s;
	uint64_t end, text_end = k->bounds.text_end;

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
								    page_end(s->start);
	if (s->is_end || addr >= end ||
	    (!s->module && text_end && s->start < text_end && addr >= text_end))
		return (struct kernel_symbol){ .module = "" };
	return (struct kernel_symbol){ k->pool + s->name, k->pool + k->modules[s->module],
				       s->start };
}

uint64_t kallsyms__text_start(const struct kallsyms *k)
{
	return k->bounds.text_start;
}

uint64_t kallsyms__text_end(const struct kallsyms *k)
{
	return k->bounds.text_end;
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
			end = s->is_end ? page_end(s->start - 1) : page_end(s->start);
	}
	if (!end)
		return -ENOENT;
	*ret_start = start & ~(PAGE - 1);
	*ret_end = end;
	return 0;
}
