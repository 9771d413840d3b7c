// SPDX-License-Identifier: Apache-2.0
/* What the kernel calls its addresses, for a judge: hexadecimal ones on standard input, what follows on
 * a line is passed over; "START NAME[\t[MODULE]]" for each on standard output. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/capture/kernel_names.h"

#define MAX_ADDRESSES (1U << 20)

static void print(const struct kallsyms *kallsyms, uint64_t addr)
{
	struct kernel_symbol symbol = kallsyms__find(kallsyms, addr);

	if (!symbol.name)
		printf("-\n");
	else if (*symbol.module)
		printf("%" PRIx64 " %s\t[%s]\n", symbol.start, symbol.name, symbol.module);
	else
		printf("%" PRIx64 " %s\n", symbol.start, symbol.name);
}

int main(void)
{
	scope_free(kallsyms) struct kallsyms *kallsyms = NULL;
	scope_memory uint64_t *addrs = malloc(MAX_ADDRESSES * sizeof(*addrs));
	uint32_t cnt = 0;
	char line[1024];
	int err;

	while (addrs && cnt < MAX_ADDRESSES && fgets(line, sizeof(line), stdin))
		addrs[cnt++] = strtoull(line, NULL, 16);
	err = addrs ? kernel_names__find(addrs, cnt, &kallsyms) : -ENOMEM;
	if (err) {
		printf("not by the kernel: %s\n", strerror(-err));
		return 1;
	}
	for (uint32_t i = 0; i < cnt; i++)
		print(kallsyms, addrs[i]);
	return 0;
}
