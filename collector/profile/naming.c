// SPDX-License-Identifier: Apache-2.0
#include "collector/profile/naming.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/options.h"
#include "collector/profile/binary_names.h"
#include "collector/python/glue.h"
#include "common/clock.h"
#include "common/log.h"
#include "symbolizer/kernel/kallsyms.h"

#define PROGRESS_NS 1000000000ULL
#define PYTHON_ADDRESSES (1ULL << 62) /* neither user's nor kernel's: no processor has such ones */
#define PYTHON_VERSION_SHIFT 44
#define PYTHON_LINE_BITS 20 /* 24 bits of a hash of the function lie above them */

struct file_place { /* a location in a file */
	struct binary *binary; /* the eldest of the file's names */
	uint64_t off;
	uint64_t elf_vaddr;
	uint32_t location; /* index in the aggregate */
};

struct file_mappings { /* one binary's in the profile */
	const struct binary *binary;
	uint32_t *of_segment; /* owned; PROFILE_NONE: none yet */
	uint32_t whole; /* the mapping where segments are not known */
};

struct function_entry {
	UT_hash_handle hh;
	uint32_t idx;
	/* name, system name, file of the mapping, source file: string ids; first line */
	uint32_t key[5];
};

struct module_entry {
	UT_hash_handle hh;
	uint32_t mapping;
	char name[64];
};

/* What a location is to Python. */
enum frame_role {
	ROLE_NATIVE = 0,
	ROLE_PYTHON,
	ROLE_GLUE, /* the interpreter's calls, from one Python frame to the next */
	ROLE_NAMELESS, /* in the interpreter's code */
	ROLE_KERNEL,
};

struct naming {
	struct ingest *ingest;
	const struct naming_options *options;
	struct profile *profile; /* owned until done */
	struct file_place *places; /* owned; of all files, those of one file together */
	uint32_t place_cnt;
	struct function_entry *functions; /* owned */
	struct module_entry *modules; /* owned */
	uint32_t *location_of; /* owned; by location index of the aggregate */
	uint8_t *roles; /* owned; enum frame_role, by the same */
	uint64_t named;
	uint64_t placed;
	uint64_t started_ns;
	bool shown; /* a progress line */
	int64_t period;
};

static uint32_t string(struct naming *n, const char *text)
{
	return strtab__id(n->profile->strings, text);
}

static uint32_t intern_function(struct naming *n, const uint32_t key[5])
{
	struct function_entry *e;

	HASH_FIND(hh, n->functions, key, sizeof(e->key), e);
	if (e)
		return e->idx;
	e = calloc(1, sizeof(*e));
	if (!e)
		return 0;
	memcpy(e->key, key, sizeof(e->key));
	e->idx = profile__add_function(n->profile, &(struct profile_function){
							   .name = key[0],
							   .system_name = key[1],
							   .filename = key[3],
							   .start_line = key[4] });
	HASH_ADD(hh, n->functions, key, sizeof(e->key), e);
	return e->idx;
}

static uint32_t add_line(struct naming *n, uint32_t mapping, const char *name, const char *linkage,
			 const char *source, const struct source_frame *frame)
{
	uint32_t key[5] = { string(n, name), string(n, linkage),
			    n->profile->mappings[mapping].filename, string(n, source),
			    frame->start_line };

	return profile__add_line(n->profile, &(struct profile_line){
						     .function = intern_function(n, key),
						     .line = frame->line });
}

static uint32_t add_location(struct naming *n, uint32_t mapping, uint64_t address,
			     const char *name, const char *linkage)
{
	struct profile_location location = { .mapping = mapping,
					     .address = address,
					     .line_cnt = 1 };

	location.first_line = add_line(n, mapping, name, linkage, "", &(struct source_frame){ 0 });
	return profile__add_location(n->profile, &location);
}

static uint32_t synthetic_location(struct naming *n, const char *name)
{
	struct profile_mapping m = { .filename = string(n, name), .has_functions = true };

	return add_location(n, profile__add_mapping(n->profile, &m), 0, name, "");
}

/* Kernel, modules and BPF programs: one mapping each, by kallsyms. */
static uint32_t kernel_mapping(struct naming *n, const char *module, uint64_t addr)
{
	struct profile_mapping m = { .has_functions = true };
	struct module_entry *e;
	char filename[64];

	HASH_FIND_STR(n->modules, module, e);
	if (e)
		return e->mapping;
	e = calloc(1, sizeof(*e));
	if (!e)
		return 0;
	snprintf(e->name, sizeof(e->name), "%s", module);
	if (!*module) {
		snprintf(filename, sizeof(filename), "[kernel.kallsyms]_text");
		m.start = n->ingest->kallsyms ? kallsyms__text_start(n->ingest->kallsyms) : 0;
		m.limit = n->ingest->kallsyms ? kallsyms__text_end(n->ingest->kallsyms) : 0;
		m.file_off = m.start;
	} else {
		snprintf(filename, sizeof(filename), "[%s]", module);
		if (!n->ingest->kallsyms ||
		    kallsyms__module_range(n->ingest->kallsyms, module, &m.start, &m.limit))
			m.start = addr;
	}
	m.filename = string(n, filename);
	e->mapping = profile__add_mapping(n->profile, &m);
	HASH_ADD_STR(n->modules, name, e);
	return e->mapping;
}

/* A mapping that has no file behind it holds whatever address was seen. */
static void widen(struct naming *n, uint32_t mapping, uint64_t addr)
{
	struct profile_mapping *m = &n->profile->mappings[mapping];

	if (!m->limit || addr < m->start)
		m->start = addr & ~0xfffULL;
	if (addr >= m->limit)
		m->limit = (addr | 0xfffULL) + 1;
}

static uint32_t name_kernel(struct naming *n, uint64_t addr)
{
	struct kernel_symbol sym = { .name = NULL };
	char placed[64];
	uint32_t mapping;

	if (n->ingest->kallsyms)
		sym = kallsyms__find(n->ingest->kallsyms, addr);
	mapping = kernel_mapping(n, sym.name ? sym.module : "", addr);
	if (n->profile->mappings[mapping].limit <= addr ||
	    n->profile->mappings[mapping].start > addr)
		widen(n, mapping, addr);
	if (sym.name) {
		n->named++;
		return add_location(n, mapping, addr, sym.name, sym.name);
	}
	n->placed++;
	snprintf(placed, sizeof(placed), "[kernel+0x%" PRIx64 "]", addr);
	return add_location(n, mapping, addr, placed, "");
}

static uint32_t name_anon(struct naming *n, uint64_t addr)
{
	struct module_entry *e;
	char placed[64];

	HASH_FIND_STR(n->modules, "//anon", e);
	if (!e) {
		struct profile_mapping m = { .filename = string(n, "[jit]"),
					     .has_functions = true };

		e = calloc(1, sizeof(*e));
		if (!e)
			return 0;
		strcpy(e->name, "//anon");
		e->mapping = profile__add_mapping(n->profile, &m);
		HASH_ADD_STR(n->modules, name, e);
	}
	widen(n, e->mapping, addr);
	n->placed++;
	snprintf(placed, sizeof(placed), "[jit+0x%" PRIx64 "]", addr);
	return add_location(n, e->mapping, addr, placed, "");
}

static uint32_t file_mapping(struct naming *n, const struct binary *b, uint64_t start,
			     uint64_t limit, uint64_t off)
{
	char hex[2 * BUILD_ID_MAX + 1];
	struct profile_mapping m = { .start = start, .limit = limit, .file_off = off,
				     .has_functions = true };

	build_id_to_hex(&b->build_id, hex);
	m.build_id = string(n, hex);
	m.filename = string(n, b->path);
	return profile__add_mapping(n->profile, &m);
}

static int segment_index(const struct binary *b, uint64_t off)
{
	for (uint32_t i = 0; i < b->segment_cnt; i++) {
		const struct elf_segment *s = &b->segments[i];

		if (s->executable && off >= (s->file_off & ~0xfffULL) &&
		    off < s->file_off + s->file_sz)
			return (int)i;
	}
	return -1;
}

/* One mapping per segment: where the first process had it; other processes' addresses are moved. */
static uint32_t mapping_of(struct naming *n, struct file_mappings *mappings, uint64_t off,
			   uint64_t *ret_address)
{
	const struct binary *b = mappings->binary;
	int i = segment_index(b, off);
	uint64_t page_off, start;

	if (i < 0 || !mappings->of_segment) {
		uint64_t base = b->first_start - b->first_off;

		if (mappings->whole == PROFILE_NONE)
			mappings->whole = file_mapping(n, b, b->first_start, 0, b->first_off);
		widen(n, mappings->whole, base + off);
		*ret_address = base + off;
		return mappings->whole;
	}
	page_off = b->segments[i].file_off & ~0xfffULL;
	start = b->first_start + page_off - b->first_off;
	if (mappings->of_segment[i] == PROFILE_NONE)
		mappings->of_segment[i] = file_mapping(
			n, b, start,
			start + ((b->segments[i].file_off + b->segments[i].file_sz - page_off +
				  0xfff) & ~0xfffULL),
			page_off);
	*ret_address = start + off - page_off;
	return mappings->of_segment[i];
}

/* "[libfoo+0x1234]": no dots, or narrow boxes of viewers show the tail alone. */
static void placeholder(const char *path, uint64_t elf_vaddr, char *to, size_t size)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	int len = (int)strcspn(base, ".");

	if (*base == '[') { /* [vdso] */
		base++;
		len = (int)strcspn(base, "]");
	}
	snprintf(to, size, "[%.*s+0x%" PRIx64 "]", len > 80 ? 80 : len, base, elf_vaddr);
}

/* Innermost inlined function first; false: no name, not even of the function that is called. */
static bool add_lines(struct naming *n, uint32_t mapping, const struct source_table *names,
		      uint32_t chain, const char *placed, struct profile_location *to)
{
	const struct source_chain *c = &names->chains[chain];
	struct profile_mapping *m = &n->profile->mappings[mapping];
	bool named = true;

	for (uint32_t i = 0; i < c->cnt; i++) {
		const struct source_frame *f = &names->frames[c->first + i];
		uint32_t line;

		named = f->name;
		line = add_line(n, mapping, named ? strtab__text(names->strings, f->name) : placed,
				strtab__text(names->strings, f->linkage),
				strtab__text(names->strings, f->file), f);
		if (!i)
			to->first_line = line;
		to->line_cnt++;
		m->has_filenames |= f->file;
		m->has_lines |= f->line;
		m->has_inlines |= i;
	}
	return named;
}

static uint32_t name_file(struct naming *n, struct file_mappings *mappings,
			  const struct file_place *place, const struct source_table *names,
			  uint32_t chain)
{
	struct profile_location location = { 0 };
	uint64_t start = names && names->chains[chain].start ? names->chains[chain].start :
								place->elf_vaddr;
	char placed[128];

	location.mapping = mapping_of(n, mappings, place->off, &location.address);
	placeholder(place->binary->path, start, placed, sizeof(placed));
	if (names && names->chains[chain].cnt) {
		if (add_lines(n, location.mapping, names, chain, placed, &location))
			n->named++;
		else
			n->placed++;
		return profile__add_location(n->profile, &location);
	}
	n->placed++;
	return add_location(n, location.mapping, location.address, placed, "");
}

static enum frame_role role_in_interpreter(const struct source_table *names, uint32_t chain)
{
	const struct source_chain *c = names ? &names->chains[chain] : NULL;
	const struct source_frame *f = c && c->cnt ? &names->frames[c->first + c->cnt - 1] : NULL;

	if (!f || !f->name)
		return ROLE_NAMELESS;
	return python_is_glue(strtab__text(names->strings, f->name)) ? ROLE_GLUE : ROLE_NATIVE;
}

/* The places of one file, sorted by address: asked for in one go, each address once. */
static int name_places(struct naming *n, const struct file_place *places, uint32_t cnt)
{
	struct file_mappings mappings = { .binary = places->binary, .whole = PROFILE_NONE };
	scope_memory uint64_t *elf_vaddrs = malloc(cnt * sizeof(*elf_vaddrs));
	scope_free(file_names) struct file_names *names = NULL;
	uint32_t asked = 0, chain = 0;

	mappings.of_segment = malloc((places->binary->segment_cnt + 1) * sizeof(uint32_t));
	if (!elf_vaddrs || !mappings.of_segment) {
		free(mappings.of_segment);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < places->binary->segment_cnt; i++)
		mappings.of_segment[i] = PROFILE_NONE;
	for (uint32_t i = 0; i < cnt; i++)
		if (!asked || elf_vaddrs[asked - 1] != places[i].elf_vaddr)
			elf_vaddrs[asked++] = places[i].elf_vaddr;
	if (binary_names__load(n->ingest, n->options, places->binary, elf_vaddrs, asked, &names))
		log_debug("%s: no names", places->binary->path);
	for (uint32_t i = 0; i < cnt; i++) {
		chain += elf_vaddrs[chain] != places[i].elf_vaddr;
		n->location_of[places[i].location] = name_file(n, &mappings, &places[i],
							       names ? names->table : NULL, chain);
		if (places->binary->python && places->binary->python->is_python)
			n->roles[places[i].location] =
				role_in_interpreter(names ? names->table : NULL, chain);
	}
	free(mappings.of_segment);
	return 0;
}

static void add_place(struct naming *n, struct binary *named, uint64_t off, uint32_t location)
{
	struct binary *b = binaries__canonical(n->ingest->binaries, named);
	int i = segment_index(b, off);

	n->places[n->place_cnt++] = (struct file_place){
		.binary = b,
		.off = off,
		.elf_vaddr = i < 0 ? off : off - b->segments[i].file_off + b->segments[i].elf_vaddr,
		.location = location,
	};
}

static void python_version_text(uint32_t version, char text[16])
{
	snprintf(text, 16, "%u.%u", version >> 8 & 0xff, version & 0xff);
}

/* One mapping per version, where no process has any: addresses there are functions and lines. */
static uint32_t python_mapping(struct naming *n, uint32_t version)
{
	struct profile_mapping m = { .has_functions = true, .has_filenames = true, .has_lines = true };
	struct module_entry *e;
	char name[64], text[16];

	python_version_text(version, text);
	snprintf(name, sizeof(name), "[cpython %s]", text);
	HASH_FIND_STR(n->modules, name, e);
	if (e)
		return e->mapping;
	e = calloc(1, sizeof(*e));
	if (!e)
		return 0;
	memcpy(e->name, name, sizeof(name));
	m.filename = string(n, name);
	m.start = PYTHON_ADDRESSES | (uint64_t)version << PYTHON_VERSION_SHIFT;
	m.limit = m.start + (1ULL << PYTHON_VERSION_SHIFT);
	e->mapping = profile__add_mapping(n->profile, &m);
	HASH_ADD_STR(n->modules, name, e);
	return e->mapping;
}

static uint64_t python_hash(const char *name, const char *file, uint32_t first_line)
{
	uint64_t hash = first_line;

	for (; *name; name++)
		hash = python_key_mix(hash, (uint8_t)*name);
	for (; *file; file++)
		hash = python_key_mix(hash, (uint8_t)*file);
	return hash;
}

/* The linkage name stays empty: pprof takes one that equals the name for C++'s, and what stands in angle
 * brackets there (<module>, <lambda>) for a template's arguments. */
static uint32_t name_python(struct naming *n, uint64_t off)
{
	const struct strtab *strings = aggregate__strings(n->ingest->aggregate);
	struct profile_location location = { .line_cnt = 1 };
	const struct python_function *f;
	struct source_frame frame = { .line = (uint32_t)off };
	const char *name, *file;
	uint32_t function = off >> 32;

	if (function == PYTHON_NO_FUNCTION) {
		n->placed++;
		return synthetic_location(n, "[python]");
	}
	n->named++;
	f = python_codes__function(n->ingest->python_codes, function);
	name = strtab__text(strings, f->name);
	file = strtab__text(strings, f->file);
	frame.start_line = (uint32_t)f->first_line;
	location.mapping = python_mapping(n, f->version);
	location.address = n->profile->mappings[location.mapping].start |
			   (python_hash(name, file, frame.start_line) >> 40) << PYTHON_LINE_BITS |
			   (frame.line & ((1U << PYTHON_LINE_BITS) - 1));
	location.first_line = add_line(n, location.mapping, name, "", file, &frame);
	return profile__add_location(n->profile, &location);
}

static void name_location(struct naming *n, const struct location *l, uint32_t idx)
{
	struct binary *b;

	if (l->binary == LOCATION_TRUNCATED_BINARY) {
		n->location_of[idx] = synthetic_location(n, "[truncated]");
		return;
	}
	if (l->binary == LOCATION_PYTHON_BINARY) {
		n->roles[idx] = ROLE_PYTHON;
		n->location_of[idx] = name_python(n, l->off);
		return;
	}
	if (l->binary == BINARY_KERNEL_ID) {
		n->roles[idx] = ROLE_KERNEL;
		n->location_of[idx] = name_kernel(n, l->off);
		return;
	}
	b = binaries__at(n->ingest->binaries, l->binary);
	if (!b || b->kind == BINARY_ANON)
		n->location_of[idx] = name_anon(n, l->off);
	else
		add_place(n, b, l->off, idx); /* later, with the others of its file */
}

static int compare_places(const void *a, const void *b)
{
	const struct file_place *x = a, *y = b;

	if (x->binary != y->binary)
		return x->binary->id < y->binary->id ? -1 : 1;
	if (x->elf_vaddr != y->elf_vaddr)
		return x->elf_vaddr < y->elf_vaddr ? -1 : 1;
	return x->location < y->location ? -1 : 1;
}

static void show_progress(struct naming *n, uint32_t done)
{
	if (now_ns() - n->started_ns < PROGRESS_NS || !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "\rsonde: naming, %u of %u places ", done, n->place_cnt);
	fflush(stderr);
	n->shown = true;
}

static int name_files(struct naming *n)
{
	uint32_t first = 0;
	int err = 0;

	qsort(n->places, n->place_cnt, sizeof(*n->places), compare_places);
	for (uint32_t i = 1; i <= n->place_cnt && !err; i++) {
		if (i < n->place_cnt && n->places[i].binary == n->places[first].binary)
			continue;
		show_progress(n, first);
		err = name_places(n, &n->places[first], i - first);
		first = i;
	}
	if (n->shown)
		fputc('\n', stderr); /* the progress line ends */
	return err;
}

static void add_number(struct naming *n, const char *key, int64_t num, const char *unit)
{
	profile__add_label(n->profile, &(struct profile_label){ .key = string(n, key), .num = num,
								.unit = string(n, unit) });
}

static void add_text(struct naming *n, const char *key, uint32_t id)
{
	const char *text = strtab__text(aggregate__strings(n->ingest->aggregate), id);

	if (*text)
		profile__add_label(n->profile, &(struct profile_label){ .key = string(n, key),
									.str = string(n, text) });
}

static void add_labels(struct naming *n, const struct label_set *l)
{
	if (l->pid)
		add_number(n, "pid", l->pid, "pid");
	if (l->tid)
		add_number(n, "tid", l->tid, "tid");
	if (l->cpu)
		add_number(n, "cpu", l->cpu - 1, "cpu");
	if (l->timestamp_ns)
		add_number(n, "timestamp_ns", (int64_t)l->timestamp_ns, "nanoseconds");
	add_text(n, "comm", l->comm);
	add_text(n, "thread_comm", l->thread_comm);
	add_text(n, "stop", l->stop);
}

/* The innermost Python frame's. */
static void add_python_version(struct naming *n, const struct stack *stack)
{
	uint32_t cnt, function = PYTHON_NO_FUNCTION;
	const struct location *locations = aggregate__locations(n->ingest->aggregate, &cnt);
	char text[16];

	for (uint32_t i = 0; i < stack->cnt && function == PYTHON_NO_FUNCTION; i++)
		if (n->roles[stack->locations[i]] == ROLE_PYTHON)
			function = locations[stack->locations[i]].off >> 32;
	if (function == PYTHON_NO_FUNCTION)
		return;
	python_version_text(python_codes__function(n->ingest->python_codes, function)->version,
			    text);
	profile__add_label(n->profile, &(struct profile_label){ .key = string(n, "python_version"),
								.str = string(n, text) });
}

/* What a stack has beyond its sample's labels: by the frame that ran, as it is shown. */
static void add_stack_labels(struct naming *n, const struct stack *stack, enum frame_role ran)
{
	uint32_t flags = n->ingest->label_flags;
	const char *class = ran == ROLE_KERNEL ? "kernel" : ran == ROLE_PYTHON ? "python" : "native";

	if (flags & LABEL_CLASS)
		profile__add_label(n->profile, &(struct profile_label){ .key = string(n, "class"),
									.str = string(n, class) });
	if (flags & LABEL_PYTHON_VERSION)
		add_python_version(n, stack);
}

static bool has_python(const struct naming *n, const struct stack *stack)
{
	for (uint32_t i = 0; i < stack->cnt; i++)
		if (n->roles[stack->locations[i]] == ROLE_PYTHON)
			return true;
	return false;
}

/* With Python frames the interpreter's own calls are left out: those known by name, and those without one
 * unless they are what ran: their callees go to the nearest caller with a name. Returns what ran. */
static enum frame_role add_frames(struct naming *n, const struct stack *stack)
{
	bool all = n->ingest->python_internals || !has_python(n, stack);
	enum frame_role innermost = ROLE_NATIVE;
	uint32_t before = n->profile->frames_cnt;
	bool ran = true;

	for (uint32_t i = 0; i < stack->cnt; i++) {
		enum frame_role role = n->roles[stack->locations[i]];

		if (!all && (role == ROLE_GLUE || (role == ROLE_NAMELESS && !ran)))
			continue;
		ran = ran && role == ROLE_KERNEL;
		if (n->profile->frames_cnt == before)
			innermost = role;
		profile__add_frame(n->profile, n->location_of[stack->locations[i]]);
	}
	return innermost;
}

static void add_stack(void *ctx, const struct stack *stack)
{
	struct naming *n = ctx;
	struct profile *p = n->profile;
	struct profile_sample sample = { .first_frame = p->frames_cnt,
					 .first_label = p->labels_cnt };
	enum frame_role ran;

	ran = add_frames(n, stack);
	sample.frame_cnt = p->frames_cnt - sample.first_frame;
	add_labels(n, aggregate__labels(n->ingest->aggregate, stack->labels));
	add_stack_labels(n, stack, ran);
	sample.label_cnt = p->labels_cnt - sample.first_label;
	sample.values[0] = (int64_t)stack->samples;
	sample.values[1] = (int64_t)stack->weight;
	profile__add_sample(p, &sample);
}

static void add_lost(struct naming *n)
{
	uint64_t lost = ingest__lost(n->ingest);
	struct profile_sample sample = { .first_frame = n->profile->frames_cnt, .frame_cnt = 1 };

	if (!lost)
		return;
	profile__add_frame(n->profile, synthetic_location(n, "[lost]"));
	sample.values[0] = (int64_t)lost;
	sample.values[1] = (int64_t)lost * n->period;
	profile__add_sample(n->profile, &sample);
}

static void add_types(struct naming *n)
{
	const struct event_choice *event = n->options->event;
	struct profile *p = n->profile;
	scope_memory char *start = ingest__host_value(n->ingest, "start_utc_ns");

	p->value_types[0] = (struct profile_value_type){ string(n, "samples"), string(n, "count") };
	p->value_types[1] = (struct profile_value_type){ string(n, event->sample_type),
							 string(n, event->sample_unit) };
	p->value_type_cnt = 2;
	p->period_type = p->value_types[1];
	n->period = n->options->period ? (int64_t)n->options->period : 1;
	p->period = n->period;
	p->default_type = string(n, event->sample_type);
	p->duration_ns = (int64_t)n->ingest->duration_ns;
	p->time_ns = start ? strtoll(start, NULL, 10) : 0;
}

static void add_comments(struct naming *n)
{
	static const char *const stop_names[] = {
#define STOP(name, complete, text) #name,
#include "bpf/shared/errors.def"
	};
	static const char *const python_names[] = {
#define PYTHON(name, whole, text) #name,
#include "bpf/shared/errors.def"
	};
	static const char *const counter_names[] = {
#define COUNTER(name, text) #name,
#include "bpf/shared/errors.def"
	};
	const struct counts *c = &n->ingest->counts;
	struct profile *p = n->profile;
	scope_memory char *host = ingest__host_value(n->ingest, "host");
	scope_memory char *kernel = ingest__host_value(n->ingest, "kernel");
	uint64_t frames = n->named + n->placed;

	if (n->options->event->period && n->options->period)
		profile__add_comment(p, "host: %s, kernel %s, 1 of %" PRIu64 " %s", host, kernel,
				     n->options->period, n->options->event->name);
	else
		profile__add_comment(p, "host: %s, kernel %s, %u Hz %s", host, kernel,
				     n->options->frequency, n->options->event->name);
	profile__add_comment(p, "lost samples: %" PRIu64, ingest__lost(n->ingest));
	profile__add_comment(p, "truncated stacks: %" PRIu64, n->ingest->truncated);
	profile__add_comment(p, "unnamed locations: %.1f%% of %" PRIu64,
			     frames ? 100.0 * (double)n->placed / (double)frames : 0.0, frames);
	profile__add_comment(p, "# event records lost: %" PRIu64, n->ingest->event_records_lost);
	for (int i = 0; i < STOP_CNT; i++)
		if (c->stops[i])
			profile__add_comment(p, "# stop %s: %" PRIu64, stop_names[i],
					     (uint64_t)c->stops[i]);
	for (int i = 0; i < PYTHON_END_CNT; i++)
		if (c->python_ends[i] && i != PYTHON_NONE)
			profile__add_comment(p, "# python %s: %" PRIu64, python_names[i],
					     (uint64_t)c->python_ends[i]);
	for (int i = 0; i < COUNTER_CNT; i++)
		profile__add_comment(p, "# count %s: %" PRIu64, counter_names[i],
				     (uint64_t)c->counters[i]);
}

static void naming_fini(struct naming *n)
{
	struct function_entry *f, *next_f;
	struct module_entry *m, *next_m;

	HASH_ITER(hh, n->functions, f, next_f) {
		HASH_DEL(n->functions, f);
		free(f);
	}
	HASH_ITER(hh, n->modules, m, next_m) {
		HASH_DEL(n->modules, m);
		free(m);
	}
	free(n->places);
	free(n->location_of);
	free(n->roles);
	profile__free(n->profile);
}

static int build(struct naming *n)
{
	uint32_t cnt;
	const struct location *locations = aggregate__locations(n->ingest->aggregate, &cnt);
	scope_memory char *host = ingest__host_value(n->ingest, "host");
	char first[300];
	int err;

	n->profile = profile__new();
	n->places = malloc((cnt + 1) * sizeof(*n->places));
	n->location_of = malloc((cnt + 1) * sizeof(*n->location_of));
	n->roles = calloc(cnt + 1, 1);
	if (!n->profile || !n->places || !n->location_of || !n->roles)
		return -ENOMEM;
	snprintf(first, sizeof(first), "[host:%s]", host);
	profile__add_mapping(n->profile, &(struct profile_mapping){ .filename = string(n, first) });
	add_types(n);
	n->started_ns = now_ns();
	for (uint32_t i = 0; i < cnt; i++)
		name_location(n, &locations[i], i);
	err = name_files(n);
	if (err)
		return err;
	aggregate__for_each(n->ingest->aggregate, add_stack, n);
	add_lost(n);
	add_comments(n);
	return profile__normalize(n->profile);
}

int profile_from(struct ingest *ingest, const struct naming_options *options,
		 struct profile **ret_profile)
{
	struct naming n = { .ingest = ingest, .options = options };
	int err = build(&n);

	if (!err)
		*ret_profile = take_ptr(n.profile);
	naming_fini(&n);
	return err;
}
