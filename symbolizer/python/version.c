// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/version.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define MAX_CODE 512 /* of Py_GetVersion() */
#define MAX_TEXT 40

/* A number of one or two digits; -1: none. */
static int take_number(const char **text)
{
	int value = 0;

	if (!isdigit((unsigned char)**text))
		return -1;
	for (int i = 0; i < 2 && isdigit((unsigned char)**text); i++)
		value = value * 10 + *(*text)++ - '0';
	return value;
}

static uint32_t take_level(const char **text)
{
	static const struct {
		const char *name;
		uint32_t level;
	} levels[] = { { "a", 0xa0 }, { "b", 0xb0 }, { "rc", 0xc0 }, { "c", 0xc0 } };

	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		size_t len = strlen(levels[i].name);
		int serial;

		if (strncmp(*text, levels[i].name, len))
			continue;
		*text += len;
		serial = take_number(text);
		return serial < 0 ? 0 : levels[i].level | (serial & 0xf);
	}
	return 0xf0;
}

uint32_t python_version_of_text(const char *text)
{
	int parts[3];
	uint32_t level;

	for (int i = 0; i < 3; i++) {
		parts[i] = take_number(&text);
		if (parts[i] < 0 || (i < 2 && *text++ != '.'))
			return 0;
	}
	level = take_level(&text);
	if ((parts[0] != 2 && parts[0] != 3) || !level)
		return 0;
	if (*text == '+')
		text++;
	return *text && *text != ' ' ? 0 :
				       (uint32_t)parts[0] << 24 | (uint32_t)parts[1] << 16 |
					       (uint32_t)parts[2] << 8 | level;
}

static uint32_t version_at(struct elf_image *image, uint64_t elf_vaddr)
{
	const char *text = elf_image__string(image, elf_vaddr, 200);

	return text && strlen(text) < MAX_TEXT ? python_version_of_text(text) : 0;
}

/* A search of the data for such a text is of no use: linkers put it at the end of a longer one.
 * So each operand of the code that may be an address is looked at: lea rel32(%rip), mov $imm32. */
static uint32_t version_in_code(struct elf_image *image, const struct elf_image_symbol *function)
{
	struct view code;
	uint32_t version = 0;

	if (elf_image__bytes(image, function->elf_vaddr, &code))
		return 0;
	if (function->size && function->size < code.size)
		code.size = function->size;
	for (size_t i = 0; !version && i < MAX_CODE && i + 6 <= code.size; i++) {
		const uint8_t *at = code.data + i;
		int32_t operand;

		memcpy(&operand, at + 2, 4);
		if (at[0] == 0x8d && (at[1] & 0xc7) == 0x05)
			version = version_at(image, function->elf_vaddr + i + 6 +
							    (uint64_t)(int64_t)operand);
		else if (at[0] == 0xc7 && (at[1] & 0xf8) == 0xc0)
			version = version_at(image, (uint32_t)operand);
		else if ((at[1] & 0xf8) == 0xb8)
			version = version_at(image, (uint32_t)operand);
	}
	return version;
}

int python_version__find(struct elf_image *image, uint32_t *ret_hexversion)
{
	struct elf_image_symbol symbol;
	uint32_t version = 0;

	if (elf_image__symbol(image, "Py_Version", &symbol))
		elf_image__u32(image, symbol.elf_vaddr, &version);
	else if (elf_image__symbol(image, "Py_GetVersion", &symbol))
		version = version_in_code(image, &symbol);
	if (!version)
		return -ENOENT;
	*ret_hexversion = version;
	return 0;
}
