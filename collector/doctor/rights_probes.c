// SPDX-License-Identifier: Apache-2.0
/* What we may do here: capabilities, sysctls, limits, and what a container takes away. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "collector/doctor/probe.h"
#include "common/cleanup.h"
#include "common/io.h"
#include "common/own_status.h"

/* include/linux/proc_ns.h: PROC_USER_INIT_INO, PROC_PID_INIT_INO */
#define INIT_USER_NAMESPACE 0xEFFFFFFDUL
#define INIT_PID_NAMESPACE 0xEFFFFFFCUL
#define FILES_TO_START 64 /* descriptors of maps, programs, links and rings, and a few more */
#define FILES_TO_NAME 1024 /* programs and libraries stay open until they are named */
#define RING_KB 260 /* of process events, per CPU: collector/capture/perf_events.c */

static bool read_number(const char *path, long *ret_value)
{
	scope_memory char *text = NULL;
	size_t size;
	char *end;
	long value;

	if (io_read_file(path, 64, &text, &size))
		return false;
	value = strtol(text, &end, 10);
	if (end == text)
		return false;
	*ret_value = value;
	return true;
}

static void look_user(const struct host_view *host, struct fact *fact)
{
	(void)host;
	fact__set(fact, FACT_OK, "id %u", geteuid()); /* what counts are the capabilities */
}

/* CAP_SYS_ADMIN stands for those that were once a part of it. */
static void look_cap(const struct host_view *host, struct fact *fact, int cap, int other,
		     enum fact_level level)
{
	if (host_has_cap(host, cap) || (other >= 0 && host_has_cap(host, other)))
		fact__set(fact, FACT_OK, "held");
	else
		fact__set(fact, level, "not held");
}

#define LOOK_CAP(name, cap, other, level)                                        \
	static void look_##name(const struct host_view *host, struct fact *fact) \
	{                                                                        \
		look_cap(host, fact, cap, other, level);                         \
	}
LOOK_CAP(cap_bpf, CAP_BPF, CAP_SYS_ADMIN, FACT_BAD)
LOOK_CAP(cap_perfmon, CAP_PERFMON, CAP_SYS_ADMIN, FACT_BAD)
LOOK_CAP(cap_ptrace, CAP_SYS_PTRACE, -1, FACT_WARN)
LOOK_CAP(cap_restore, CAP_CHECKPOINT_RESTORE, CAP_SYS_ADMIN, FACT_WARN)
LOOK_CAP(cap_read, CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE, FACT_WARN)

/* What the sysctl and our capabilities come to. */
static void look_kallsyms(const struct host_view *host, struct fact *fact)
{
	scope_file FILE *file = fopen("/proc/kallsyms", "re");
	char line[256];
	long restricted = 0;

	for (int i = 0; file && i < 1000 && fgets(line, sizeof(line), file); i++)
		if (strtoull(line, NULL, 16)) {
			fact__set(fact, FACT_OK, "shows addresses");
			return;
		}
	fact__set(fact, FACT_WARN, file ? "shows no addresses" : "not to be read");
	read_number("/proc/sys/kernel/kptr_restrict", &restricted);
	if (restricted > 1)
		fact__mend(fact, "sysctl -w kernel.kptr_restrict=1");
	else if (!host_has_cap(host, CAP_SYSLOG))
		fact__mend(fact, "run it as root or with CAP_SYSLOG");
}

static void look_kptr_restrict(const struct host_view *host, struct fact *fact)
{
	long value;

	if (!read_number("/proc/sys/kernel/kptr_restrict", &value))
		fact__set(fact, FACT_OK, "not to be read");
	else if (value > 1)
		fact__set(fact, FACT_WARN, "%ld: hides kernel addresses from everybody", value);
	else
		fact__set(fact, FACT_OK, "%ld: shows kernel addresses to %s", value,
			  host_has_cap(host, CAP_SYSLOG) ? "us" : "whoever has CAP_SYSLOG");
}

static void look_paranoid(const struct host_view *host, struct fact *fact)
{
	long value;

	if (!read_number("/proc/sys/kernel/perf_event_paranoid", &value)) {
		fact__set(fact, FACT_BAD, "not there: no perf events in this kernel");
		fact__mend(fact, "boot a kernel with CONFIG_PERF_EVENTS=y");
	} else if (host_has_cap(host, CAP_PERFMON) || host_has_cap(host, CAP_SYS_ADMIN)) {
		fact__set(fact, FACT_OK, "%ld: does not bind us, we have CAP_PERFMON", value);
	} else {
		fact__set(fact, value > -1 ? FACT_BAD : FACT_OK, "%ld", value);
	}
}

static void look_rate(const struct host_view *host, struct fact *fact)
{
	long value;

	(void)host;
	if (!read_number("/proc/sys/kernel/perf_event_max_sample_rate", &value))
		fact__set(fact, FACT_OK, "not to be read");
	else
		fact__set(fact,
			  value < 99  ? FACT_BAD :
			  value < 999 ? FACT_WARN :
					FACT_OK,
			  "%ld Hz is the highest -F", value);
}

/* Rings of that size per CPU are everybody's; beyond it CAP_IPC_LOCK is asked for. */
static void look_mlock(const struct host_view *host, struct fact *fact)
{
	long value;

	if (!read_number("/proc/sys/kernel/perf_event_mlock_kb", &value))
		fact__set(fact, FACT_OK, "not to be read");
	else if (value < RING_KB && !host_has_cap(host, CAP_IPC_LOCK))
		fact__set(fact, FACT_BAD, "%ld KB, a ring of process events needs %d", value,
			  RING_KB);
	else
		fact__set(fact, FACT_OK, "%ld KB%s", value,
			  value < RING_KB ? ": does not bind us, we have CAP_IPC_LOCK" : "");
}

static void look_files(const struct host_view *host, struct fact *fact)
{
	rlim_t start = FILES_TO_START + 2 * (rlim_t)host->cpu_cnt;
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < start)
		fact__set(fact, FACT_BAD, "%llu at most: too few to start",
			  (unsigned long long)limit.rlim_max);
	else if (limit.rlim_max < start + FILES_TO_NAME)
		fact__set(fact, FACT_WARN, "%llu at most", (unsigned long long)limit.rlim_max);
	else
		fact__set(fact, FACT_OK, "%llu at most", (unsigned long long)limit.rlim_max);
	if (fact->level != FACT_OK)
		fact__mend(fact, "ulimit -Hn %llu (LimitNOFILE= in a unit of systemd)",
			   (unsigned long long)(start + 4 * FILES_TO_NAME));
}

/* Calls with nonsense fail with EINVAL or EFAULT where the kernel sees them at all. */
static bool call_is_refused(long number)
{
	return syscall(number, -1, NULL, 0, -1, 0) < 0 && (errno == EPERM || errno == ENOSYS);
}

static void look_seccomp(const struct host_view *host, struct fact *fact)
{
	bool refused;

	if (!own_status("Seccomp", 10)) {
		fact__set(fact, FACT_OK, "no filter");
		return;
	}
	/* without the capability the kernel itself refuses bpf(2) */
	refused = call_is_refused(SYS_perf_event_open) ||
		  (host_has_cap(host, CAP_BPF) && call_is_refused(SYS_bpf));
	fact__set(fact, refused ? FACT_BAD : FACT_OK, "%s",
		  refused ? "a filter refuses bpf(2) or perf_event_open(2)" :
			    "a filter that lets bpf(2) and perf_event_open(2) pass");
}

static bool is_host_namespace(const char *path, unsigned long init)
{
	struct stat st;

	return stat(path, &st) || st.st_ino == init;
}

static void look_pid_namespace(const struct host_view *host, struct fact *fact)
{
	(void)host;
	if (is_host_namespace("/proc/self/ns/pid", INIT_PID_NAMESPACE))
		fact__set(fact, FACT_OK, "the host's");
	else
		fact__set(fact, FACT_BAD, "one of its own");
}

static void look_user_namespace(const struct host_view *host, struct fact *fact)
{
	(void)host;
	if (is_host_namespace("/proc/self/ns/user", INIT_USER_NAMESPACE))
		fact__set(fact, FACT_OK, "the host's");
	else
		fact__set(fact, FACT_BAD, "one of its own: its root has no rights over the kernel");
}

/* "none [integrity] confidentiality" */
static void look_lockdown(const struct host_view *host, struct fact *fact)
{
	scope_memory char *text = NULL;
	const char *word;
	size_t size;

	(void)host;
	if (io_read_file("/sys/kernel/security/lockdown", 256, &text, &size)) {
		fact__set(fact, FACT_OK, "none, or not to be read");
		return;
	}
	word = strchr(text, '[') ? strchr(text, '[') + 1 : text;
	fact__set(fact, !strncmp(word, "conf", 4) ? FACT_BAD : FACT_OK, "%.*s",
		  (int)strcspn(word, "]\n"), word);
}

#define AS_ROOT "run it with sudo"

const struct probe rights_probes[] = {
	{ "user", look_user, NULL, NULL },
	{ "CAP_BPF", look_cap_bpf, "the BPF programs cannot be loaded", AS_ROOT },
	{ "CAP_PERFMON", look_cap_perfmon, "the CPUs cannot be sampled", AS_ROOT },
	{ "CAP_SYS_PTRACE", look_cap_ptrace,
	  "other users' processes cannot be unwound and stay unnamed", AS_ROOT },
	{ "CAP_CHECKPOINT_RESTORE", look_cap_restore,
	  "code of deleted files cannot be unwound and stays unnamed", AS_ROOT },
	{ "CAP_DAC_READ_SEARCH", look_cap_read, "files that not everybody may read stay unnamed",
	  AS_ROOT },
	{ "kernel.kptr_restrict", look_kptr_restrict, NULL, "sysctl -w kernel.kptr_restrict=1" },
	{ "/proc/kallsyms", look_kallsyms, "frames of the kernel stay unnamed", NULL },
	{ "kernel.perf_event_paranoid", look_paranoid, "forbids to sample whole CPUs", AS_ROOT },
	{ "kernel.perf_event_max_sample_rate", look_rate, NULL,
	  "sysctl -w kernel.perf_event_max_sample_rate=100000" },
	{ "kernel.perf_event_mlock_kb", look_mlock, "processes cannot be followed",
	  "sysctl -w kernel.perf_event_mlock_kb=516" },
	{ "RLIMIT_NOFILE", look_files, "each program and library that was seen needs one", NULL },
	{ "seccomp", look_seccomp, NULL,
	  "docker run --security-opt seccomp=unconfined, or allow these two" },
	{ "PID namespace", look_pid_namespace, "the kernel side does not know its process ids",
	  "docker run --pid=host" },
	{ "user namespace", look_user_namespace, NULL, "run it as the host's root" },
	{ "lockdown", look_lockdown, "forbids BPF to read the kernel's memory",
	  "boot without lockdown=confidentiality" },
	{ 0 },
};
