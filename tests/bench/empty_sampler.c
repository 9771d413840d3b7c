// SPDX-License-Identifier: Apache-2.0
/* empty_sampler HZ: a BPF program that does nothing, run by cpu-clock on each CPU: what a sampler costs
 * before it does anything. Until it is killed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/perf_event.h>

static int load_nothing(void)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_PERF_EVENT, "nothing", "GPL", code, 2, NULL);
}

static int start(int cpu, unsigned long hz, int program)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = hz,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		return -errno;
	return ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) ? -errno : 0;
}

int main(int argc, char **argv)
{
	unsigned long hz = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	int program = hz ? load_nothing() : -EINVAL, err = program < 0 ? program : 0;

	for (int cpu = 0; !err && cpu < sysconf(_SC_NPROCESSORS_ONLN); cpu++)
		err = start(cpu, hz, program);
	if (err) {
		fprintf(stderr, "empty_sampler: %s\n", strerror(-err));
		return 1;
	}
	pause();
}
