// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/kernel/symbol_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "0x12" up to an end; its first byte behind the prefix may be no sign or space, which strtoull() takes. */
static const char *read_hex(const char *at, uint64_t *ret_value)
{
	char *end;

	if (strncmp(at, "0x", 2) || !strchr("0123456789abcdef", at[2]) || !at[2])
		return NULL;
	*ret_value = strtoull(at + 2, &end, 16);
	return end;
}

static int parse_module(const char *at, struct symbol_text *symbol)
{
	size_t len;

	symbol->module = at;
	if (!*at)
		return 0;
	if (strncmp(at, " [", 2))
		return -ENOENT;
	symbol->module = at + 2;
	len = strcspn(symbol->module, " ]"); /* a build id may follow */
	symbol->module_len = len;
	return len && symbol->module[len] ? 0 : -ENOENT;
}

int symbol_text__parse(const char *text, struct symbol_text *ret_symbol)
{
	struct symbol_text symbol = { .name = text };
	const char *at = strstr(text, "+0x");

	if (!at || at == text)
		return -ENOENT;
	symbol.name_len = (size_t)(at - text);
	at = read_hex(at + 1, &symbol.offset);
	if (!at || *at != '/')
		return -ENOENT;
	at = read_hex(at + 1, &symbol.size);
	if (!at || parse_module(at, &symbol))
		return -ENOENT;
	*ret_symbol = symbol;
	return 0;
}
