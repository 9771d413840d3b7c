// SPDX-License-Identifier: Apache-2.0
#include "collector/preflight.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "collector/capture/perf_events.h"
#include "collector/output/file.h"
#include "collector/process/proc_table.h"
#include "common/io.h"
#include "common/log.h"

/* include/linux/proc_ns.h: PROC_USER_INIT_INO, PROC_PID_INIT_INO */
#define INIT_USER_NAMESPACE 0xEFFFFFFDUL
#define INIT_PID_NAMESPACE 0xEFFFFFFCUL

#define FILES_OF_OUR_OWN 64 /* maps, programs, links, rings; and some of targets */
#define FILES_PER_CPU 2

static bool in_namespace(const char *path, unsigned long init)
{
	struct stat st;

	return !stat(path, &st) && st.st_ino != init;
}

static int check_namespaces(void)
{
	if (in_namespace("/proc/self/ns/user", INIT_USER_NAMESPACE)) {
		log_error(
			"this is a user namespace, whose root has no rights over the kernel: run as "
			"the host's root, not in a rootless container");
		return -EPERM;
	}
	if (in_namespace("/proc/self/ns/pid", INIT_PID_NAMESPACE)) {
		log_error(
			"this is a PID namespace of its own, whose process ids the kernel side does "
			"not know: run in the host's (docker run --pid=host)");
		return -EPERM;
	}
	return 0;
}

static uint64_t effective_rights(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	if (syscall(SYS_capget, &header, data))
		return 0;
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

static int check_rights(const struct options *options)
{
	static const uint64_t bpf = 1ULL << CAP_BPF, perfmon = 1ULL << CAP_PERFMON;
	uint64_t have = effective_rights(), missing;

	if (have & 1ULL << CAP_SYS_ADMIN) /* it stands for both */
		have |= bpf | perfmon;
	missing = ~have & (bpf | perfmon);
	if (missing) {
		log_error(
			"missing %s%s%s: %s", missing & bpf ? "CAP_BPF" : "",
			missing == (bpf | perfmon) ? " and " : "",
			missing & perfmon ? "CAP_PERFMON" : "",
			geteuid() ?
				"run it with sudo, or once give this program its rights: setcap "
				"cap_bpf,cap_perfmon,cap_sys_ptrace,cap_syslog+ep sonde" :
				"root has been stripped of it here (a container, a service): start "
				"it with that capability");
		return -EPERM;
	}
	if (!(have & 1ULL << CAP_SYS_PTRACE) && !options->command)
		log_warn(
			"CAP_SYS_PTRACE is missing: other users' processes are sampled, but not named");
	return 0;
}

static int check_files(void)
{
	struct rlimit limit;
	int cpus[MAX_CPUS], cnt = online_cpus(cpus, MAX_CPUS);
	rlim_t need = FILES_OF_OUR_OWN + FILES_PER_CPU * (rlim_t)(cnt > 0 ? cnt : 1);

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_max >= need)
		return 0;
	log_error(
		"only %llu files may be open here: raise the hard limit (ulimit -Hn) to %llu or more",
		(unsigned long long)limit.rlim_max, (unsigned long long)need);
	return -EMFILE;
}

static int check_frequency(const struct options *options)
{
	scope_memory char *text = NULL;
	size_t size;
	unsigned long max;

	if (io_read_file("/proc/sys/kernel/perf_event_max_sample_rate", 64, &text, &size))
		return 0;
	max = strtoul(text, NULL, 10);
	if (!max || options->frequency <= max)
		return 0;
	log_error("kernel.perf_event_max_sample_rate is %lu: use -F %lu or less, or sysctl -w "
		  "kernel.perf_event_max_sample_rate=%u",
		  max, max, options->frequency);
	return -EINVAL;
}

static int check_ids(const struct options *options)
{
	for (uint32_t i = 0; i < options->ids_cnt; i++) {
		uint32_t id = options->ids[i], pid = proc_of_thread(id);

		if (!pid || proc_has_ended(id)) {
			log_error("no process or thread %u: it has ended, or never was", id);
			return -ESRCH;
		}
		if (options->filter == FILTER_PID && pid != id) {
			log_error("%u is a thread of process %u: use -p %u, or -t %u", id, pid, pid,
				  id);
			return -EINVAL;
		}
	}
	return 0;
}

int preflight(const struct options *options)
{
	int err = check_namespaces();

	if (!err)
		err = check_rights(options);
	if (!err)
		err = check_files();
	if (!err)
		err = check_frequency(options);
	if (!err)
		err = check_ids(options);
	if (!err)
		err = output_check(options->output, "-o");
	if (!err && options->raw)
		err = output_check(options->raw, "--raw");
	return err;
}
