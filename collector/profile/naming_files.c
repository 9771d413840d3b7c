// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/process/mapping.h"
#include "collector/profile/binary_names.h"
#include "collector/profile/naming_parts.h"
#include "collector/python/glue.h"
#include "common/clock.h"
#include "common/log.h"
#include "symbolizer/native/call_site.h"

#define PROGRESS_NS 1000000000ULL

struct file_place { /* a location in a file */
	struct binary *binary; /* the eldest of the file's names */
	uint64_t off;
	uint64_t elf_vaddr;
	uint32_t location; /* index in the aggregate */
	uint32_t flags; /* LOCATION_F_* */
};

struct file_mappings { /* one binary's in the profile */
	const struct binary *binary;
	uint32_t *of_segment; /* owned; PROFILE_NONE: none yet */
	uint32_t whole; /* the mapping where segments are not known */
};

static uint32_t file_mapping(struct naming *n, const struct binary *b, uint64_t start,
			     uint64_t limit, uint64_t off)
{
	char hex[2 * BUILD_ID_MAX + 1];
	struct profile_mapping m = {
		.start = start, .limit = limit, .file_off = off, .has_functions = true
	};

	build_id_to_hex(&b->build_id, hex);
	m.build_id = naming__string(n, hex);
	m.filename = naming__string(n, b->path);
	return profile__add_mapping(n->profile, &m);
}

/* One mapping per segment: where the first process had it; other processes' addresses are moved. */
static uint32_t mapping_of(struct naming *n, struct file_mappings *mappings, uint64_t off,
			   uint64_t *ret_address)
{
	const struct binary *b = mappings->binary;
	const struct elf_segment *s = binary_segment(b, off);
	uint64_t page_off, start;
	uint32_t *mapping;

	if (!s || !mappings->of_segment) {
		uint64_t base = b->first_start - b->first_off;

		if (mappings->whole == PROFILE_NONE)
			mappings->whole = file_mapping(n, b, b->first_start, 0, b->first_off);
		naming__widen(n, mappings->whole, base + off);
		*ret_address = base + off;
		return mappings->whole;
	}
	page_off = s->file_off & ~0xfffULL;
	start = b->first_start + page_off - b->first_off;
	mapping = &mappings->of_segment[s - b->segments];
	if (*mapping == PROFILE_NONE)
		*mapping = file_mapping(n, b, start,
					start + ((s->file_off + s->file_sz - page_off + 0xfff) &
						 ~0xfffULL),
					page_off);
	*ret_address = start + off - page_off;
	return *mapping;
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
		line = naming__add_line(n, mapping,
					named ? strtab__text(names->strings, f->name) : placed,
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
	return naming__add_location(n, location.mapping, location.address, placed, "");
}

/* The function's that was called: inlined ones come before it. */
static const char *outer_name(const struct source_table *names, uint32_t chain)
{
	const struct source_chain *c = names ? &names->chains[chain] : NULL;
	const struct source_frame *f = c && c->cnt ? &names->frames[c->first + c->cnt - 1] : NULL;

	return f && f->name ? strtab__text(names->strings, f->name) : NULL;
}

static enum frame_role role_of(const struct binary *b, const char *name)
{
	bool interpreter = b->python && b->python->is_python;

	if (!interpreter)
		return name && !strcmp(name, "pthread_cond_timedwait") ? ROLE_TIMED_WAIT :
									 ROLE_NATIVE;
	if (!name)
		return ROLE_NAMELESS;
	if (python_takes_gil(name))
		return ROLE_TAKES_GIL;
	return python_is_glue(name) ? ROLE_GLUE : ROLE_NATIVE;
}

/* Each address once. Returns how many. */
static uint32_t gather(const struct file_place *places, uint32_t cnt, uint64_t *elf_vaddrs,
		       uint8_t *verdicts)
{
	uint32_t asked = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		if (!asked || elf_vaddrs[asked - 1] != places[i].elf_vaddr) {
			verdicts[asked] = CALL_NOT_ASKED;
			elf_vaddrs[asked++] = places[i].elf_vaddr;
		}
		if (places[i].flags & LOCATION_F_RETURN)
			verdicts[asked - 1] = CALL_NOT_JUDGED;
	}
	return asked;
}

/* Beyond a start that nobody called nothing can lie: such a stack took a pointer to a function for a return
 * address, or has gone on behind its end. */
static void judge_starts(const struct file_place *places, uint32_t cnt,
			 const struct binary_question *q)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < cnt; i++) {
		at += q->elf_vaddrs[at] != places[i].elf_vaddr;
		if (q->verdicts[at] == CALL_START && (places[i].flags & LOCATION_F_INNER))
			q->verdicts[at] = CALL_REFUTED;
	}
}

static void count_verdicts(struct naming *n, const struct binary_question *q)
{
	for (uint32_t i = 0; i < q->cnt; i++) {
		n->calls.judged += q->verdicts[i] > CALL_NOT_JUDGED;
		n->calls.not_judged += q->verdicts[i] == CALL_NOT_JUDGED;
		n->calls.starts += q->verdicts[i] == CALL_START;
		n->calls.refuted += q->verdicts[i] == CALL_REFUTED;
		if (q->verdicts[i] == CALL_REFUTED)
			log_debug("%s: 0x%" PRIx64 " does not follow a call", q->binary->path,
				  q->elf_vaddrs[i] + 1);
	}
}

/* The places of one file, sorted by address: asked for in one go. */
static int name_places(struct naming *n, const struct file_place *places, uint32_t cnt)
{
	struct file_mappings mappings = { .binary = places->binary, .whole = PROFILE_NONE };
	scope_memory uint64_t *elf_vaddrs = malloc(cnt * sizeof(*elf_vaddrs));
	scope_memory uint8_t *verdicts = malloc(cnt);
	scope_free(file_names) struct file_names *names = NULL;
	struct binary_question question = { places->binary, elf_vaddrs, verdicts, 0 };
	uint32_t chain = 0;

	mappings.of_segment = malloc((places->binary->segment_cnt + 1) * sizeof(uint32_t));
	if (!elf_vaddrs || !verdicts || !mappings.of_segment) {
		free(mappings.of_segment);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < places->binary->segment_cnt; i++)
		mappings.of_segment[i] = PROFILE_NONE;
	question.cnt = gather(places, cnt, elf_vaddrs, verdicts);
	if (binary_names__load(n->ingest, n->options, &question, &names))
		log_debug("%s: no names", places->binary->path);
	judge_starts(places, cnt, &question);
	count_verdicts(n, &question);
	for (uint32_t i = 0; i < cnt; i++) {
		chain += elf_vaddrs[chain] != places[i].elf_vaddr;
		n->location_of[places[i].location] = name_file(n, &mappings, &places[i],
							       names ? names->table : NULL, chain);
		n->roles[places[i].location] =
			role_of(places->binary, outer_name(names ? names->table : NULL, chain));
		n->refuted[places[i].location] = verdicts[chain] == CALL_REFUTED;
	}
	free(mappings.of_segment);
	return 0;
}

int naming__reserve_places(struct naming *n, uint32_t cnt)
{
	n->places = malloc((cnt + 1) * sizeof(*n->places));
	return n->places ? 0 : -ENOMEM;
}

void naming__add_place(struct naming *n, struct binary *named, const struct location *l,
		       uint32_t location)
{
	struct binary *b = binaries__canonical(n->ingest->binaries, named);

	n->places[n->place_cnt++] = (struct file_place){
		.binary = b,
		.off = l->off,
		.elf_vaddr = binary_elf_vaddr(b, l->off),
		.location = location,
		.flags = l->flags,
	};
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

int naming__files(struct naming *n)
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
