// SPDX-License-Identifier: Apache-2.0
/*
 * What the symbolizer says of addresses of a file, for a judge: print_lines [-d DEBUG_DIR]... [-r
 * ROOT] [-t NS] [-c CACHE_DIR] FILE <addresses; with -r, FILE is a path below ROOT. Per address a
 * line "0xADDR" and one per frame, innermost first: "name TAB linkage TAB file TAB line TAB
 * start_line". Remarks go to standard error.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/native/file_names.h"
#include "symbolizer/native/kept_file.h"
#include "symbolizer/native/rooted_path.h"

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint32_t read_addresses(uint64_t **ret_addrs)
{
	uint64_t *addrs = NULL, addr;
	uint32_t cnt = 0, kept = 0;

	while (scanf("%" SCNx64, &addr) == 1) {
		if (!(cnt & (cnt - 1)))
			addrs = realloc(addrs, (cnt ? 2UL * cnt : 1) * sizeof(*addrs));
		if (!addrs)
			exit(1);
		addrs[cnt++] = addr;
	}
	if (cnt)
		qsort(addrs, cnt, sizeof(*addrs), compare);
	for (uint32_t i = 0; i < cnt; i++)
		if (!kept || addrs[kept - 1] != addrs[i])
			addrs[kept++] = addrs[i];
	*ret_addrs = addrs;
	return kept;
}

/* A column: what would end one is told as '?'. */
static void put(const struct source_table *t, uint32_t id)
{
	for (const char *at = strtab__text(t->strings, id); *at; at++)
		putchar_unlocked((unsigned char)*at < ' ' ? '?' : *at);
	putchar_unlocked('\t');
}

static void print(const struct file_question *q, const struct file_names *names)
{
	const struct source_table *t = names->table;

	for (uint32_t i = 0; i < q->cnt; i++) {
		printf("%#" PRIx64 "\n", q->elf_vaddrs[i]);
		for (uint32_t f = 0; f < t->chains[i].cnt; f++) {
			const struct source_frame *at = &t->frames[t->chains[i].first + f];

			put(t, at->name);
			put(t, at->linkage);
			put(t, at->file);
			printf("%u\t%u\n", at->line, at->start_line);
		}
	}
	if (names->late)
		fprintf(stderr, "late\n");
	if (names->damaged)
		fprintf(stderr, "damaged\n");
	if (names->alt_missing)
		fprintf(stderr, "no dwz file\n");
	if (names->split_missing)
		fprintf(stderr, "no split file\n");
	if (names->dwarf_error)
		fprintf(stderr, "no DWARF: %s\n", strerror(-names->dwarf_error));
	if (*names->refusal.path)
		fprintf(stderr, "refused: %s: %s\n", names->refusal.path, names->refusal.reason);
}

int main(int argc, char **argv)
{
	const char *dirs[16];
	struct debug_search search = { .root_fd = -1, .dirs = dirs };
	struct file_question q = { .search = &search, .kept = { -1, { "print_lines", 11 } } };
	scope_memory uint64_t *addrs = NULL;
	scope_free(file_names) struct file_names *names = NULL;
	scope_free(elf_file) struct elf_file *file = NULL;
	int c;

	while ((c = getopt(argc, argv, "c:d:r:t:")) != -1) {
		if (c == 'd' && search.dir_cnt < 16)
			dirs[search.dir_cnt++] = optarg;
		if (c == 'r')
			search.root_fd = open(optarg, O_PATH | O_DIRECTORY);
		if (c == 'c')
			q.kept.dir_fd = open(optarg, O_RDONLY | O_DIRECTORY);
		if (c == 't')
			q.timeout_ns = strtoull(optarg, NULL, 10);
	}
	if (optind + 1 != argc)
		return 2;
	q.path = argv[optind];
	q.fd = rooted_open(search.root_fd, q.path);
	if (q.fd < 0 || elf_file__open(q.fd, &file))
		return 1;
	q.file = file;
	q.cnt = read_addresses(&addrs);
	q.elf_vaddrs = addrs;
	if (file_names__load(&q, &names))
		return 1;
	kept_files_prune(q.kept.dir_fd, 1 << 20);
	print(&q, names);
	return 0;
}
