// SPDX-License-Identifier: Apache-2.0
#include "symbolizer/python/c_scan.h"

#include <ctype.h>

bool c_scan__function(const struct c_scan *scan, uint64_t word, size_t *ret_idx)
{
	size_t low = 0, high = scan->range_cnt;

	if (!high || word < scan->ranges[0].elf_vaddr || word > scan->ranges[high - 1].elf_vaddr)
		return false; /* most words */
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (scan->ranges[mid].elf_vaddr < word)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == scan->range_cnt || scan->ranges[low].elf_vaddr != word)
		return false;
	*ret_idx = low;
	return true;
}

bool c_scan__is_entry(const struct c_scan *scan, uint64_t word)
{
	size_t idx;

	return word == IMAGE_IMPORTED || c_scan__function(scan, word, &idx);
}

bool c_scan__is_slot(const struct c_scan *scan, uint64_t word)
{
	return !word || word == IMAGE_IMPORTED || data_image__is_code(scan->image, word);
}

bool c_scan__is_pointer(const struct c_scan *scan, uint64_t word)
{
	return !word || word == IMAGE_IMPORTED || data_image__has(scan->image, word);
}

bool c_scan__is_doc(const struct c_scan *scan, uint64_t word)
{
	const char *text = data_image__text(scan->image, word);
	unsigned char first = text ? (unsigned char)*text : 1;

	return !word || !first || first >= ' ' || isspace(first);
}

const char *c_scan__identifier(const struct c_scan *scan, uint64_t word, bool dots)
{
	const char *text = data_image__text(scan->image, word);
	char last = '.';
	size_t len;

	for (len = 0; text && text[len] && len < C_NAME_MAX; len++) {
		unsigned char c = (unsigned char)text[len];
		bool good = c == '_' || isalpha(c) || (last != '.' && isdigit(c)) ||
			    (c == '.' && dots && last != '.');

		if (!good)
			return NULL;
		last = text[len];
	}
	return !text || text[len] || last == '.' ? NULL : text;
}
