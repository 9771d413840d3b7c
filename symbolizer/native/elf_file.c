// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/elf_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gelf.h>
#include <libelf.h>

#define MAX_SEGMENTS 4096
#define MAX_SECTIONS 65536
#define MAX_SECTION_BYTES (1UL << 30)

struct elf_file {
	Elf *elf; /* owned */
	GElf_Ehdr header;
	struct elf_segment *segments; /* owned */
	size_t segment_cnt;
	struct elf_section *sections; /* owned */
	size_t section_cnt;
	struct build_id build_id;
};

static struct elf_segment segment_of(const GElf_Phdr *p)
{
	return (struct elf_segment){
		.file_off = p->p_offset,
		.file_sz = p->p_filesz,
		.elf_vaddr = p->p_vaddr,
		.mem_sz = p->p_memsz,
		.executable = p->p_flags & PF_X,
	};
}

static int load_segments(struct elf_file *file)
{
	size_t cnt;

	if (elf_getphdrnum(file->elf, &cnt) || cnt > MAX_SEGMENTS)
		return -ENOEXEC;
	file->segments = calloc(cnt + 1, sizeof(*file->segments));
	if (!file->segments)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(file->elf, (int)i, &p))
			return -ENOEXEC;
		if (p.p_type == PT_LOAD)
			file->segments[file->segment_cnt++] = segment_of(&p);
	}
	return 0;
}

static int load_sections(struct elf_file *file)
{
	size_t cnt, names;
	Elf_Scn *scn = NULL;

	if (elf_getshdrnum(file->elf, &cnt) || cnt > MAX_SECTIONS)
		return 0; /* stripped of section headers, or nonsense: segments are enough */
	file->sections = calloc(cnt + 1, sizeof(*file->sections));
	if (!file->sections)
		return -ENOMEM;
	if (elf_getshdrstrndx(file->elf, &names))
		names = 0;
	for (size_t i = 0; i < cnt; i++)
		file->sections[i].name = "";
	while ((scn = elf_nextscn(file->elf, scn))) {
		size_t i = elf_ndxscn(scn);
		GElf_Shdr s;
		const char *name;

		if (i >= cnt || !gelf_getshdr(scn, &s))
			continue;
		name = elf_strptr(file->elf, names, s.sh_name);
		file->sections[i] = (struct elf_section){
			.name = name ? name : "",
			.type = s.sh_type,
			.link = s.sh_link,
			.flags = s.sh_flags,
			.elf_vaddr = s.sh_addr,
			.file_off = s.sh_offset,
			.size = s.sh_size,
			.entry_sz = s.sh_entsize,
		};
	}
	file->section_cnt = cnt;
	return 0;
}

static int take_elf(Elf *elf, struct elf_file **ret_file)
{
	scope_free(elf_file) struct elf_file *file = calloc(1, sizeof(*file));
	int err;

	if (!elf || !file) {
		elf_end(elf);
		return elf ? -ENOMEM : -ENOEXEC;
	}
	file->elf = elf;
	if (elf_kind(elf) != ELF_K_ELF || gelf_getclass(elf) != ELFCLASS64 ||
	    !gelf_getehdr(elf, &file->header) || file->header.e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	err = load_segments(file);
	if (!err)
		err = load_sections(file);
	if (err)
		return err;
	*ret_file = take_ptr(file);
	return 0;
}

int elf_file__open(int fd, struct elf_file **ret_file)
{
	elf_version(EV_CURRENT);
	return take_elf(elf_begin(fd, ELF_C_READ, NULL), ret_file);
}

int elf_file__open_memory(const void *data, size_t size, struct elf_file **ret_file)
{
	elf_version(EV_CURRENT);
	return take_elf(elf_memory((char *)(uintptr_t)data, size), ret_file);
}

void elf_file__free(struct elf_file *file)
{
	if (!file)
		return;
	free(file->sections);
	free(file->segments);
	elf_end(file->elf);
	free(file);
}

uint16_t elf_file__machine(const struct elf_file *file)
{
	return file->header.e_machine;
}

uint16_t elf_file__type(const struct elf_file *file)
{
	return file->header.e_type;
}

uint64_t elf_file__entry(const struct elf_file *file)
{
	return file->header.e_entry;
}

uint64_t elf_file__base_vaddr(const struct elf_file *file)
{
	uint64_t lowest = UINT64_MAX;

	for (size_t i = 0; i < file->segment_cnt; i++)
		if (file->segments[i].elf_vaddr < lowest)
			lowest = file->segments[i].elf_vaddr;
	return lowest == UINT64_MAX ? 0 : lowest & ~0xfffULL;
}

const struct elf_segment *elf_file__segments(const struct elf_file *file, size_t *ret_cnt)
{
	*ret_cnt = file->segment_cnt;
	return file->segments;
}

bool elf_file__program_header(const struct elf_file *file, uint32_t type,
			      struct elf_segment *ret_header)
{
	size_t cnt;

	if (elf_getphdrnum(file->elf, &cnt))
		return false;
	for (size_t i = 0; i < cnt && i < MAX_SEGMENTS; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(file->elf, (int)i, &p))
			return false;
		if (p.p_type != type)
			continue;
		*ret_header = segment_of(&p);
		return true;
	}
	return false;
}

int elf_file__bytes(struct elf_file *file, uint64_t file_off, uint64_t size, struct view *ret_view)
{
	Elf_Data *data;

	if (!size || file_off > INT64_MAX || size > MAX_SECTION_BYTES)
		return -ENODATA;
	data = elf_getdata_rawchunk(file->elf, (int64_t)file_off, size, ELF_T_BYTE);
	if (!data || !data->d_buf)
		return -ENODATA;
	*ret_view = view_of(data->d_buf, data->d_size);
	return 0;
}

const struct elf_section *elf_file__sections(const struct elf_file *file, size_t *ret_cnt)
{
	*ret_cnt = file->section_cnt;
	return file->sections;
}

const struct elf_section *elf_file__section(const struct elf_file *file, const char *name)
{
	for (size_t i = 1; i < file->section_cnt; i++)
		if (!strcmp(file->sections[i].name, name))
			return &file->sections[i];
	return NULL;
}

int elf_file__section_data(struct elf_file *file, const struct elf_section *section,
			   struct view *ret_view)
{
	Elf_Scn *scn = elf_getscn(file->elf, (size_t)(section - file->sections));
	Elf_Data *data;

	if (!scn || section->type == SHT_NOBITS || section->size > MAX_SECTION_BYTES)
		return -ENODATA;
	if (section->flags & SHF_COMPRESSED) {
		Elf64_Chdr *chdr = elf64_getchdr(scn);

		if (!chdr || chdr->ch_size > MAX_SECTION_BYTES)
			return -ENODATA;
		if (elf_compress(scn, 0, 0) < 0)
			return -ENODATA;
		/* libelf has the plain bytes from now on */
		file->sections[section - file->sections].flags &= ~(uint64_t)SHF_COMPRESSED;
	}
	data = elf_rawdata(scn, NULL);
	if (!data || !data->d_buf)
		return -ENODATA;
	*ret_view = view_of(data->d_buf, data->d_size);
	return 0;
}

int elf_file__vaddr_of_off(const struct elf_file *file, uint64_t off, uint64_t *ret_vaddr)
{
	for (size_t i = 0; i < file->segment_cnt; i++) {
		const struct elf_segment *s = &file->segments[i];

		if (off >= s->file_off && off - s->file_off < s->file_sz) {
			*ret_vaddr = s->elf_vaddr + (off - s->file_off);
			return 0;
		}
	}
	return -ENOENT;
}

static bool find_build_id(struct view notes, struct build_id *to)
{
	while (view_left(&notes) >= 12) {
		uint32_t name_sz = view_u32(&notes), desc_sz = view_u32(&notes);
		uint32_t type = view_u32(&notes);
		const uint8_t *name = view_take(&notes, (name_sz + 3ULL) & ~3ULL);
		const uint8_t *desc = view_take(&notes, (desc_sz + 3ULL) & ~3ULL);

		if (!name || !desc)
			return false;
		if (type != NT_GNU_BUILD_ID || name_sz != 4 || memcmp(name, "GNU", 4) || !desc_sz ||
		    desc_sz > BUILD_ID_MAX)
			continue;
		memcpy(to->bytes, desc, desc_sz);
		to->size = (uint8_t)desc_sz;
		return true;
	}
	return false;
}

static void build_id_of_segments(struct elf_file *file)
{
	size_t cnt;

	if (elf_getphdrnum(file->elf, &cnt))
		return;
	for (size_t i = 0; i < cnt && i < MAX_SEGMENTS; i++) {
		GElf_Phdr p;
		Elf_Data *data;

		if (!gelf_getphdr(file->elf, (int)i, &p) || p.p_type != PT_NOTE ||
		    p.p_filesz > (1 << 20))
			continue;
		data = elf_getdata_rawchunk(file->elf, (int64_t)p.p_offset, p.p_filesz, ELF_T_BYTE);
		if (data && find_build_id(view_of(data->d_buf, data->d_size), &file->build_id))
			return;
	}
}

struct build_id elf_file__build_id(struct elf_file *file)
{
	const struct elf_section *s = elf_file__section(file, ".note.gnu.build-id");
	struct view notes;

	if (file->build_id.size)
		return file->build_id;
	if (!s || elf_file__section_data(file, s, &notes) || !find_build_id(notes, &file->build_id))
		build_id_of_segments(file);
	return file->build_id;
}
