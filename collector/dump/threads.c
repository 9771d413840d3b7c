// SPDX-License-Identifier: Apache-2.0
#include "collector/dump/threads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "common/log.h"
#include "dump.skel.h"

#define READ_RECORDS 64

struct threads {
	struct dump_bpf *skel; /* owned */
	struct dumped_thread records[READ_RECORDS];
};

static int explain(int err)
{
	log_error(
		"cannot load the task iterator: %s; it needs a kernel of 5.10 or newer with BTF, and "
		"CAP_BPF and CAP_PERFMON",
		strerror(-err));
	return err;
}

int threads__open(struct threads **ret_threads)
{
	scope_free(threads) struct threads *threads = calloc(1, sizeof(*threads));
	int err;

	if (!threads)
		return -ENOMEM;
	threads->skel = dump_bpf__open();
	if (!threads->skel)
		return explain(-errno);
	err = dump_bpf__load(threads->skel);
	if (!err) {
		threads->skel->links.dump_thread =
			bpf_program__attach_iter(threads->skel->progs.dump_thread, NULL);
		err = threads->skel->links.dump_thread ? 0 : -errno;
	}
	if (err)
		return explain(err);
	*ret_threads = take_ptr(threads);
	return 0;
}

void threads__free(struct threads *threads)
{
	if (!threads)
		return;
	dump_bpf__destroy(threads->skel);
	free(threads);
}

int threads__add_process(struct threads *threads, uint32_t pid)
{
	uint32_t one = 1;

	return bpf_map__update_elem(threads->skel->maps.dumped_processes, &pid, sizeof(pid), &one,
				    sizeof(one), BPF_ANY);
}

int threads__each(struct threads *threads,
		  void (*fn)(void *ctx, const struct dumped_thread *thread), void *ctx)
{
	scope_fd int fd = bpf_iter_create(bpf_link__fd(threads->skel->links.dump_thread));
	size_t have = 0;
	ssize_t got;

	if (fd < 0)
		return -errno;
	while ((got = read(fd, (char *)threads->records + have, sizeof(threads->records) - have))) {
		size_t cnt;

		if (got < 0 && errno == EAGAIN)
			continue;
		if (got < 0)
			return -errno;
		have += (size_t)got;
		cnt = have / sizeof(*threads->records);
		for (size_t i = 0; i < cnt; i++)
			fn(ctx, &threads->records[i]);
		have -= cnt * sizeof(*threads->records);
		memmove(threads->records, threads->records + cnt, have);
	}
	return 0;
}
