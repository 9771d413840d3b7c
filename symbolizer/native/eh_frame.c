// SPDX-License-Identifier: Apache-2.0
/*
 * A CIE holds what many functions share: alignment factors, augmentation, first instructions. An FDE
 * holds a function's range and instructions that change the rules of CFA, frame pointer and return
 * address as the address advances. Format: Linux Standard Base 5.0, 10.6, and DWARF 5, 6.4.
 */
#include "symbolizer/native/eh_frame.h"

#include "common/leb128.h"
#include "symbolizer/native/cfi_rules.h"

struct fde {
	uint64_t start;
	uint64_t size;
	struct view code;
	struct cie cie;
};

/* DW_EH_PE_*: how a pointer is written. */
static uint64_t read_encoded(const struct eh_frame *section, struct view *v, uint8_t enc)
{
	uint64_t at = section->elf_vaddr + (uint64_t)(v->data + v->pos - section->bytes.data);
	uint64_t value;

	switch (enc & 0x0f) {
	case 0x00:
	case 0x04:
		value = view_u64(v);
		break;
	case 0x01:
		value = view_uleb(v);
		break;
	case 0x02:
		value = view_u16(v);
		break;
	case 0x03:
		value = view_u32(v);
		break;
	case 0x09:
		value = (uint64_t)view_sleb(v);
		break;
	case 0x0a:
		value = (uint64_t)(int64_t)view_s16(v);
		break;
	case 0x0b:
		value = (uint64_t)(int64_t)view_s32(v);
		break;
	case 0x0c:
		value = (uint64_t)view_s64(v);
		break;
	default:
		v->bad = true;
		return 0;
	}
	switch (enc & 0x70) {
	case 0x00:
		return value;
	case 0x10: /* relative to its own place */
		return value + at;
	default:
		v->bad = true;
		return 0;
	}
}

/* The next entry's body; its offset of the id field. False: end of the section. */
static bool next_entry(struct view *v, struct view *ret_body, uint64_t *ret_off)
{
	uint64_t size;

	if (view_left(v) < 4)
		return false;
	size = view_u32(v);
	if (!size)
		return false; /* terminator */
	if (size == 0xffffffff)
		size = view_u64(v);
	*ret_off = v->pos;
	*ret_body = view_cut(v, size);
	return !ret_body->bad;
}

static void parse_augmentation(const struct eh_frame *section, struct view *v, struct cie *cie,
			       const char *text)
{
	struct view data = view_cut(v, view_uleb(v));

	cie->augmented = true;
	for (text++; *text && !data.bad; text++) {
		switch (*text) {
		case 'R':
			cie->pointer_enc = view_u8(&data);
			break;
		case 'P': {
			uint8_t enc = view_u8(&data);

			read_encoded(section, &data, enc & 0x7f);
			break;
		}
		case 'L':
			view_u8(&data);
			break;
		case 'S':
			cie->signal = true;
			break;
		case 'B':
			break;
		default:
			return; /* the length steps over the rest */
		}
	}
	v->bad = v->bad || data.bad;
}

static bool parse_cie(const struct eh_frame *section, uint64_t off, struct cie *cie)
{
	struct view v = view_sub(&section->bytes, off, section->bytes.size - off), body;
	uint64_t id_off;
	const char *augmentation;
	uint8_t version;

	*cie = (struct cie){ .off = off };
	if (off > section->bytes.size || !next_entry(&v, &body, &id_off) || view_u32(&body))
		return false;
	version = view_u8(&body);
	augmentation = view_cstr(&body);
	if ((version != 1 && version != 3 && version != 4) || !augmentation)
		return false;
	if (version == 4)
		view_u16(&body); /* address and segment sizes */
	cie->code_align = view_uleb(&body);
	cie->data_align = view_sleb(&body);
	if (version == 1)
		view_u8(&body); /* return address column: 16 on x86-64 */
	else
		view_uleb(&body);
	if (*augmentation == 'z')
		parse_augmentation(section, &body, cie, augmentation);
	else if (*augmentation)
		return false;
	cie->first = view_cut(&body, view_left(&body));
	cie->valid = !body.bad && !cie->first.bad;
	return cie->valid;
}

/* An FDE at its length field. last: the CIE of the one before, which mostly is the same. */
static bool parse_fde(const struct eh_frame *section, uint64_t off, const struct cie *last,
		      struct fde *fde)
{
	struct view v = view_sub(&section->bytes, off, section->bytes.size - off), body;
	uint64_t id_off, cie_off;
	uint32_t id;

	if (!next_entry(&v, &body, &id_off))
		return false;
	id_off += off;
	id = view_u32(&body);
	if (!id || id > id_off)
		return false;
	cie_off = id_off - id;
	if (last->valid && last->off == cie_off)
		fde->cie = *last;
	else if (!parse_cie(section, cie_off, &fde->cie))
		return false;
	fde->start = read_encoded(section, &body, fde->cie.pointer_enc);
	fde->size = read_encoded(section, &body, fde->cie.pointer_enc & 0x0f);
	if (fde->cie.augmented)
		view_cut(&body, view_uleb(&body));
	fde->code = view_cut(&body, view_left(&body));
	return !body.bad && !fde->code.bad;
}

struct eh_frame eh_frame_of(struct elf_file *file)
{
	const struct elf_section *s = elf_file__section(file, ".eh_frame");
	struct eh_frame frame = { .bytes = view_of(NULL, 0) };

	if (s && !elf_file__section_data(file, s, &frame.bytes))
		frame.elf_vaddr = s->elf_vaddr;
	return frame;
}

int eh_frame_each(const struct eh_frame *frame, eh_frame_fn fn, void *ctx, uint32_t *ret_bad)
{
	struct view v = frame->bytes, body;
	struct fde fde = { 0 };
	uint64_t id_off;
	uint32_t bad = 0;
	int err = 0;

	while (!err) {
		size_t off = v.pos;

		if (!next_entry(&v, &body, &id_off))
			break;
		if (!view_u32(&body))
			continue; /* a CIE */
		if (!parse_fde(frame, off, &fde.cie, &fde))
			bad++;
		else if (fde.size && fde.start) /* start 0: the linker dropped the function */
			err = fn(ctx, fde.start, fde.size, (uint32_t)off);
	}
	*ret_bad = bad;
	return err;
}

void eh_frame_rules(struct eh_frame *frame, uint32_t off, bool with_bx, cfi_rule_fn fn, void *ctx)
{
	struct cfi_program program;
	struct fde fde;

	if (!parse_fde(frame, off, &frame->last, &fde))
		return;
	frame->last = fde.cie;
	program = (struct cfi_program){
		.start = fde.start,
		.end = fde.start + fde.size,
		.first = fde.cie.first,
		.code = fde.code,
		.code_align = fde.cie.code_align,
		.data_align = fde.cie.data_align,
		.signal = fde.cie.signal,
		.with_bx = with_bx,
	};
	cfi_program_run(&program, fn, ctx);
}
