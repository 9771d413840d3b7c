// SPDX-License-Identifier: Apache-2.0
#include "collector/report/json.h"

#include <errno.h>

#include "common/text.h"

#define FLAGS (JSON_ENSURE_ASCII | JSON_COMPACT)

void json_report__fini(struct json_report *r)
{
	json_decref(r->head);
}

static void put(struct json_report *r, const char *before, const json_t *what, size_t flags)
{
	fputs(before, r->out);
	if (json_dumpf(what, r->out, FLAGS | flags) && !r->err)
		r->err = what && !ferror(r->out) ? -ENOMEM : -EIO;
}

static void begin(struct json_report *r)
{
	put(r, "{", r->head, JSON_EMBED);
	fputs(",\n\"rows\": [", r->out);
}

void json_report__add(struct json_report *r, json_t *row)
{
	if (!r->cnt)
		begin(r);
	put(r, r->cnt++ ? ",\n" : "\n", row, 0);
	json_decref(row);
}

int json_report__end(struct json_report *r, size_t in_all)
{
	if (!r->cnt)
		begin(r);
	fprintf(r->out, "],\n\"rows_in_all\": %zu}\n", in_all);
	return r->err;
}

json_t *json_text(const char *text)
{
	scope_memory char *utf8 = text_utf8(text);

	return utf8 ? json_string(utf8) : NULL;
}

static void add_text(json_t *to, const char *key, const struct stacks *s, uint32_t id)
{
	if (id)
		json_object_set_new(to, key, json_text(strtab__text(s->strings, id)));
}

json_t *json_node(const struct stacks *s, uint32_t id)
{
	scope_memory char *name = stacks__name(s, id);
	struct node node = stacks__node(s, id);
	json_t *out = json_object();

	json_object_set_new(out, "name", json_text(name ? name : ""));
	add_text(out, "function", s, node.name);
	add_text(out, "file", s, node.file);
	if (node.line)
		json_object_set_new(out, "line", json_integer(node.line));
	add_text(out, "module", s, node.object);
	return out;
}

json_t *json_row(const struct stacks *s, uint32_t node, const struct weight *weight)
{
	json_t *out = json_node(s, node);

	json_object_set_new(out, "self", json_integer(weight->self));
	json_object_set_new(out, "total", json_integer(weight->total));
	return out;
}
