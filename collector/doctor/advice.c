// SPDX-License-Identifier: Apache-2.0
#include "collector/doctor/advice.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "collector/doctor/file_facts.h"
#include "collector/doctor/probe.h"
#include "collector/tables/target_file.h"

#define MAX_LINES 2

struct frames { /* weighed by samples */
	uint64_t placed;
	uint64_t all;
};

struct unnamed {
	struct frames *by_mapping; /* owned */
	struct frames sum;
};

struct line {
	uint32_t mapping;
	struct frames frames; /* of the mapping */
	const struct binary *binary; /* NULL: its mapping is no file's */
	struct file_view view;
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
	uint64_t placed = l->mapping != PROFILE_NONE && l->line_cnt && is_placed(p, l) ? weight : 0;

	u->sum.all += weight;
	u->sum.placed += placed;
	if (l->mapping == PROFILE_NONE)
		return;
	u->by_mapping[l->mapping].all += weight;
	u->by_mapping[l->mapping].placed += placed;
}

static void weigh(struct unnamed *u, const struct profile *p)
{
	for (uint32_t i = 0; i < p->samples_cnt; i++) {
		const struct profile_sample *s = &p->samples[i];
		uint64_t weight = (uint64_t)profile__value(p, s, 0);

		for (uint32_t f = 0; f < s->frame_cnt; f++)
			weigh_frame(u, p, p->frames[s->first_frame + f], weight);
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

/* What naming found out is in the profile: no table of symbols is read again. */
static void look(struct line *line)
{
	const struct binary *b = line->binary;
	struct debug_search search = { .root_fd = b->root_fd };
	int fd = b->fd >= 0 ? b->fd : binary_reopen(b);

	line->view = (struct file_view){ .path = b->path, .deleted = b->deleted };
	if (fd < 0)
		line->view.error = fd;
	else
		file_view__of_frames(&line->view, fd, &search,
				     line->frames.all - line->frames.placed, line->frames.placed);
	if (fd >= 0 && fd != b->fd)
		close(fd);
}

/* Of lines whose files lie below one root, which is the host's where it is not known. */
static void find_owners_below(int root_fd, struct line *lines, int cnt)
{
	scope_fd int ours = root_fd >= 0 ? -1 : open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct owner_query queries[MAX_LINES] = { { .path = "" } };

	for (int i = 0; i < cnt; i++)
		queries[i].path = lines[i].view.path;
	owners_find(root_fd >= 0 ? root_fd : ours, queries, (size_t)cnt);
	for (int i = 0; i < cnt; i++)
		memcpy(lines[i].view.package, queries[i].package, PACKAGE_LEN);
}

static int root_of(const struct line *line)
{
	return line->binary ? line->binary->root_fd : -1;
}

static void find_owners(struct line *lines, int cnt)
{
	for (int first = 0, end; first < cnt; first = end) {
		for (end = first + 1; end < cnt && root_of(&lines[end]) == root_of(&lines[first]);)
			end++;
		find_owners_below(root_of(&lines[first]), &lines[first], end - first);
	}
}

static void names_of_kernel(struct fact *fact)
{
	struct host_view host;

	host_view__init(&host);
	probe__ask(probe_find(rights_probes, "/proc/kallsyms"), &host, fact);
	host_view__fini(&host);
}

static void print_line(FILE *to, const struct line *line, const char *path)
{
	struct fact fact = { .level = FACT_OK };
	char name[4200];

	if (line->binary)
		file_names_fact(&line->view, &fact);
	else if (!strcmp(path, "[jit]"))
		jit_names_fact(0, &fact);
	else if (*path == '[' && strcmp(path, "[vdso]"))
		names_of_kernel(&fact);
	if (fact.level == FACT_OK) /* nothing to be mended */
		return;
	snprintf(name, sizeof(name), "names  %s", path);
	fact__print(to, name, &fact);
}

static bool take_largest(struct unnamed *u, uint32_t cnt, struct line *ret_line)
{
	uint32_t largest = 0;

	for (uint32_t i = 1; i < cnt; i++)
		if (u->by_mapping[i].placed > u->by_mapping[largest].placed)
			largest = i;
	if (!cnt || !u->by_mapping[largest].placed)
		return false;
	*ret_line = (struct line){ .mapping = largest,
				   .frames = u->by_mapping[largest],
				   .view.path = "" };
	u->by_mapping[largest].placed = 0;
	return true;
}

static void print_lines(FILE *to, struct unnamed *u, const struct ingest *ingest,
			const struct profile *p)
{
	struct line lines[MAX_LINES];
	int cnt = 0;

	for (; cnt < MAX_LINES && take_largest(u, p->mappings_cnt, &lines[cnt]); cnt++) {
		lines[cnt].binary = find_binary(ingest, p, &p->mappings[lines[cnt].mapping]);
		if (lines[cnt].binary)
			look(&lines[cnt]);
	}
	find_owners(lines, cnt);
	for (int i = 0; i < cnt; i++)
		print_line(to, &lines[i],
			   strtab__text(p->strings, p->mappings[lines[i].mapping].filename));
}

void advise(FILE *to, const struct ingest *ingest, const struct profile *profile)
{
	scope_memory struct frames *by_mapping = calloc(profile->mappings_cnt + 1,
							sizeof(*by_mapping));
	struct unnamed u = { .by_mapping = by_mapping };

	if (!by_mapping)
		return;
	weigh(&u, profile);
	if (u.sum.placed * 100 <= u.sum.all)
		return;
	fprintf(to, "unnamed: %.1f%% of all frames; most of them (sonde doctor says more):\n",
		100 * (double)u.sum.placed / (double)u.sum.all);
	print_lines(to, &u, ingest, profile);
}
