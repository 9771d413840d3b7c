// SPDX-License-Identifier: Apache-2.0
/*
 * One flat copy from the lowest address of any section to the highest: a pointer is checked by
 * one comparison, and what is never touched (code, .bss, gaps) costs no memory. DT_RELR needs no
 * work: its addends lie in place already.
 */
#include "symbolizer/native/data_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <elf.h>

#define MAX_SPAN (1UL << 29)
#define MAX_DATA (256UL << 20) /* copied: strings, mostly */
#define MAX_TABLES (16UL << 20) /* of these: parts that can hold pointers */
#define MAX_PARTS 256

static const struct relocation_types {
	uint16_t machine;
	uint32_t relative; /* the addend */
	uint32_t absolute; /* symbol and addend */
	uint32_t glob_dat; /* symbol */
	uint32_t jump_slot; /* symbol */
} machines[] = {
	{ EM_X86_64, R_X86_64_RELATIVE, R_X86_64_64, R_X86_64_GLOB_DAT, R_X86_64_JUMP_SLOT },
	{ EM_AARCH64, R_AARCH64_RELATIVE, R_AARCH64_ABS64, R_AARCH64_GLOB_DAT,
	  R_AARCH64_JUMP_SLOT },
};

struct data_image {
	uint8_t *bytes; /* owned: of base..base+span, and a word of zeros */
	uint64_t base;
	uint64_t span;
	struct image_part parts[MAX_PARTS];
	size_t part_cnt;
	struct image_part code[MAX_PARTS];
	size_t code_cnt;
};

static const struct relocation_types *types_of(uint16_t machine)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++)
		if (machines[i].machine == machine)
			return &machines[i];
	return NULL;
}

static bool is_loaded(const struct elf_section *s)
{
	return (s->flags & SHF_ALLOC) && !(s->flags & SHF_TLS) && s->size;
}

/* .rodata, .data, .data.rel.ro and their like; tables of the linker and .eh_frame are no data of
 * a program. */
static bool is_part(const struct elf_section *s)
{
	return is_loaded(s) && s->type == SHT_PROGBITS && !(s->flags & SHF_EXECINSTR) &&
	       strncmp(s->name, ".eh_frame", 9) && strcmp(s->name, ".gcc_except_table");
}

static int find_span(struct data_image *image, struct elf_file *file)
{
	size_t cnt;
	const struct elf_section *sections = elf_file__sections(file, &cnt);
	uint64_t end = 0;

	image->base = UINT64_MAX;
	for (size_t i = 1; i < cnt; i++) {
		const struct elf_section *s = &sections[i];

		if (!is_loaded(s))
			continue;
		if (s->elf_vaddr > UINT64_MAX / 2 || s->size > MAX_SPAN)
			return -ENODATA;
		if (s->elf_vaddr < image->base)
			image->base = s->elf_vaddr & ~7ULL;
		if (s->elf_vaddr + s->size > end)
			end = s->elf_vaddr + s->size;
	}
	if (end <= image->base || end - image->base > MAX_SPAN)
		return -ENODATA;
	image->span = end - image->base;
	return 0;
}

static void add_part(struct image_part *parts, size_t *cnt, uint64_t start, uint64_t size)
{
	size_t at = *cnt;

	while (at && parts[at - 1].elf_vaddr > start) {
		parts[at] = parts[at - 1];
		at--;
	}
	parts[at] = (struct image_part){ start, size };
	++*cnt;
}

/* Sections that are not written to have no pointers where those need relocations. */
static bool can_point(const struct elf_file *file, const struct elf_section *s)
{
	return (s->flags & SHF_WRITE) || elf_file__type(file) == ET_EXEC;
}

static void add_data(struct data_image *image, const struct elf_section *s, uint64_t *scanned)
{
	uint64_t start = (s->elf_vaddr + 7) & ~7ULL, end = (s->elf_vaddr + s->size) & ~7ULL;

	if (start >= end || end - start > MAX_TABLES - *scanned)
		return;
	*scanned += end - start;
	add_part(image->parts, &image->part_cnt, start, end - start);
}

static int copy_sections(struct data_image *image, struct elf_file *file)
{
	size_t cnt;
	const struct elf_section *sections = elf_file__sections(file, &cnt);
	uint64_t copied = 0, scanned = 0;

	for (size_t i = 1; i < cnt; i++) {
		const struct elf_section *s = &sections[i];
		struct view bytes;

		if (image->part_cnt == MAX_PARTS || image->code_cnt == MAX_PARTS)
			return -ENODATA;
		if (is_loaded(s) && (s->flags & SHF_EXECINSTR))
			add_part(image->code, &image->code_cnt, s->elf_vaddr, s->size);
		if (!is_part(s) || elf_file__section_data(file, s, &bytes) || bytes.size != s->size)
			continue;
		copied += bytes.size;
		if (copied > MAX_DATA)
			return -ENODATA;
		memcpy(image->bytes + (s->elf_vaddr - image->base), bytes.data, bytes.size);
		if (can_point(file, s))
			add_data(image, s, &scanned);
	}
	return image->part_cnt ? 0 : -ENODATA;
}

static bool symbol_value(const struct view *symbols, uint64_t idx, uint64_t *ret_value)
{
	struct view entry = view_sub(symbols, idx * sizeof(Elf64_Sym), sizeof(Elf64_Sym));
	const uint8_t *at = view_take(&entry, sizeof(Elf64_Sym));
	Elf64_Sym sym;

	if (!at)
		return false;
	memcpy(&sym, at, sizeof(sym));
	*ret_value = sym.st_shndx == SHN_UNDEF ? IMAGE_IMPORTED : sym.st_value;
	return true;
}

static void relocate(struct data_image *image, const struct relocation_types *types,
		     const Elf64_Rela *rela, const struct view *symbols)
{
	uint32_t type = (uint32_t)ELF64_R_TYPE(rela->r_info);
	uint64_t value;

	if (!data_image__has(image, rela->r_offset) || rela->r_offset % 8)
		return;
	if (type == types->relative)
		value = (uint64_t)rela->r_addend;
	else if (type != types->absolute && type != types->glob_dat && type != types->jump_slot)
		return;
	else if (!symbol_value(symbols, ELF64_R_SYM(rela->r_info), &value))
		return;
	else if (type == types->absolute && value != IMAGE_IMPORTED)
		value += (uint64_t)rela->r_addend;
	memcpy(image->bytes + (rela->r_offset - image->base), &value, sizeof(value));
}

static void apply_relocations(struct data_image *image, struct elf_file *file,
			      const struct relocation_types *types)
{
	size_t cnt;
	const struct elf_section *sections = elf_file__sections(file, &cnt);

	for (size_t i = 1; i < cnt; i++) {
		const struct elf_section *s = &sections[i];
		struct view symbols = view_of(NULL, 0), relas;

		if (!is_loaded(s) || s->type != SHT_RELA || elf_file__section_data(file, s, &relas))
			continue;
		if (s->link < cnt && sections[s->link].type == SHT_DYNSYM &&
		    elf_file__section_data(file, &sections[s->link], &symbols))
			symbols = view_of(NULL, 0);
		while (view_left(&relas) >= sizeof(Elf64_Rela)) {
			Elf64_Rela rela;

			memcpy(&rela, view_take(&relas, sizeof(rela)), sizeof(rela));
			relocate(image, types, &rela, &symbols);
		}
	}
}

int data_image__load(struct elf_file *file, struct data_image **ret_image)
{
	scope_free(data_image) struct data_image *image = calloc(1, sizeof(*image));
	const struct relocation_types *types = types_of(elf_file__machine(file));
	int err;

	if (!image)
		return -ENOMEM;
	err = types ? find_span(image, file) : -ENODATA;
	if (err)
		return err;
	image->bytes = calloc(1, image->span + 8);
	if (!image->bytes)
		return -ENOMEM;
	err = copy_sections(image, file);
	if (err)
		return err;
	apply_relocations(image, file, types);
	*ret_image = take_ptr(image);
	return 0;
}

void data_image__free(struct data_image *image)
{
	if (!image)
		return;
	free(image->bytes);
	free(image);
}

const struct image_part *data_image__parts(const struct data_image *image, size_t *ret_cnt)
{
	*ret_cnt = image->part_cnt;
	return image->parts;
}

uint64_t data_image__word(const struct data_image *image, uint64_t elf_vaddr)
{
	uint64_t word = 0;

	if (elf_vaddr >= image->base && elf_vaddr - image->base < image->span)
		memcpy(&word, image->bytes + (elf_vaddr - image->base), sizeof(word));
	return word;
}

/* Sections of code do not overlap but in damaged files; there the last one counts. */
bool data_image__is_code(const struct data_image *image, uint64_t elf_vaddr)
{
	size_t low = 0, high = image->code_cnt;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (image->code[mid].elf_vaddr <= elf_vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low && elf_vaddr - image->code[low - 1].elf_vaddr < image->code[low - 1].size;
}

bool data_image__has(const struct data_image *image, uint64_t elf_vaddr)
{
	return elf_vaddr >= image->base && elf_vaddr - image->base < image->span &&
	       !data_image__is_code(image, elf_vaddr);
}

const char *data_image__text(const struct data_image *image, uint64_t elf_vaddr)
{
	return data_image__has(image, elf_vaddr) ?
		       (const char *)image->bytes + (elf_vaddr - image->base) :
		       NULL;
}
