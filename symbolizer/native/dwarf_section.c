// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/dwarf_section.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <elf.h>

#include "common/io.h"
#include "symbolizer/native/inflate.h"

#define MAX_UNPACKED (2UL << 30) /* all sections of a file */
#define INNOCENT (16UL << 20)
#define PACKED_TIMES 40
#define WORTH_A_THREAD (256U << 10)
#define MAX_WINDOW (256UL << 20)
#define MAX_STRING 65536
#define MIN_READ 4096

static const char *const names[DWARF_SECTION_CNT] = {
	[DWARF_INFO] = "info",
	[DWARF_ABBREV] = "abbrev",
	[DWARF_STR] = "str",
	[DWARF_LINE_STR] = "line_str",
	[DWARF_LINE] = "line",
	[DWARF_RANGES] = "ranges",
	[DWARF_RNGLISTS] = "rnglists",
	[DWARF_ADDR] = "addr",
	[DWARF_STR_OFFSETS] = "str_offsets",
	[DWARF_CU_INDEX] = "cu_index",
};

struct unpacking { /* a section that is to be unpacked */
	struct dwarf_section *to;
	enum packing packing;
	uint64_t off; /* of the packed bytes in the file */
	uint64_t size;
	pthread_t thread;
	bool running;
	int err;
};

/* DWARF packs 3 to 10 times; what is a hundred times larger unpacked wants our memory. */
static bool is_bomb(uint64_t size, uint64_t packed_size)
{
	return size > MAX_UNPACKED || packed_size > MAX_UNPACKED ||
	       (size > INNOCENT && size / PACKED_TIMES > packed_size);
}

static int plan(struct unpacking *u, struct dwarf_section *to, enum packing packing, uint64_t off,
		uint64_t packed_size)
{
	if (is_bomb(to->size, packed_size))
		return -EFBIG;
	to->data = inflate_buffer(to->size);
	if (!to->data)
		return -ENOMEM;
	*u = (struct unpacking){ .to = to, .packing = packing, .off = off, .size = packed_size };
	return 0;
}

static int plan_compressed(struct unpacking *u, struct dwarf_section *to,
			   const struct elf_section *from)
{
	Elf64_Chdr head;

	if (from->size < sizeof(head) || io_pread_full(to->fd, &head, sizeof(head), from->file_off))
		return -ENODATA;
	to->size = head.ch_size;
	return plan(u, to,
		    head.ch_type == ELFCOMPRESS_ZLIB ? PACKED_ZLIB :
		    head.ch_type == 2		     ? PACKED_ZSTD : /* ELFCOMPRESS_ZSTD */
						       PACKED_UNKNOWN,
		    from->file_off + sizeof(head), from->size - sizeof(head));
}

/* .zdebug_*: "ZLIB", the size in big-endian order, the stream. */
static int plan_old_compressed(struct unpacking *u, struct dwarf_section *to,
			       const struct elf_section *from)
{
	uint8_t head[12];

	if (from->size < sizeof(head) ||
	    io_pread_full(to->fd, head, sizeof(head), from->file_off) || memcmp(head, "ZLIB", 4))
		return -ENODATA;
	to->size = 0;
	for (int i = 4; i < 12; i++)
		to->size = to->size << 8 | head[i];
	return plan(u, to, PACKED_ZLIB, from->file_off + sizeof(head), from->size - sizeof(head));
}

static int find_one(const struct elf_file *file, enum dwarf_section_kind kind, bool split,
		    struct dwarf_section *to, struct unpacking *u)
{
	const struct elf_section *from;
	char name[40];

	snprintf(name, sizeof(name), kind == DWARF_CU_INDEX ? ".debug_%s" : ".debug_%s%s",
		 names[kind], split ? ".dwo" : "");
	from = elf_file__section(file, name);
	if (from && from->type != SHT_NOBITS) {
		to->file_off = from->file_off;
		to->size = from->size;
		return from->flags & SHF_COMPRESSED ? plan_compressed(u, to, from) : 0;
	}
	snprintf(name, sizeof(name), ".zdebug_%s%s", names[kind], split ? ".dwo" : "");
	from = elf_file__section(file, name);
	return from && from->type != SHT_NOBITS ? plan_old_compressed(u, to, from) : 0;
}

static void *unpack(void *arg)
{
	struct unpacking *u = arg;

	u->err = inflate_from_file(u->packing, u->to->fd, u->off, u->size, u->to->data,
				   u->to->size);
	return NULL;
}

/* .debug_info, the largest, in this thread; other large ones in one each. */
static int unpack_all(struct unpacking *all)
{
	int err = 0;

	for (int kind = DWARF_INFO + 1; kind < DWARF_SECTION_CNT; kind++)
		all[kind].running = all[kind].size > WORTH_A_THREAD &&
				    !pthread_create(&all[kind].thread, NULL, unpack, &all[kind]);
	for (int kind = DWARF_INFO; kind < DWARF_SECTION_CNT; kind++)
		if (all[kind].to && !all[kind].running)
			unpack(&all[kind]);
	for (int kind = DWARF_INFO; kind < DWARF_SECTION_CNT; kind++) {
		if (all[kind].running)
			pthread_join(all[kind].thread, NULL);
		err = err ? err : all[kind].err;
	}
	return err;
}

int dwarf_sections__load(const struct elf_file *file, int fd, bool split,
			 struct dwarf_section sections[DWARF_SECTION_CNT])
{
	struct unpacking unpackings[DWARF_SECTION_CNT] = { 0 };
	uint64_t unpacked = 0;
	int err = 0;

	memset(sections, 0, DWARF_SECTION_CNT * sizeof(*sections));
	for (int kind = 0; kind < DWARF_SECTION_CNT && !err; kind++) {
		sections[kind].fd = fd;
		err = find_one(file, (enum dwarf_section_kind)kind, split, &sections[kind],
			       &unpackings[kind]);
		unpacked += sections[kind].data ? sections[kind].size : 0;
	}
	if (!err && unpacked > MAX_UNPACKED)
		err = -EFBIG;
	if (!err)
		err = unpack_all(unpackings);
	if (err)
		dwarf_sections__fini(sections);
	return err;
}

void dwarf_sections__fini(struct dwarf_section sections[DWARF_SECTION_CNT])
{
	for (int kind = 0; kind < DWARF_SECTION_CNT; kind++)
		free(sections[kind].data);
	memset(sections, 0, DWARF_SECTION_CNT * sizeof(*sections));
}

void dwarf_window__fini(struct dwarf_window *w)
{
	free(w->data);
	memset(w, 0, sizeof(*w));
}

static bool fill(const struct dwarf_section *s, struct dwarf_window *w, uint64_t off, uint64_t size)
{
	w->size = 0;
	if (size > w->room) {
		free(w->data);
		w->room = size;
		w->data = malloc(size);
		if (!w->data) {
			w->room = 0;
			return false;
		}
	}
	if (io_pread_full(s->fd, w->data, size, s->file_off + off))
		return false;
	w->section = s;
	w->off = off;
	w->size = size;
	return true;
}

struct view dwarf_section__view(const struct dwarf_section *s, struct dwarf_window *w, uint64_t off,
				uint64_t wanted)
{
	static const struct view bad = { .bad = true };

	if (off >= s->size)
		return bad;
	if (wanted > s->size - off)
		wanted = s->size - off;
	if (s->data)
		return view_of(s->data + off, wanted);
	if (w->section != s || off < w->off || off + wanted > w->off + w->size) {
		uint64_t size = wanted < MIN_READ ? MIN_READ : wanted;

		if (size > MAX_WINDOW ||
		    !fill(s, w, off, size < s->size - off ? size : s->size - off))
			return bad;
	}
	return view_of(w->data + (off - w->off), wanted);
}

const char *dwarf_section__string(const struct dwarf_section *s, struct dwarf_window *w,
				  uint64_t off)
{
	for (uint64_t size = 256; size <= MAX_STRING; size *= 16) {
		struct view v = dwarf_section__view(s, w, off, size);
		const char *text = view_cstr(&v);

		if (text)
			return text;
	}
	return NULL;
}
