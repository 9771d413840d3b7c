// SPDX-License-Identifier: Apache-2.0
/*
 * DWARF of hostile files, without the ELF around it: a list of parts "kind, size (4 bytes),
 * bytes". Bits 0 to 3 of kind say which section (enum dwarf_section_kind; 15: the addresses to ask
 * for), bits 6 and 7 whose: the file's, dwz's or a .dwp's. dwarf_seeds.py makes such lists of real
 * programs.
 */
#include <string.h>

#include "symbolizer/native/dwarf_scope.h"
#include "symbolizer/native/dwarf_source.h"

#define ADDRESSES 15
#define MAX_ADDRESSES 64

enum owner { OWNER_FILE, OWNER_ALT, OWNER_PACKAGE, OWNER_CNT };

struct input {
	struct dwarf_section sections[OWNER_CNT][DWARF_SECTION_CNT];
	uint64_t addrs[MAX_ADDRESSES];
	uint32_t addr_cnt;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_addresses(struct input *in, struct view part)
{
	while (view_left(&part) >= 8 && in->addr_cnt < MAX_ADDRESSES) {
		uint64_t addr = view_u64(&part);

		if (!in->addr_cnt || addr > in->addrs[in->addr_cnt - 1])
			in->addrs[in->addr_cnt++] = addr;
	}
}

static void take_section(struct dwarf_section *to, struct view part)
{
	if (to->data || !part.size)
		return;
	to->data = malloc(part.size);
	if (!to->data)
		return;
	memcpy(to->data, part.data, part.size);
	to->size = part.size;
	to->fd = -1;
}

static void read_input(struct input *in, const uint8_t *data, size_t size)
{
	struct view v = view_of(data, size);

	memset(in, 0, sizeof(*in));
	while (view_left(&v) >= 5) {
		uint8_t kind = view_u8(&v);
		uint32_t wanted = view_u32(&v);
		struct view part = view_cut(&v, wanted < view_left(&v) ? wanted : view_left(&v));

		if ((kind & 15) == ADDRESSES)
			take_addresses(in, part);
		else if ((kind & 15) < DWARF_SECTION_CNT && kind >> 6 < OWNER_CNT)
			take_section(&in->sections[kind >> 6][kind & 15], part);
	}
}

static struct dwarf_file *open_owner(struct input *in, enum owner owner,
				     struct dwarf_reader *reader)
{
	struct dwarf_file *file = NULL;

	dwarf_file__of_sections(in->sections[owner], reader, &file);
	return file;
}

static void ask(const struct input *in, const struct dwarf_file *file)
{
	struct dwarf_request request = { .elf_vaddrs = in->addrs, .cnt = in->addr_cnt };
	struct source_table *table = NULL;
	struct dwarf_outcome outcome;

	dwarf_source(file, &request, &table, &outcome);
	source_table__free(table);
}

static void ask_split(const struct input *in, const struct dwarf_file *file,
		      const struct dwarf_file *package, struct dwarf_reader *reader)
{
	for (uint32_t i = 0; i < file->unit_cnt && i < 16; i++) {
		struct dwarf_scopes scopes;
		struct dwarf_unit half;

		if (dwarf_file__find_split(package, &file->units[i], reader, &half) ||
		    dwarf_scopes__load(&half, reader, in->addrs, in->addr_cnt, &scopes))
			continue;
		dwarf_scopes__fini(&scopes);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dwarf_reader reader = { 0 };
	struct dwarf_file *file, *package;
	struct input in;

	read_input(&in, data, size);
	file = open_owner(&in, OWNER_FILE, &reader);
	package = open_owner(&in, OWNER_PACKAGE, &reader);
	if (file) {
		file->alt = open_owner(&in, OWNER_ALT, &reader);
		ask(&in, file);
		if (package)
			ask_split(&in, file, package, &reader);
	}
	dwarf_reader__fini(&reader);
	dwarf_file__free(package);
	dwarf_file__free(file);
	for (int owner = 0; owner < OWNER_CNT; owner++)
		dwarf_sections__fini(in.sections[owner]);
	return 0;
}
