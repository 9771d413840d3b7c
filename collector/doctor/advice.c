// SPDX-License-Identifier: Apache-2.0
#include "collector/doctor/advice.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "collector/doctor/file_facts.h"
#include "collector/doctor/probe.h"
#include "collector/tables/opener.h"

#define MAX_LINES 2

struct unnamed { /* frames, weighed by samples */
	uint64_t *by_mapping; /* owned */
	uint64_t sum;
	uint64_t all;
};

/* "[libfoo+0x1234]": how naming.c writes what it could only place. */
static bool is_placed(const struct profile *p, const struct profile_location *l)
{
	const struct profile_function *f = &p->functions[p->lines[l->first_line].function];
	const char *name = strtab__text(p->strings, f->name);

	return *name == '[' && strstr(name, "+0x") && name[strlen(name) - 1] == ']';
}

static void weigh_frame(struct unnamed *u, const struct profile *p, uint32_t location,
			uint64_t weight)
{
	const struct profile_location *l = &p->locations[location];

	u->all += weight;
	if (l->mapping == PROFILE_NONE || !l->line_cnt || !is_placed(p, l))
		return;
	u->by_mapping[l->mapping] += weight;
	u->sum += weight;
}

static void weigh(struct unnamed *u, const struct profile *p)
{
	for (uint32_t i = 0; i < p->samples_cnt; i++) {
		const struct profile_sample *s = &p->samples[i];

		for (uint32_t f = 0; f < s->frame_cnt; f++)
			weigh_frame(u, p, p->frames[s->first_frame + f], (uint64_t)s->values[0]);
	}
}

static bool has_build_id(const struct binary *b, const char *hex)
{
	char ours[2 * BUILD_ID_MAX + 1] = "";

	for (int i = 0; i < b->build_id.size; i++)
		sprintf(ours + 2 * i, "%02x", b->build_id.bytes[i]);
	return !strcmp(ours, hex);
}

static const struct binary *find_binary(const struct ingest *ingest, const struct profile *p,
					const struct profile_mapping *m)
{
	for (uint32_t i = 0; i < binaries__cnt(ingest->binaries); i++) {
		const struct binary *b = binaries__at(ingest->binaries, i);

		if (b->kind == BINARY_FILE && b->state == BINARY_KNOWN &&
		    !strcmp(b->path, strtab__text(p->strings, m->filename)) &&
		    has_build_id(b, strtab__text(p->strings, m->build_id)))
			return b;
	}
	return NULL;
}

/* The root is the host's where it is not known. */
static void find_owner(struct file_view *view, int root_fd)
{
	scope_fd int ours = root_fd >= 0 ? -1 : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct owner_query query = { .path = view->path };

	owners_find(root_fd >= 0 ? root_fd : ours, &query, 1);
	memcpy(view->package, query.package, sizeof(view->package));
}

static void names_of_file(const struct binary *b, struct fact *fact)
{
	struct file_view view = { .path = b->path, .deleted = b->deleted };
	int fd = b->fd >= 0 ? b->fd : binary_reopen(b);

	if (fd < 0) {
		view.error = fd;
	} else {
		file_view__look(&view, fd, &(struct debug_search){ .root_fd = b->root_fd });
		find_owner(&view, b->root_fd);
	}
	file_names_fact(&view, fact);
	if (fd >= 0 && fd != b->fd)
		close(fd);
}

static void names_of_kernel(struct fact *fact)
{
	struct host_view host;

	host_view__init(&host);
	probe__ask(probe_find(rights_probes, "/proc/kallsyms"), &host, fact);
	host_view__fini(&host);
}

static void print_mapping(FILE *to, const struct ingest *ingest, const struct profile *p,
			  uint32_t mapping)
{
	const struct profile_mapping *m = &p->mappings[mapping];
	const char *path = strtab__text(p->strings, m->filename);
	const struct binary *b = find_binary(ingest, p, m);
	struct fact fact = { .level = FACT_OK };
	char name[4200];

	if (b)
		names_of_file(b, &fact);
	else if (!strcmp(path, "[jit]"))
		jit_names_fact(0, &fact);
	else if (*path == '[' && strcmp(path, "[vdso]"))
		names_of_kernel(&fact);
	if (fact.level == FACT_OK) /* nothing to be mended */
		return;
	snprintf(name, sizeof(name), "names  %s", path);
	fact__print(to, name, &fact);
}

static uint32_t take_largest(struct unnamed *u, uint32_t cnt)
{
	uint32_t largest = 0;

	for (uint32_t i = 1; i < cnt; i++)
		if (u->by_mapping[i] > u->by_mapping[largest])
			largest = i;
	if (!cnt || !u->by_mapping[largest])
		return PROFILE_NONE;
	u->by_mapping[largest] = 0;
	return largest;
}

void advise(FILE *to, const struct ingest *ingest, const struct profile *profile)
{
	scope_memory uint64_t *by_mapping = calloc(profile->mappings_cnt + 1, sizeof(*by_mapping));
	struct unnamed u = { .by_mapping = by_mapping };

	if (!by_mapping)
		return;
	weigh(&u, profile);
	if (u.sum * 100 <= u.all)
		return;
	fprintf(to, "unnamed: %.1f%% of all frames; most of them (sonde doctor says more):\n",
		100 * (double)u.sum / (double)u.all);
	for (int i = 0; i < MAX_LINES; i++) {
		uint32_t mapping = take_largest(&u, profile->mappings_cnt);

		if (mapping != PROFILE_NONE)
			print_mapping(to, ingest, profile, mapping);
	}
}
