// SPDX-License-Identifier: Apache-2.0
#include "collector/program_file.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"

#define LINE_BYTES 256 /* BINPRM_BUF_SIZE: what the kernel reads of a script's first line */

/* Where execvp(3) would find it. */
static bool find_program(const char *name, char *ret_path)
{
	const char *dir = getenv("PATH"), *end;

	if (strchr(name, '/'))
		return snprintf(ret_path, PATH_MAX, "%s", name) < PATH_MAX;
	for (; dir; dir = *end ? end + 1 : NULL) {
		end = strchrnul(dir, ':');
		if (snprintf(ret_path, PATH_MAX, "%.*s/%s", (int)(end - dir), dir, name) <
			    PATH_MAX &&
		    !access(ret_path, X_OK))
			return true;
	}
	return false;
}

static bool read_first_line(const char *path, char *line)
{
	scope_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, line, LINE_BYTES - 1);

	if (n < 0)
		return false;
	line[n] = 0;
	line[strcspn(line, "\n")] = 0;
	return true;
}

/* "#!/usr/bin/python3 -E" and "#!/usr/bin/env python3" */
static bool find_interpreter(const char *script, char *ret_path)
{
	char line[LINE_BYTES], *word, *rest;

	if (!read_first_line(script, line) || strncmp(line, "#!", 2))
		return false;
	word = strtok_r(line + 2, " \t", &rest);
	if (word && !strcmp(word, "/usr/bin/env"))
		do
			word = strtok_r(NULL, " \t", &rest);
		while (word && (*word == '-' || strchr(word, '=')));
	return word && find_program(word, ret_path);
}

uint32_t program_files(char *const *argv, char (*ret_paths)[PATH_MAX])
{
	if (!find_program(argv[0], ret_paths[0]))
		return 0;
	return find_interpreter(ret_paths[0], ret_paths[1]) ? 2 : 1;
}
