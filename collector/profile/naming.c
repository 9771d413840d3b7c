// SPDX-License-Identifier: Apache-2.0
#include "collector/profile/naming.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "symbolizer/kernel/kallsyms.h"
#include "symbolizer/symbolizer.h"

struct file_names { /* one binary's names and its mappings in the profile */
	struct symbol_table *symbols; /* owned */
	bool tried;
	uint32_t *mapping_of_segment; /* owned; PROFILE_NONE: none yet */
	uint32_t whole; /* the mapping where segments are not known */
};

struct function_entry {
	UT_hash_handle hh;
	uint32_t idx;
	uint32_t key[3]; /* name, system name, file of the mapping: string ids */
};

struct module_entry {
	UT_hash_handle hh;
	uint32_t mapping;
	char name[64];
};

struct naming {
	struct ingest *ingest;
	const struct naming_options *options;
	struct profile *profile; /* owned until done */
	struct file_names *files; /* owned; by binary id */
	struct function_entry *functions; /* owned */
	struct module_entry *modules; /* owned */
	uint32_t *location_of; /* owned; by location index of the aggregate */
	uint64_t named;
	uint64_t placed;
	int64_t period;
};

static uint32_t string(struct naming *n, const char *text)
{
	return strtab__id(n->profile->strings, text);
}

static uint32_t function_index(struct naming *n, const char *name, const char *linkage,
			       const char *file)
{
	uint32_t key[3] = { string(n, name), string(n, linkage), string(n, file) };
	struct function_entry *e;

	HASH_FIND(hh, n->functions, key, sizeof(key), e);
	if (e)
		return e->idx;
	e = calloc(1, sizeof(*e));
	if (!e)
		return 0;
	memcpy(e->key, key, sizeof(key));
	e->idx = profile__add_function(n->profile, &(struct profile_function){
							   .name = key[0], .system_name = key[1] });
	HASH_ADD(hh, n->functions, key, sizeof(e->key), e);
	return e->idx;
}

static uint32_t add_location(struct naming *n, uint32_t mapping, uint64_t address,
			     const char *name, const char *linkage)
{
	struct profile_line line = { 0 };
	struct profile_location location = { .mapping = mapping, .address = address, .line_cnt = 1 };
	const struct profile_mapping *m = &n->profile->mappings[mapping];

	line.function = function_index(n, name, linkage, strtab__text(n->profile->strings,
								       m->filename));
	location.first_line = profile__add_line(n->profile, &line);
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
		struct profile_mapping m = { .filename = string(n, "[jit]"), .has_functions = true };

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

static int open_elf(struct naming *n, struct binary *b, struct elf_file **ret_file)
{
	if (b->kind == BINARY_VDSO)
		return n->ingest->vdso ?
			       elf_file__open_memory(n->ingest->vdso, n->ingest->vdso_size,
						     ret_file) :
			       -ENOENT;
	if (b->fd < 0)
		b->fd = n->options->open_binary(b);
	return b->fd < 0 ? b->fd : elf_file__open(b->fd, ret_file);
}

static struct file_names *names_of(struct naming *n, struct binary *b)
{
	struct file_names *names = &n->files[b->id];
	scope_free(elf_file) struct elf_file *file = NULL;

	if (names->tried)
		return names;
	names->tried = true;
	names->whole = PROFILE_NONE;
	names->mapping_of_segment = malloc((b->segment_cnt + 1) * sizeof(uint32_t));
	for (uint32_t i = 0; names->mapping_of_segment && i < b->segment_cnt; i++)
		names->mapping_of_segment[i] = PROFILE_NONE;
	if (open_elf(n, b, &file) || symbol_table__load(file, NULL, &names->symbols))
		log_debug("%s: no names", b->path);
	return names;
}

static void hex_build_id(const struct build_id *id, char *to)
{
	for (int i = 0; i < id->size; i++)
		sprintf(to + 2 * i, "%02x", id->bytes[i]);
	to[2 * id->size] = 0;
}

static uint32_t file_mapping(struct naming *n, const struct binary *b, uint64_t start,
			     uint64_t limit, uint64_t off)
{
	char hex[2 * BUILD_ID_MAX + 1];
	struct profile_mapping m = { .start = start, .limit = limit, .file_off = off,
				     .has_functions = true };

	hex_build_id(&b->build_id, hex);
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
static uint32_t mapping_of(struct naming *n, struct binary *b, struct file_names *names,
			   uint64_t off, uint64_t *ret_address)
{
	int i = segment_index(b, off);
	uint64_t page_off, start;

	if (i < 0 || !names->mapping_of_segment) {
		uint64_t base = b->first_start - b->first_off;

		if (names->whole == PROFILE_NONE)
			names->whole = file_mapping(n, b, b->first_start, 0, b->first_off);
		widen(n, names->whole, base + off);
		*ret_address = base + off;
		return names->whole;
	}
	page_off = b->segments[i].file_off & ~0xfffULL;
	start = b->first_start + page_off - b->first_off;
	if (names->mapping_of_segment[i] == PROFILE_NONE)
		names->mapping_of_segment[i] = file_mapping(
			n, b, start,
			start + ((b->segments[i].file_off + b->segments[i].file_sz - page_off +
				  0xfff) & ~0xfffULL),
			page_off);
	*ret_address = start + off - page_off;
	return names->mapping_of_segment[i];
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

static uint32_t name_file(struct naming *n, struct binary *named, uint64_t off)
{
	struct binary *b = binaries__canonical(n->ingest->binaries, named);
	struct file_names *names = names_of(n, b);
	struct symbol_name found = { .source = NAME_NONE };
	uint64_t elf_vaddr = off, address;
	uint32_t mapping = mapping_of(n, b, names, off, &address);
	scope_memory char *pretty = NULL;
	char placed[128];
	int i = segment_index(b, off);

	if (i >= 0)
		elf_vaddr = off - b->segments[i].file_off + b->segments[i].elf_vaddr;
	if (names->symbols)
		found = symbol_table__find(names->symbols, elf_vaddr);
	if (found.linkage) {
		n->named++;
		pretty = demangle(found.linkage);
		return add_location(n, mapping, address, pretty ? pretty : found.linkage,
				    found.linkage);
	}
	n->placed++;
	placeholder(b->path, found.source == NAME_FDE ? found.start : elf_vaddr, placed,
		    sizeof(placed));
	return add_location(n, mapping, address, placed, "");
}

static uint32_t name_location(struct naming *n, const struct location *l)
{
	struct binary *b;

	if (l->binary == LOCATION_TRUNCATED_BINARY)
		return synthetic_location(n, "[truncated]");
	if (l->binary == BINARY_KERNEL_ID)
		return name_kernel(n, l->off);
	b = binaries__at(n->ingest->binaries, l->binary);
	if (!b || b->kind == BINARY_ANON)
		return name_anon(n, l->off);
	return name_file(n, b, l->off);
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

static void add_stack(void *ctx, const struct stack *stack)
{
	struct naming *n = ctx;
	struct profile *p = n->profile;
	struct profile_sample sample = { .first_frame = p->frames_cnt, .frame_cnt = stack->cnt,
					 .first_label = p->labels_cnt };

	for (uint32_t i = 0; i < stack->cnt; i++)
		profile__add_frame(p, n->location_of[stack->locations[i]]);
	add_labels(n, aggregate__labels(n->ingest->aggregate, stack->labels));
	sample.label_cnt = p->labels_cnt - sample.first_label;
	sample.values[0] = (int64_t)stack->samples;
	sample.values[1] = (int64_t)stack->weight;
	profile__add_sample(p, &sample);
}

static uint64_t lost_samples(const struct ingest *ingest)
{
	return ingest->counts.counters[COUNTER_RING_FULL] +
	       ingest->counts.counters[COUNTER_NO_SCRATCH] + ingest->no_memory;
}

static void add_lost(struct naming *n)
{
	uint64_t lost = lost_samples(n->ingest);
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
	n->period = strcmp(event->name, "cpu-clock") ? 1 : 1000000000LL / n->options->frequency;
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
	static const char *const counter_names[] = {
#define COUNTER(name, text) #name,
#include "bpf/shared/errors.def"
	};
	const struct counts *c = &n->ingest->counts;
	struct profile *p = n->profile;
	scope_memory char *host = ingest__host_value(n->ingest, "host");
	scope_memory char *kernel = ingest__host_value(n->ingest, "kernel");
	uint64_t frames = n->named + n->placed;

	profile__add_comment(p, "host: %s, kernel %s, %u Hz %s", host, kernel,
			     n->options->frequency, n->options->event->name);
	profile__add_comment(p, "lost samples: %" PRIu64, lost_samples(n->ingest));
	profile__add_comment(p, "truncated stacks: %" PRIu64, n->ingest->truncated);
	profile__add_comment(p, "unnamed locations: %.1f%% of %" PRIu64,
			     frames ? 100.0 * (double)n->placed / (double)frames : 0.0, frames);
	profile__add_comment(p, "# event records lost: %" PRIu64, n->ingest->event_records_lost);
	for (int i = 0; i < STOP_CNT; i++)
		if (c->stops[i])
			profile__add_comment(p, "# stop %s: %" PRIu64, stop_names[i],
					     (uint64_t)c->stops[i]);
	for (int i = 0; i < COUNTER_CNT; i++)
		profile__add_comment(p, "# count %s: %" PRIu64, counter_names[i],
				     (uint64_t)c->counters[i]);
}

static void naming_fini(struct naming *n)
{
	struct function_entry *f, *next_f;
	struct module_entry *m, *next_m;

	for (uint32_t i = 0; n->files && i < binaries__cnt(n->ingest->binaries); i++) {
		symbol_table__free(n->files[i].symbols);
		free(n->files[i].mapping_of_segment);
	}
	HASH_ITER(hh, n->functions, f, next_f) {
		HASH_DEL(n->functions, f);
		free(f);
	}
	HASH_ITER(hh, n->modules, m, next_m) {
		HASH_DEL(n->modules, m);
		free(m);
	}
	free(n->files);
	free(n->location_of);
	profile__free(n->profile);
}

static int build(struct naming *n)
{
	uint32_t cnt;
	const struct location *locations = aggregate__locations(n->ingest->aggregate, &cnt);
	scope_memory char *host = ingest__host_value(n->ingest, "host");
	char first[300];

	n->profile = profile__new();
	n->files = calloc(binaries__cnt(n->ingest->binaries), sizeof(*n->files));
	n->location_of = malloc((cnt + 1) * sizeof(*n->location_of));
	if (!n->profile || !n->files || !n->location_of)
		return -ENOMEM;
	snprintf(first, sizeof(first), "[host:%s]", host);
	profile__add_mapping(n->profile, &(struct profile_mapping){ .filename = string(n, first) });
	add_types(n);
	for (uint32_t i = 0; i < cnt; i++)
		n->location_of[i] = name_location(n, &locations[i]);
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
