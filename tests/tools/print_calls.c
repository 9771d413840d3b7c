// SPDX-License-Identifier: Apache-2.0
/* What is said of return addresses of an ELF file, for a judge: hexadecimal linked addresses on standard
 * input, sorted; one digit (enum call_verdict) for each on standard output. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "symbolizer/native/call_site.h"

#define MAX_ADDRESSES (16U << 20)

int main(int argc, char **argv)
{
	scope_fd int fd = argc == 2 ? open(argv[1], O_RDONLY) : -1;
	scope_free(elf_file) struct elf_file *file = NULL;
	scope_memory uint64_t *elf_vaddrs = malloc(MAX_ADDRESSES * sizeof(*elf_vaddrs));
	scope_memory uint8_t *verdicts = malloc(MAX_ADDRESSES);
	uint32_t cnt = 0;
	char line[32];

	if (fd < 0 || !elf_vaddrs || !verdicts || elf_file__open(fd, &file))
		return 1;
	while (cnt < MAX_ADDRESSES && fgets(line, sizeof(line), stdin)) {
		verdicts[cnt] = CALL_NOT_JUDGED;
		elf_vaddrs[cnt++] = strtoull(line, NULL, 16) - 1;
	}
	call_sites_judge(file, elf_vaddrs, cnt, verdicts);
	for (uint32_t i = 0; i < cnt; i++)
		putchar('0' + verdicts[i]);
	return 0;
}
