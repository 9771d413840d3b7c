// SPDX-License-Identifier: Apache-2.0
/* Spends its time in system calls, below a known chain without frame pointers: reader SECONDS. */
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static char buffer[65536];
static volatile long sink;

__attribute__((noipa)) static long reader_leaf(int fd)
{
	return read(fd, buffer, sizeof(buffer)) + 1;
}

__attribute__((noipa)) static long reader_mid(int fd, int n)
{
	long got = n ? reader_mid(fd, n - 1) : reader_leaf(fd);

	sink += got;
	return got;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
	int fd = open("/dev/zero", O_RDONLY);

	while (fd >= 0 && time(NULL) < end)
		reader_mid(fd, 3);
	return 0;
}
