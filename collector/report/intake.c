// SPDX-License-Identifier: Apache-2.0
#include "collector/report/intake.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "collector/report/path.h"

static const char *text(const struct profile *p, uint32_t id)
{
	return strtab__text(p->strings, id);
}

static uint32_t node_id(struct stacks *s, const struct node *node)
{
	return strtab__id_n(s->nodes, (const char *)node, sizeof(*node));
}

static uint32_t make_text(struct intake *in, enum intake_use use, const char *text_)
{
	const struct stacks_options *options = in->options;
	scope_memory char *clean = NULL;

	if (use == INTAKE_TEXT || !*text_)
		return strtab__id(in->stacks->strings, text_);
	if (use == INTAKE_MODULE)
		return strtab__id(in->stacks->strings, *text_ == '[' ? text_ : path_base(text_));
	clean = path_clean(path_trim(text_, options->trim_path, options->source_path));
	return strtab__id(in->stacks->strings, clean);
}

/* A text of the profile as one of the stacks. */
static uint32_t intern(struct intake *in, enum intake_use use, uint32_t id)
{
	uint32_t *known = &in->known[use][id];

	if (!*known)
		*known = 1 + make_text(in, use, text(in->profile, id));
	return *known - 1;
}

static uint32_t object_of(struct intake *in, enum intake_use use, const struct profile_location *l)
{
	return l->mapping == PROFILE_NONE ?
		       0 :
		       intern(in, use, in->profile->mappings[l->mapping].filename);
}

/* line: NULL where the location has none. */
static struct node make_node(struct intake *in, const struct profile_location *l,
			     const struct profile_line *line)
{
	const struct profile_function *f = line ? &in->profile->functions[line->function] : NULL;
	bool by_line = in->options->by == REPORT_BY_LINE;
	bool by_file = in->options->by == REPORT_BY_FILE;
	struct node node = { 0 };

	if (in->options->by == REPORT_BY_MODULE)
		return (struct node){ .file = object_of(in, INTAKE_MODULE, l) };
	if (f && !by_file)
		node.name = intern(in, INTAKE_TEXT, f->name);
	if (f && (by_line || by_file))
		node.file = intern(in, INTAKE_FILE, f->filename);
	if (f && by_line)
		node.line = line->line;
	if (f && in->options->by_object)
		node.start_line = f->start_line;
	if (in->options->by_object || !(by_file ? node.file : node.name))
		node.object = object_of(in, INTAKE_TEXT, l);
	return node;
}

static int add_lines(struct intake *in)
{
	const struct profile *p = in->profile;

	in->line_nodes = calloc(p->lines_cnt + 1, sizeof(*in->line_nodes));
	in->bare_nodes = calloc(p->locations_cnt + 1, sizeof(*in->bare_nodes));
	if (!in->line_nodes || !in->bare_nodes)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->locations_cnt; i++) {
		const struct profile_location *l = &p->locations[i];
		struct node bare = make_node(in, l, NULL);

		if (!l->line_cnt)
			in->bare_nodes[i] = node_id(in->stacks, &bare);
		for (uint32_t line = l->first_line; line < l->first_line + l->line_cnt; line++) {
			struct node node = make_node(in, l, &p->lines[line]);

			in->line_nodes[line] = node_id(in->stacks, &node);
		}
	}
	return 0;
}

int intake__init(struct intake *in, struct stacks *stacks, const struct profile *profile,
		 const struct stacks_options *options)
{
	*in = (struct intake){ .stacks = stacks, .profile = profile, .options = options };
	if (options->by == REPORT_BY_PROCESS || options->by == REPORT_BY_THREAD)
		return 0;
	for (int use = 0; use < INTAKE_USES; use++) {
		in->known[use] = calloc(strtab__cnt(profile->strings), sizeof(*in->known[use]));
		if (!in->known[use])
			return -ENOMEM;
	}
	return add_lines(in);
}

void intake__fini(struct intake *in)
{
	for (int use = 0; use < INTAKE_USES; use++)
		free(in->known[use]);
	free(in->line_nodes);
	free(in->bare_nodes);
}

static const struct profile_label *label(const struct profile *p, const struct profile_sample *s,
					 const char *key)
{
	for (uint32_t i = s->first_label; i < s->first_label + s->label_cnt; i++)
		if (!strcmp(text(p, p->labels[i].key), key))
			return &p->labels[i];
	return NULL;
}

uint32_t intake__label_node(struct intake *in, const struct profile_sample *s)
{
	const struct profile *p = in->profile;
	bool thread = in->options->by == REPORT_BY_THREAD;
	const struct profile_label *id = label(p, s, thread ? "tid" : "pid");
	const struct profile_label *comm = thread ? label(p, s, "thread_comm") : NULL;
	struct node node = { 0 };
	char name[256];
	int len = 0;

	if (!comm)
		comm = label(p, s, "comm");
	if (id)
		len = snprintf(name, sizeof(name), "%" PRId64 "%s", id->num, comm ? " " : "");
	snprintf(name + len, sizeof(name) - (size_t)len, "%s",
		 comm ? text(p, comm->str) :
		 id   ? "" :
			"(no label)");
	node.name = strtab__id(in->stacks->strings, name);
	return node_id(in->stacks, &node);
}
