// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/file_names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <elf.h>

#include "common/clock.h"
#include "symbolizer/native/dwarf_source.h"
#include "symbolizer/native/symbol_lookup.h"

struct sources { /* where the names come from; all owned */
	struct debug_file debug; /* has the DWARF; fd -1: there is none */
	struct elf_file *debug_elf; /* NULL: the DWARF is in the file itself */
	struct symbol_lookup symbols;
	struct source_table *dwarf; /* NULL: none */
};

static bool has_dwarf(const struct elf_file *file)
{
	static const char *const names[] = { ".debug_info", ".zdebug_info" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct elf_section *s = elf_file__section(file, names[i]);

		if (s && s->type != SHT_NOBITS && s->size)
			return true;
	}
	return false;
}

static void find_debug(const struct file_question *q, struct sources *s,
		       struct debug_refusal *refusal)
{
	if (q->fd >= 0 && has_dwarf(q->file)) {
		s->debug.fd = fcntl(q->fd, F_DUPFD_CLOEXEC, 0);
		s->debug.root_fd = q->search->root_fd;
		snprintf(s->debug.path, sizeof(s->debug.path), "%s", q->path);
		return;
	}
	if (debug_search__find(q->search, q->file, q->path, &s->debug, refusal))
		return;
	if (elf_file__open(s->debug.fd, &s->debug_elf))
		s->debug_elf = NULL;
}

static int open_split(void *ctx, const char *comp_dir, const char *name)
{
	const struct file_question *q = ctx;

	return debug_search__open_split(q->search, q->path, comp_dir, name);
}

static int open_package(void *ctx)
{
	const struct file_question *q = ctx;

	return debug_search__open_package(q->search, q->path);
}

static void attach_alt(const struct file_question *q, const struct sources *s,
		       struct dwarf_reader *reader, struct dwarf_file *dwarf, struct file_names *to)
{
	struct debug_file alt = { .fd = -1 };
	int err = debug_search__find_alt(q->search, s->debug_elf ? s->debug_elf : q->file,
					 &s->debug, &alt, &to->refusal);

	if (!err)
		err = dwarf_file__open(alt.fd, false, reader, &dwarf->alt);
	to->alt_missing = err && err != -ENODATA;
}

static int ask_dwarf(const struct file_question *q, struct sources *s, struct file_names *to)
{
	struct dwarf_reader reader = { .deadline_ns = q->timeout_ns ? now_ns() + q->timeout_ns :
								      0 };
	scope_free(dwarf_file) struct dwarf_file *dwarf = NULL;
	struct dwarf_request request = { q->elf_vaddrs, q->cnt,	      reader.deadline_ns,
					 open_split,	open_package, (void *)(uintptr_t)q };
	struct dwarf_outcome outcome = { 0 };
	/* one of its own: the symbols of the debug file are read later */
	int fd = fcntl(s->debug.fd, F_DUPFD_CLOEXEC, 0);
	int err = fd < 0 ? -errno : dwarf_file__open(fd, false, &reader, &dwarf);

	if (!err) {
		attach_alt(q, s, &reader, dwarf, to);
		err = dwarf_source(dwarf, &request, &s->dwarf, &outcome);
	}
	to->late = reader.late || outcome.late;
	to->damaged = reader.damaged || outcome.damaged;
	to->split_missing = outcome.split_missing;
	dwarf_reader__fini(&reader);
	return err;
}

static bool is_sure(const struct symbol_name *symbol)
{
	return symbol->linkage && symbol->size && symbol->source <= NAME_DYNSYM;
}

/* Interns a name for people and the linkage name; both 0 when there is none. */
static void set_names(struct source_table *t, struct source_frame *frame, const char *linkage,
		      const char *plain)
{
	scope_memory char *pretty = linkage && *linkage ? demangle(linkage) : NULL;

	if (!linkage || !*linkage)
		linkage = plain;
	if (!plain || !*plain)
		plain = linkage;
	frame->linkage = strtab__id(t->strings, linkage);
	frame->name = strtab__id(t->strings, pretty ? pretty : plain);
}

static bool add_called(struct source_table *to, uint32_t chain, const struct source_table *dwarf,
		       struct source_frame frame, const struct symbol_name *symbol)
{
	const char *linkage = dwarf ? strtab__text(dwarf->strings, frame.linkage) : NULL;
	const char *name = dwarf ? strtab__text(dwarf->strings, frame.name) : NULL;

	if (is_sure(symbol) || !name || !*name)
		set_names(to, &frame, symbol->linkage, symbol->linkage);
	else
		set_names(to, &frame, linkage, name);
	return source_table__add(to, chain, &frame);
}

static bool add_inlined(struct source_table *to, uint32_t chain, const struct source_table *dwarf,
			struct source_frame frame)
{
	set_names(to, &frame, strtab__text(dwarf->strings, frame.linkage),
		  strtab__text(dwarf->strings, frame.name));
	return source_table__add(to, chain, &frame);
}

static bool name_one(struct source_table *to, uint32_t i, const struct source_table *dwarf,
		     const struct symbol_name *symbol)
{
	const struct source_chain *c = dwarf ? &dwarf->chains[i] : NULL;

	source_table__begin(to, i);
	to->chains[i].start = symbol->start;
	if (!c || !c->cnt)
		return !symbol->linkage ||
		       add_called(to, i, NULL, (struct source_frame){ 0 }, symbol);
	for (uint32_t f = 0; f < c->cnt; f++) {
		struct source_frame frame = dwarf->frames[c->first + f];

		frame.file = strtab__id(to->strings, strtab__text(dwarf->strings, frame.file));
		if (f + 1 < c->cnt ? !add_inlined(to, i, dwarf, frame) :
				     !add_called(to, i, dwarf, frame, symbol))
			return false;
	}
	return true;
}

static int name_all(const struct file_question *q, struct sources *s, struct file_names *to)
{
	int err;

	to->table = source_table__new(q->cnt);
	if (!to->table)
		return -ENOMEM;
	for (uint32_t i = 0; i < q->cnt; i++) {
		struct symbol_name symbol;

		err = symbol_lookup__find(&s->symbols, q->elf_vaddrs[i], &symbol);
		if (err)
			return err;
		if (!name_one(to->table, i, s->dwarf, &symbol))
			return -ENOMEM;
	}
	return 0;
}

/* From the file itself, nothing remembered. */
static int ask_file(const struct file_question *q, struct sources *s, struct file_names *to)
{
	to->dwarf_error = s->debug.fd < 0 ? -ENOENT : ask_dwarf(q, s, to);
	return name_all(q, s, to);
}

/* Half an answer is not remembered: the next run may find the whole. */
static bool is_whole(const struct file_names *names)
{
	return !names->late && !names->damaged && !names->alt_missing && !names->split_missing &&
	       (!names->dwarf_error || names->dwarf_error == -ENOENT);
}

/* Where symbols are all there is, and all of them are kept, no address is worth being kept. */
static bool symbols_say_all(const struct sources *s)
{
	return s->debug.fd < 0 && s->symbols.kept;
}

/* Whoever is asked for more of a file will be again: then all of its symbols are worth being kept. */
static void remember(const struct file_question *q, bool again, struct sources *s,
		     const struct file_names *names, const struct names_key *key)
{
	bool all_kept = again && symbol_lookup__keep(&s->symbols);

	if (is_whole(names) && !(all_kept && names->dwarf_error == -ENOENT))
		names_cache_put(q->kept.dir_fd, key, q->elf_vaddrs, names->table);
}

/* The addresses that are not remembered yet. */
static int ask_rest(const struct file_question *q, const bool *known, struct sources *s,
		    struct file_names *to, const struct names_key *key)
{
	scope_memory uint64_t *elf_vaddrs = malloc((q->cnt + 1UL) * sizeof(*elf_vaddrs));
	scope_free(source_table) struct source_table *all = take_ptr(to->table);
	struct file_question rest = *q;
	int err;

	if (!elf_vaddrs)
		return -ENOMEM;
	rest.elf_vaddrs = elf_vaddrs;
	rest.cnt = 0;
	for (uint32_t i = 0; i < q->cnt; i++)
		if (!known[i])
			elf_vaddrs[rest.cnt++] = q->elf_vaddrs[i];
	err = rest.cnt ? ask_file(&rest, s, to) : 0;
	if (err)
		return err;
	if (rest.cnt)
		remember(&rest, rest.cnt < q->cnt, s, to, key);
	for (uint32_t i = 0, k = 0; i < q->cnt; i++)
		if (!known[i] && !source_table__copy(all, i, to->table, k++))
			return -ENOMEM;
	source_table__free(to->table);
	to->table = take_ptr(all);
	return 0;
}

static int ask_remembered(const struct file_question *q, struct sources *s, struct file_names *to)
{
	scope_memory bool *known = calloc(q->cnt + 1UL, sizeof(*known));
	struct names_key key = { .build_id = elf_file__build_id(q->file) };
	struct stat st;

	if (s->debug.fd >= 0 && !fstat(s->debug.fd, &st))
		key.debug_size = (uint64_t)st.st_size;
	to->table = source_table__new(q->cnt);
	if (!known || !to->table)
		return -ENOMEM;
	names_cache_get(q->kept.dir_fd, &key, q->elf_vaddrs, q->cnt, to->table, known);
	return ask_rest(q, known, s, to, &key);
}

static int load(const struct file_question *q, struct sources *s, struct file_names *to)
{
	int err;

	find_debug(q, s, &to->refusal);
	symbol_lookup__init(&s->symbols, &q->kept, q->fd, q->file, s->debug.fd, s->debug_elf);
	if (!symbols_say_all(s))
		return ask_remembered(q, s, to);
	err = ask_file(q, s, to);
	if (!err)
		symbol_lookup__keep(&s->symbols); /* what was damaged is mended */
	return err;
}

int file_names__load(const struct file_question *question, struct file_names **ret_names)
{
	scope_free(file_names) struct file_names *names = calloc(1, sizeof(*names));
	struct sources s = { .debug.fd = -1 };
	int err = names ? load(question, &s, names) : -ENOMEM;

	symbol_lookup__fini(&s.symbols);
	source_table__free(s.dwarf);
	elf_file__free(s.debug_elf);
	if (s.debug.fd >= 0)
		close(s.debug.fd);
	if (!err)
		*ret_names = take_ptr(names);
	return err;
}

void file_names__free(struct file_names *names)
{
	if (!names)
		return;
	source_table__free(names->table);
	free(names);
}
