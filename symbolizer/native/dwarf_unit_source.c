// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/dwarf_unit_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "symbolizer/native/dwarf_function.h"
#include "symbolizer/native/dwarf_line.h"
#include "symbolizer/native/dwarf_scope.h"

#define MAX_KEPT_PATHS 512 /* file lists of units */
#define NOT_ASKED UINT32_MAX

struct function_key {
	uint64_t space; /* whose .debug_info: 0 the file's, 1 dwz's, else of a split unit */
	uint64_t off;
};

struct dwarf_known_function {
	UT_hash_handle hh;
	struct function_key key;
	struct dwarf_function function;
	uint32_t decl_path; /* string id, or NOT_ASKED */
};

struct dwarf_known_paths { /* of a line program's file numbers */
	UT_hash_handle hh;
	struct { /* key */
		const struct dwarf_file *file;
		uint64_t line_off;
	} key;
	struct dwarf_lines *lines; /* owned; NULL: damaged */
	uint32_t *ids; /* owned; strings, or NOT_ASKED */
	uint64_t cnt;
};

struct unit_answer { /* what is known of the unit at work */
	const struct dwarf_unit *unit; /* has the lines */
	const struct dwarf_unit *entries; /* has the functions: another one when split */
	struct dwarf_scopes scopes;
	struct dwarf_line *lines; /* owned */
	struct dwarf_known_paths *paths;
};

int dwarf_unit_source__init(struct dwarf_unit_source *s, const struct dwarf_file *file,
			    const struct dwarf_request *request, struct dwarf_package *package)
{
	*s = (struct dwarf_unit_source){ .file = file, .request = request, .package = package };
	s->reader.deadline_ns = request->deadline_ns;
	s->table = source_table__new(request->cnt);
	return s->table ? 0 : -ENOMEM;
}

static void forget_paths(struct dwarf_unit_source *s)
{
	struct dwarf_known_paths *p, *next;

	HASH_ITER(hh, s->paths, p, next) {
		HASH_DEL(s->paths, p);
		dwarf_lines__free(p->lines);
		free(p->ids);
		free(p);
	}
	s->paths_cnt = 0;
}

void dwarf_unit_source__fini(struct dwarf_unit_source *s)
{
	struct dwarf_known_function *f, *next;

	HASH_ITER(hh, s->functions, f, next) {
		HASH_DEL(s->functions, f);
		free(f);
	}
	forget_paths(s);
	dwarf_reader__fini(&s->reader);
	source_table__free(s->table);
}

static struct dwarf_known_paths *open_paths(struct dwarf_unit_source *s,
					    const struct dwarf_unit *unit)
{
	struct dwarf_known_paths *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return NULL;
	p->key.file = unit->file;
	p->key.line_off = unit->line_off;
	err = dwarf_lines__open(unit, &s->reader, &p->lines);
	s->reader.damaged |= err == -ENODATA;
	if (!err) {
		p->cnt = dwarf_lines__file_cnt(p->lines);
		p->ids = malloc(p->cnt * sizeof(*p->ids));
		for (uint64_t i = 0; p->ids && i < p->cnt; i++)
			p->ids[i] = NOT_ASKED;
	}
	HASH_ADD(hh, s->paths, key, sizeof(p->key), p);
	s->paths_cnt++;
	return p;
}

/* NULL: no memory. Good until the next call. */
static struct dwarf_known_paths *paths_of(struct dwarf_unit_source *s,
					  const struct dwarf_unit *unit)
{
	struct dwarf_known_paths key = { .key = { unit->file, unit->line_off } }, *p;

	HASH_FIND(hh, s->paths, &key.key, sizeof(key.key), p);
	if (p)
		return p;
	if (s->paths_cnt == MAX_KEPT_PATHS)
		forget_paths(s);
	return open_paths(s, unit);
}

static uint32_t path_id(struct dwarf_unit_source *s, struct dwarf_known_paths *p, uint64_t number)
{
	char path[DWARF_MAX_PATH];

	if (!p || !p->ids || number >= p->cnt)
		return 0;
	if (p->ids[number] == NOT_ASKED)
		p->ids[number] = dwarf_lines__path(p->lines, &s->reader, number, path) ?
					 strtab__id(s->table->strings, path) :
					 0;
	return p->ids[number];
}

static struct dwarf_known_function *function_of(struct dwarf_unit_source *s,
						const struct unit_answer *a,
						const struct dwarf_scope *scope)
{
	struct function_key key = { scope->in_alt	 ? 1 :
				    a->entries->skeleton ? a->unit->off + 2 :
							   0,
				    scope->function };
	const struct dwarf_file *file = scope->in_alt ? a->entries->file->alt : a->entries->file;
	struct dwarf_known_function *f;

	HASH_FIND(hh, s->functions, &key, sizeof(key), f);
	if (f)
		return f;
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->key = key;
	f->decl_path = NOT_ASKED;
	if (file)
		f->function = dwarf_function_at(file, key.space > 1 ? a->entries : NULL, key.off,
						&s->reader, s->table->strings);
	HASH_ADD(hh, s->functions, key, sizeof(key), f);
	return f;
}

static const char *base_name(const struct dwarf_unit_source *s, uint32_t path)
{
	const char *text = strtab__text(s->table->strings, path), *slash = strrchr(text, '/');

	return slash ? slash + 1 : text;
}

/* A function's first line makes sense only beside lines of the same file. Units of one program may
 * name a file by different folders, so the base name must do. */
static uint32_t start_line(struct dwarf_unit_source *s, struct dwarf_known_function *f,
			   uint32_t file)
{
	if (!f->function.decl_unit || !file)
		return 0;
	if (f->decl_path == NOT_ASKED)
		f->decl_path = path_id(s, paths_of(s, f->function.decl_unit),
				       f->function.decl_file);
	return strcmp(base_name(s, f->decl_path), base_name(s, file)) ? 0 : f->function.decl_line;
}

static bool add_frame(struct dwarf_unit_source *s, const struct unit_answer *a, uint32_t chain,
		      const struct dwarf_scope *scope, struct source_frame frame)
{
	struct dwarf_known_function *f = scope ? function_of(s, a, scope) : NULL;

	if (f) {
		frame.name = f->function.name;
		frame.linkage = f->function.linkage;
		frame.start_line = start_line(s, f, frame.file);
	}
	return source_table__add(s->table, chain, &frame);
}

static int answer_one(struct dwarf_unit_source *s, struct unit_answer *a, uint32_t i,
		      uint32_t chain)
{
	const struct dwarf_line *line = &a->lines[i];
	uint32_t at = a->scopes.leaf[i];
	struct source_frame frame = { 0 };

	if ((at == DWARF_NO_SCOPE && !line->found) || s->table->chains[chain].cnt)
		return 0;
	source_table__begin(s->table, chain);
	if (line->found) {
		frame.file = path_id(s, paths_of(s, a->unit), line->file);
		frame.line = line->line;
	}
	for (;;) {
		const struct dwarf_scope *scope = at == DWARF_NO_SCOPE ? NULL : &a->scopes.rows[at];

		if (!add_frame(s, a, chain, scope, frame))
			return -ENOMEM;
		if (!scope || scope->outer == DWARF_NO_SCOPE)
			return 0;
		frame = (struct source_frame){ .file = path_id(s, paths_of(s, a->unit),
							       scope->call_file),
					       .line = scope->call_line };
		at = scope->outer;
	}
}

static int answer_all(struct dwarf_unit_source *s, struct unit_answer *a, const uint64_t *addrs,
		      const uint32_t *chains, uint32_t cnt)
{
	struct dwarf_known_paths *paths = paths_of(s, a->unit);
	int err = dwarf_scopes__load(a->entries, &s->reader, addrs, cnt, &a->scopes);

	a->lines = calloc(cnt, sizeof(*a->lines));
	if (!err && a->lines && paths && paths->lines)
		dwarf_lines__find(paths->lines, &s->reader, addrs, cnt, a->lines);
	if (!a->lines || !paths)
		err = -ENOMEM;
	/* of a unit that was left half-way nothing is told: a part of the truth may be wrong */
	for (uint32_t i = 0; !err && !s->reader.late && i < cnt; i++)
		err = answer_one(s, a, i, chains[i]);
	dwarf_scopes__fini(&a->scopes);
	free(a->lines);
	return err;
}

/* NULL: it is none, or damaged. */
static struct dwarf_file *open_split_file(struct dwarf_unit_source *s, int fd)
{
	struct dwarf_file *file = NULL;

	if (fd < 0)
		return NULL;
	if (!dwarf_file__open(fd, true, &s->reader, &file))
		return file;
	dwarf_reader__forget(&s->reader); /* sections that are no more */
	return NULL;
}

static struct dwarf_file *package_of(struct dwarf_unit_source *s)
{
	struct dwarf_package *p = s->package;

	pthread_mutex_lock(&p->lock);
	if (!p->tried && s->request->open_package)
		p->file = open_split_file(s, s->request->open_package(s->request->ctx));
	p->tried = true;
	pthread_mutex_unlock(&p->lock);
	return p->file;
}

static struct dwarf_file *open_split(struct dwarf_unit_source *s, const struct dwarf_unit *u)
{
	struct dwarf_reader *r = &s->reader;
	const char *text = dwarf_unit__string(u, r, u->comp_dir);
	scope_memory char *dir = strdup(text ? text : "");

	text = dwarf_unit__string(u, r, u->dwo_name);
	if (!dir || !text || !s->request->open_split)
		return NULL;
	return open_split_file(s, s->request->open_split(s->request->ctx, dir, text));
}

/* The half that has the functions: in the .dwp, else in a .dwo. *ret_own: the caller's to free. */
static bool find_half(struct dwarf_unit_source *s, const struct dwarf_unit *unit,
		      struct dwarf_file **ret_own, struct dwarf_unit *ret_half)
{
	struct dwarf_file *package = package_of(s);

	if (package && !dwarf_file__find_split(package, unit, &s->reader, ret_half))
		return true;
	*ret_own = open_split(s, unit);
	return *ret_own && !dwarf_file__find_split(*ret_own, unit, &s->reader, ret_half);
}

int dwarf_unit_source__add(struct dwarf_unit_source *s, const struct dwarf_unit *unit,
			   const uint64_t *addrs, const uint32_t *chains, uint32_t cnt)
{
	scope_free(dwarf_file) struct dwarf_file *own = NULL;
	struct dwarf_unit half;
	struct unit_answer a = { .unit = unit, .entries = unit };
	int err;

	if (unit->dwo_id) {
		if (find_half(s, unit, &own, &half))
			a.entries = &half;
		else
			s->split_missing = true;
	}
	err = answer_all(s, &a, addrs, chains, cnt);
	if (own)
		dwarf_reader__forget(&s->reader);
	return err;
}
