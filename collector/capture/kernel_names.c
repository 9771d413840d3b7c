// SPDX-License-Identifier: Apache-2.0
#include "collector/capture/kernel_names.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/shared/kernel_names.h"
#include "kernel_names.skel.h"

static int run(const struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);

	return bpf_prog_test_run_opts(bpf_program__fd(program), &opts);
}

static int ask(struct kernel_names_bpf *skel, const uint64_t *addrs, uint32_t cnt,
	       struct kallsyms *kallsyms)
{
	struct kernel_names_batch *batch = &skel->bss->batch;
	int err;

	batch->cnt = cnt;
	memcpy(batch->addrs, addrs, cnt * sizeof(*addrs));
	err = run(skel->progs.name_addresses);
	for (uint32_t i = 0; i < cnt && !err; i++) {
		batch->texts[i][KERNEL_NAME_LEN - 1] = 0;
		err = kallsyms__add_address(kallsyms, addrs[i], batch->texts[i]);
	}
	return err;
}

static int find_all(struct kernel_names_bpf *skel, const uint64_t *addrs, uint32_t cnt,
		    struct kallsyms **ret_kallsyms)
{
	const struct kernel_names_batch *batch = &skel->bss->batch;
	scope_free(kallsyms) struct kallsyms *kallsyms = NULL;
	int err = run(skel->progs.find_text);

	if (!err && batch->err != -ENOENT)
		err = batch->err;
	if (!err)
		err = kallsyms__new(&(struct kernel_bounds){ batch->text_start, batch->text_end,
							     batch->code_end },
				    &kallsyms);
	for (uint32_t i = 0; i < cnt && !err; i += KERNEL_NAMES)
		err = ask(skel, addrs + i, cnt - i < KERNEL_NAMES ? cnt - i : KERNEL_NAMES,
			  kallsyms);
	if (err)
		return err;
	kallsyms__settle(kallsyms);
	*ret_kallsyms = take_ptr(kallsyms);
	return 0;
}

int kernel_names__find(const uint64_t *addrs, uint32_t cnt, struct kallsyms **ret_kallsyms)
{
	struct kernel_names_bpf *skel = kernel_names_bpf__open_and_load();
	int err;

	if (!skel)
		return -errno;
	err = find_all(skel, addrs, cnt, ret_kallsyms);
	kernel_names_bpf__destroy(skel);
	return err;
}
