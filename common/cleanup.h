// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Scope cleanup: a local that owns something is declared with scope_free(noun), and noun__free()
 * runs when it goes out of scope. take_ptr() hands the thing over and leaves NULL behind.
 *
 *	scope_free(strtab) struct strtab *tab = strtab__new();
 *	...
 *	*ret_tab = take_ptr(tab);
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define scope_free(noun) __attribute__((cleanup(noun##__freep)))

/* Makes noun__freep() from noun__free(); one line below a public header's prototypes. */
#define DEFINE_FREEP(noun)                                \
	static inline void noun##__freep(struct noun **p) \
	{                                                 \
		noun##__free(*p);                         \
	}

#define take_ptr(p)                              \
	({                                       \
		__typeof__(p) *taken_at = &(p);  \
		__typeof__(p) taken = *taken_at; \
		*taken_at = NULL;                \
		taken;                           \
	})

static inline void scope_free_memory(void *p)
{
	free(*(void **)p);
}
#define scope_memory __attribute__((cleanup(scope_free_memory)))

static inline void scope_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define scope_fd __attribute__((cleanup(scope_close_fd)))

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void scope_close_file(FILE **f)
{
	if (*f)
		fclose(*f);
}
#define scope_file __attribute__((cleanup(scope_close_file)))
