// SPDX-License-Identifier: Apache-2.0
/* Without a fuzzer: each file of the folders given is one input. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/io.h"

#define MAX_BYTES (16UL << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *folder, const char *name)
{
	char path[4096], *data;
	size_t size;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (io_read_file(path, MAX_BYTES, &data, &size))
		return 0;
	LLVMFuzzerTestOneInput((const uint8_t *)data, size);
	free(data);
	return 1;
}

static int replay_all(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	int cnt = 0;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			cnt += replay(folder, e->d_name);
	if (dir)
		closedir(dir);
	return cnt;
}

int main(int argc, char **argv)
{
	int cnt = 0;

	for (int i = 1; i < argc; i++)
		cnt += replay_all(argv[i]);
	printf("%d inputs\n", cnt);
	return cnt ? 0 : 1;
}
