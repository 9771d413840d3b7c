// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

#include "collector/cli/cli.h"
#include "common/log.h"

static const struct {
	const char *name;
	int (*run)(const struct options *options);
} commands[] = {
	{ "record", cmd_record }, { "replay", cmd_replay }, { "report", cmd_report },
	{ "doctor", cmd_doctor }, { "dump", cmd_dump },
};

/* A descriptor below 3 that is closed would become a map or a ring, and our words would go there. */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* Tables of large files come and go: their memory goes back at once, and one arena serves all. */
static void keep_memory_small(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

int main(int argc, char **argv)
{
	struct options options;
	int status;

	fill_standard_fds();
	keep_memory_small();
	status = cli_parse(argc, argv, &options);
	if (status < 0)
		return EXIT_USAGE;
	if (status == CLI_DONE)
		return 0;
	if (options.verbose)
		log_set_level(options.verbose > 1 ? LOG_DEBUG : LOG_INFO);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(commands[i].name, options.command_name))
			return commands[i].run(&options);
	return EXIT_USAGE;
}
