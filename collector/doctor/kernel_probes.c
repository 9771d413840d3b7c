// SPDX-License-Identifier: Apache-2.0
/* What this kernel can do. Each probe tries the thing itself where that is possible: a kernel with
 * backported patches is not what its version says. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/perf_event.h>

#include "collector/capture/event_table.h"
#include "collector/capture/perf_events.h"
#include "collector/capture/sampler.h"
#include "collector/doctor/probe.h"
#include "common/cleanup.h"
#include "common/io.h"
#include "common/log.h"

static bool is_refusal(int err)
{
	return err == -EPERM || err == -EACCES;
}

static void cannot_see(struct fact *fact)
{
	fact__set(fact, FACT_WARN, "not to be seen without rights");
	fact__mend(fact, "run doctor as root");
}

static void look_version(const struct host_view *host, struct fact *fact)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	(void)host;
	uname(&u);
	sscanf(u.release, "%u.%u", &major, &minor);
	fact__set(fact, major * 1000 + minor >= 5010 ? FACT_OK : FACT_BAD, "%s", u.release);
}

static void look_btf(const struct host_view *host, struct fact *fact)
{
	uint32_t size = 0;

	if (!host->btf) {
		fact__set(fact, FACT_BAD, "none (/sys/kernel/btf/vmlinux)");
		return;
	}
	btf__raw_data(host->btf, &size);
	fact__set(fact, FACT_OK, "%.1f MB", size / 1e6);
}

static void look_bpf(const struct host_view *host, struct fact *fact)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, NULL, 4, 8, 1, NULL);

	(void)host;
	if (fd >= 0) {
		fact__set(fact, FACT_OK, "yes");
		close(fd);
	} else if (fd == -ENOSYS) {
		fact__set(fact, FACT_BAD, "not built into this kernel");
		fact__mend(fact, "boot a kernel with CONFIG_BPF_SYSCALL=y");
	} else {
		fact__set(fact, FACT_BAD, "refused: %s", strerror(-fd));
	}
}

static void look_ring_buffer(const struct host_view *host, struct fact *fact)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, NULL, 0, 0, 4096, NULL);

	(void)host;
	if (fd >= 0) {
		fact__set(fact, FACT_OK, "yes");
		close(fd);
	} else if (is_refusal(fd)) {
		cannot_see(fact);
	} else {
		fact__set(fact, FACT_BAD, "none: %s", strerror(-fd));
	}
}

/* Helpers are values of an enum in the kernel's BTF. */
static bool has_helper(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, "bpf_func_id", BTF_KIND_ENUM);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	for (unsigned int i = 0; type && i < btf_vlen(type); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off), name))
			return true;
	return false;
}

static void look_pt_regs(const struct host_view *host, struct fact *fact)
{
	if (!host->btf)
		fact__set(fact, FACT_WARN, "not to be seen without BTF");
	else if (has_helper(host->btf, "BPF_FUNC_task_pt_regs"))
		fact__set(fact, FACT_OK, "yes");
	else
		fact__set(fact, FACT_OK, "no (5.15 has it): read from the top of the kernel stack");
}

static void look_build_ids(const struct host_view *host, struct fact *fact)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.mmap = 1,
		.mmap2 = 1,
		.build_id = 1,
		.exclude_kernel = 1,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	(void)host;
	if (fd >= 0) {
		fact__set(fact, FACT_OK, "yes");
		close(fd);
	} else if (errno == EINVAL) {
		fact__set(fact, FACT_OK, "no (5.12 has them): files are known by device and inode");
	} else {
		cannot_see(fact);
	}
}

/* As record opens it. */
static int try_event(const struct event_choice *event, int cpu)
{
	struct options options = { .event = event, .frequency = 99 };

	return event ? perf_open_sampler(&options, cpu) : -ENOENT;
}

static void look_events(const struct host_view *host, struct fact *fact)
{
	int fd = try_event(event_at(0), host->cpu);

	if (fd >= 0) {
		fact__set(fact, FACT_OK, "%s on %d CPUs", event_at(0)->name, host->cpu_cnt);
		close(fd);
		return;
	}
	fact__set(fact, FACT_BAD, "refused: %s", strerror(-fd));
	if (fd == -ENOSYS)
		fact__mend(fact, "boot a kernel with CONFIG_PERF_EVENTS=y");
}

/* As record opens them. */
static void look_rings(const struct host_view *host, struct fact *fact)
{
	scope_free(event_rings) struct event_rings *rings = NULL;
	int err = event_rings__open(&rings);

	(void)host;
	if (err)
		fact__set(fact, FACT_BAD, "refused: %s", strerror(-err));
	else
		fact__set(fact, FACT_OK, "%.1f MB of rings",
			  (double)event_rings__bytes(rings) / 1e6);
}

static void look_hardware(const struct host_view *host, struct fact *fact)
{
	int fd = try_event(event_find("cycles"), host->cpu);

	if (fd >= 0) {
		fact__set(fact, FACT_OK, "yes: -e cycles and others");
		close(fd);
	} else if (is_refusal(fd)) {
		cannot_see(fact);
	} else {
		fact__set(fact, FACT_OK,
			  "none on this machine; cpu-clock, the default, needs none");
	}
}

static void look_cgroup(const struct host_view *host, struct fact *fact)
{
	scope_memory char *mounts = NULL;
	size_t size;

	(void)host;
	if (!io_read_file("/proc/self/mountinfo", 16 << 20, &mounts, &size) &&
	    strstr(mounts, " - cgroup2 "))
		fact__set(fact, FACT_OK, "mounted");
	else
		fact__set(fact, FACT_WARN, "not mounted");
}

static void look_jit(const struct host_view *host, struct fact *fact)
{
	scope_memory char *text = NULL;
	size_t size;
	int err = io_read_file("/proc/sys/net/core/bpf_jit_enable", 64, &text, &size);

	(void)host;
	if (is_refusal(err))
		cannot_see(fact);
	else if (err)
		fact__set(fact, FACT_OK, "not to be switched");
	else
		fact__set(fact, *text == '0' ? FACT_WARN : FACT_OK, *text == '0' ? "off" : "on");
}

/* The proof of it all: our own programs, loaded as record loads them. */
static void look_programs(const struct host_view *host, struct fact *fact)
{
	const struct options options = { .event = event_at(0),
					 .frequency = 99,
					 .max_depth = DEFAULT_USER_FRAMES };
	scope_free(sampler) struct sampler *sampler = NULL;
	enum log_level level = log_level();
	int err;

	(void)host;
	log_set_level(LOG_NONE);
	err = sampler__open(&options, &sampler);
	log_set_level(level);
	if (err)
		fact__set(fact, FACT_BAD, "they do not load: %s", strerror(-err));
	else
		fact__set(fact, FACT_OK, "they load, %.0f MB of maps",
			  (double)sampler__map_bytes(sampler) / 1e6);
}

const struct probe kernel_probes[] = {
	{ "kernel", look_version, "sonde needs 5.10", "boot a newer kernel" },
	{ "BTF", look_btf, "the BPF programs cannot be fitted to this kernel",
	  "boot a kernel with CONFIG_DEBUG_INFO_BTF=y" },
	{ "bpf(2)", look_bpf, NULL, "run it as root or with CAP_BPF; see seccomp below" },
	{ "BPF ring buffer", look_ring_buffer, NULL, "boot a newer kernel (5.8 has it)" },
	{ "helper task_pt_regs", look_pt_regs, NULL, NULL },
	{ "BPF JIT", look_jit, "a sample costs several times as much",
	  "sysctl -w net.core.bpf_jit_enable=1" },
	{ "build ids in mapping events", look_build_ids, NULL, NULL },
	{ "perf events", look_events, NULL,
	  "run it as root or with CAP_PERFMON; see seccomp below" },
	{ "process events", look_rings, "processes cannot be followed",
	  "run it as root or with CAP_PERFMON; see kernel.perf_event_mlock_kb below" },
	{ "hardware events", look_hardware, NULL, NULL },
	{ "cgroup v2", look_cgroup, "--cgroup cannot work",
	  "mount -t cgroup2 none /sys/fs/cgroup/unified" },
	{ "our BPF programs", look_programs, NULL, "mend what is bad above and below" },
	{ 0 },
};
