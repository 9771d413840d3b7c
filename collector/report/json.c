// SPDX-License-Identifier: Apache-2.0
#include "collector/report/json.h"

#include "common/text.h"

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
