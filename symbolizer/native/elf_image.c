// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/native/elf_image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <elf.h>

#include "common/radix_sort.h"
#include "symbolizer/native/elf_exports.h"

#define MAX_LOADED (256UL << 20) /* of one file: more is no program */
#define MAX_SYMBOLS (4U << 20)
#define MAX_RELOCATIONS (8U << 20)

struct relocation {
	uint64_t elf_vaddr; /* first: they are sorted by it */
	uint64_t value;
};

struct dynamic {
	uint64_t symtab;
	uint64_t strtab;
	uint64_t strtab_sz;
	uint64_t hash;
	uint64_t gnu_hash;
	uint64_t rela;
	uint64_t rela_sz;
	uint64_t relr;
	uint64_t relr_sz;
};

struct elf_image {
	struct elf_file *file; /* borrowed */
	struct view *segments; /* owned array; read when first asked for */
	size_t segment_cnt;
	uint64_t loaded;
	struct dynamic dynamic;
	struct view symbols;
	struct view names;
	struct relocation *relocations; /* owned, sorted; NULL until asked for */
	uint32_t relocation_cnt;
	bool relocations_read;
};

static int load_segment(struct elf_image *image, size_t i, const struct elf_segment *s)
{
	uint64_t size = s->file_sz < s->mem_sz ? s->file_sz : s->mem_sz;

	if (image->segments[i].data)
		return 0;
	if (size > MAX_LOADED - image->loaded)
		return -EFBIG;
	image->loaded += size;
	return elf_file__bytes(image->file, s->file_off, size, &image->segments[i]);
}

int elf_image__bytes(struct elf_image *image, uint64_t elf_vaddr, struct view *ret_view)
{
	size_t cnt;
	const struct elf_segment *segments = elf_file__segments(image->file, &cnt);

	for (size_t i = 0; i < cnt; i++) {
		uint64_t off = elf_vaddr - segments[i].elf_vaddr;
		struct view v;

		if (elf_vaddr < segments[i].elf_vaddr || off >= segments[i].file_sz)
			continue;
		if (load_segment(image, i, &segments[i]))
			return -EFAULT;
		v = image->segments[i];
		if (off >= v.size)
			return -EFAULT;
		*ret_view = view_sub(&v, off, v.size - off);
		return 0;
	}
	return -EFAULT;
}

static struct view bytes_of(struct elf_image *image, uint64_t elf_vaddr, uint64_t size)
{
	struct view v, none = { .bad = true };

	if (!elf_vaddr || elf_image__bytes(image, elf_vaddr, &v))
		return none;
	return view_sub(&v, 0, size);
}

static void read_dynamic(struct dynamic *d, struct view v)
{
	while (view_left(&v) >= sizeof(Elf64_Dyn)) {
		int64_t tag = view_s64(&v);
		uint64_t value = view_u64(&v);

		switch (tag) {
		case DT_NULL:
			return;
		case DT_SYMTAB:
			d->symtab = value;
			break;
		case DT_STRTAB:
			d->strtab = value;
			break;
		case DT_STRSZ:
			d->strtab_sz = value;
			break;
		case DT_HASH:
			d->hash = value;
			break;
		case DT_GNU_HASH:
			d->gnu_hash = value;
			break;
		case DT_RELA:
			d->rela = value;
			break;
		case DT_RELASZ:
			d->rela_sz = value;
			break;
		case DT_RELR:
			d->relr = value;
			break;
		case DT_RELRSZ:
			d->relr_sz = value;
			break;
		}
	}
}

/* The table of symbols has no count of its own: the hash table's chains are as long. GNU's: the
 * last chain ends the table. */
static uint32_t count_gnu(struct elf_image *image)
{
	struct view v;
	uint32_t buckets, first, bloom, last = 0;

	if (elf_image__bytes(image, image->dynamic.gnu_hash, &v))
		return 0;
	buckets = view_u32(&v);
	first = view_u32(&v);
	bloom = view_u32(&v);
	view_u32(&v); /* shift */
	view_cut(&v, bloom * 8UL);
	for (uint32_t i = 0; i < buckets && !v.bad; i++) {
		uint32_t head = view_u32(&v);

		last = head > last ? head : last;
	}
	if (v.bad || last < first)
		return v.bad ? 0 : first;
	view_cut(&v, (last - first) * 4UL);
	while (!v.bad && !(view_u32(&v) & 1))
		last++;
	return v.bad ? 0 : last + 1;
}

static uint32_t count_symbols(struct elf_image *image)
{
	struct view v;

	if (!image->dynamic.hash)
		return image->dynamic.gnu_hash ? count_gnu(image) : 0;
	if (elf_image__bytes(image, image->dynamic.hash, &v))
		return 0;
	view_u32(&v); /* buckets */
	return view_u32(&v);
}

static int load_symbols(struct elf_image *image)
{
	struct elf_segment header;
	uint32_t cnt;

	if (!elf_file__program_header(image->file, PT_DYNAMIC, &header))
		return -ENOEXEC;
	read_dynamic(&image->dynamic, bytes_of(image, header.elf_vaddr, header.file_sz));
	cnt = count_symbols(image);
	if (!cnt || cnt > MAX_SYMBOLS)
		return -ENOEXEC;
	image->symbols = bytes_of(image, image->dynamic.symtab, cnt * sizeof(Elf64_Sym));
	image->names = bytes_of(image, image->dynamic.strtab, image->dynamic.strtab_sz);
	return image->symbols.bad || image->names.bad ? -ENOEXEC : 0;
}

static int open_whole(struct elf_file *file, struct elf_image **ret_image)
{
	scope_free(elf_image) struct elf_image *image = calloc(1, sizeof(*image));
	int err;

	if (!image)
		return -ENOMEM;
	image->file = file;
	elf_file__segments(file, &image->segment_cnt);
	image->segments = calloc(image->segment_cnt + 1, sizeof(*image->segments));
	if (!image->segments)
		return -ENOMEM;
	err = load_symbols(image);
	if (!err)
		*ret_image = take_ptr(image);
	return err;
}

int elf_image__open(struct elf_file *file, const char *const *names, struct elf_image **ret_image)
{
	return elf_exports__may_have(file, names) ? open_whole(file, ret_image) : -ENOENT;
}

void elf_image__free(struct elf_image *image)
{
	if (!image)
		return;
	free(image->relocations);
	free(image->segments);
	free(image);
}

struct elf_file *elf_image__file(const struct elf_image *image)
{
	return image->file;
}

static bool symbol_at(const struct elf_image *image, uint64_t idx, Elf64_Sym *ret_sym)
{
	struct view v = image->symbols;
	const uint8_t *at;

	if (idx >= v.size / sizeof(*ret_sym))
		return false;
	view_seek(&v, idx * sizeof(*ret_sym));
	at = view_take(&v, sizeof(*ret_sym));
	if (at)
		memcpy(ret_sym, at, sizeof(*ret_sym));
	return at;
}

static bool has_name(const struct elf_image *image, const Elf64_Sym *sym, const char *name,
		     size_t size)
{
	struct view v = image->names;
	const uint8_t *at;

	view_seek(&v, sym->st_name);
	at = view_take(&v, size);
	return at && !memcmp(at, name, size);
}

bool elf_image__symbol(const struct elf_image *image, const char *name,
		       struct elf_image_symbol *ret_symbol)
{
	size_t size = strlen(name) + 1;
	Elf64_Sym sym;

	for (uint64_t i = 1; symbol_at(image, i, &sym); i++) {
		if (sym.st_shndx == SHN_UNDEF || !has_name(image, &sym, name, size))
			continue;
		*ret_symbol = (struct elf_image_symbol){ sym.st_value, sym.st_size,
							 ELF64_ST_TYPE(sym.st_info) };
		return true;
	}
	return false;
}

bool elf_image__is_symbol(const struct elf_image *image, uint64_t elf_vaddr)
{
	Elf64_Sym sym;

	for (uint64_t i = 1; symbol_at(image, i, &sym); i++)
		if (sym.st_shndx != SHN_UNDEF && sym.st_value == elf_vaddr)
			return true;
	return false;
}

/* What a relocation writes, were the file loaded at its linked address; false: known at run time
 * only. */
static bool relocated(const struct elf_image *image, const Elf64_Rela *rela, uint64_t *ret_value)
{
	Elf64_Sym sym;

	switch ((uint32_t)elf_file__machine(image->file) << 16 | ELF64_R_TYPE(rela->r_info)) {
	case EM_X86_64 << 16 | R_X86_64_RELATIVE:
	case EM_AARCH64 << 16 | R_AARCH64_RELATIVE:
		*ret_value = (uint64_t)rela->r_addend;
		return true;
	case EM_X86_64 << 16 | R_X86_64_64:
	case EM_X86_64 << 16 | R_X86_64_GLOB_DAT:
	case EM_AARCH64 << 16 | R_AARCH64_ABS64:
	case EM_AARCH64 << 16 | R_AARCH64_GLOB_DAT:
		if (!symbol_at(image, ELF64_R_SYM(rela->r_info), &sym) ||
		    sym.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(sym.st_info) == STT_GNU_IFUNC)
			return false;
		*ret_value = sym.st_value + (uint64_t)rela->r_addend;
		return true;
	default:
		return false;
	}
}

static int load_relocations(struct elf_image *image)
{
	struct view v = bytes_of(image, image->dynamic.rela, image->dynamic.rela_sz);
	size_t cnt = view_left(&v) / sizeof(Elf64_Rela);

	if (image->relocations_read)
		return 0;
	image->relocations_read = true;
	if (!cnt || cnt > MAX_RELOCATIONS)
		return 0;
	image->relocations = calloc(cnt, sizeof(*image->relocations));
	if (!image->relocations)
		return -ENOMEM;
	for (size_t i = 0; i < cnt; i++) {
		struct relocation *r = &image->relocations[image->relocation_cnt];
		Elf64_Rela rela;

		memcpy(&rela, view_take(&v, sizeof(rela)), sizeof(rela));
		r->elf_vaddr = rela.r_offset;
		if (relocated(image, &rela, &r->value))
			image->relocation_cnt++;
	}
	return radix_sort(image->relocations, image->relocation_cnt, sizeof(*image->relocations));
}

static const struct relocation *find_relocation(struct elf_image *image, uint64_t elf_vaddr)
{
	size_t low = 0, high;

	if (load_relocations(image))
		return NULL;
	high = image->relocation_cnt;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (image->relocations[mid].elf_vaddr < elf_vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == image->relocation_cnt || image->relocations[low].elf_vaddr != elf_vaddr)
		return NULL;
	return &image->relocations[low];
}

/* DT_RELR: an address, then bitmaps of the 63 words that follow; an even word is an address
 * again. What it relocates stands in its place already. */
static bool in_relr(struct elf_image *image, uint64_t elf_vaddr)
{
	struct view v = bytes_of(image, image->dynamic.relr, image->dynamic.relr_sz);
	uint64_t base = 0;

	while (view_left(&v) >= 8) {
		uint64_t entry = view_u64(&v), idx = (elf_vaddr - base) / 8;

		if (!(entry & 1)) {
			if (entry == elf_vaddr)
				return true;
			base = entry + 8;
			continue;
		}
		if (elf_vaddr >= base && idx < 63 && !((elf_vaddr - base) & 7) &&
		    (entry >> (idx + 1) & 1))
			return true;
		base += 63 * 8;
	}
	return false;
}

bool elf_image__is_relocated(struct elf_image *image, uint64_t elf_vaddr)
{
	return find_relocation(image, elf_vaddr) || in_relr(image, elf_vaddr);
}

int elf_image__word(struct elf_image *image, uint64_t elf_vaddr, uint64_t *ret_value)
{
	const struct relocation *r = find_relocation(image, elf_vaddr);
	struct view v = bytes_of(image, elf_vaddr, 8);

	if (v.bad)
		return -EFAULT;
	*ret_value = r ? r->value : view_u64(&v);
	return 0;
}

int elf_image__u32(struct elf_image *image, uint64_t elf_vaddr, uint32_t *ret_value)
{
	struct view v = bytes_of(image, elf_vaddr, 4);

	if (v.bad)
		return -EFAULT;
	*ret_value = view_u32(&v);
	return 0;
}

const char *elf_image__string(struct elf_image *image, uint64_t elf_vaddr, size_t max)
{
	struct view v;

	if (elf_image__bytes(image, elf_vaddr, &v))
		return NULL;
	if (v.size > max + 1)
		v.size = max + 1;
	return view_cstr(&v);
}

/* .eh_frame_hdr: version, three encodings, then the address of .eh_frame, which every linker
 * writes as pc-relative and four bytes long. */
struct eh_frame elf_image__eh_frame(struct elf_image *image)
{
	struct eh_frame frame = eh_frame_of(image->file);
	struct elf_segment header;
	struct view v;
	int32_t rel;

	if (frame.bytes.size || !elf_file__program_header(image->file, PT_GNU_EH_FRAME, &header) ||
	    elf_image__bytes(image, header.elf_vaddr, &v))
		return frame;
	if (view_u8(&v) != 1 || view_u8(&v) != 0x1b)
		return frame;
	view_u16(&v);
	rel = view_s32(&v);
	frame.elf_vaddr = header.elf_vaddr + 4 + (uint64_t)(int64_t)rel;
	if (v.bad || elf_image__bytes(image, frame.elf_vaddr, &frame.bytes))
		return (struct eh_frame){ .bytes = view_of(NULL, 0) };
	return frame;
}
