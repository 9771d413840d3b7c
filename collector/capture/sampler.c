// SPDX-License-Identifier: Apache-2.0
#include "collector/capture/sampler.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>

#include "bpf/shared/event.h"
#include "bpf/shared/unwind.h"
#include "collector/capture/event_table.h"
#include "collector/capture/perf_events.h"
#include "common/log.h"
#include "sonde.skel.h"

struct cpu_event {
	int cpu;
	int fd;
};

struct sampler {
	struct sonde_bpf *skel; /* owned */
	const struct options *options; /* borrowed */
	struct cpu_event *events; /* owned */
	int event_cnt;
};

/* The verifier's words come in one piece, of many lines. */
static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	scope_memory char *text = NULL;
	char *rest, *line;

	(void)level;
	if (log_level() < LOG_DEBUG || vasprintf(&text, format, args) < 0)
		return 0;
	for (rest = text; (line = strsep(&rest, "\n"));)
		if (*line)
			log_debug("%s", line);
	return 0;
}

/* Room for two seconds at 450 bytes a sample; the reader is woken at a quarter. */
static uint32_t ring_bytes(const struct options *options, int cpus)
{
	uint64_t want = (uint64_t)options->frequency * (uint64_t)cpus * 450 * 2;
	uint32_t bytes = 2U << 20;

	while (bytes < want && bytes < (64U << 20))
		bytes *= 2;
	return bytes;
}

static enum copy_choice choose_copies(const struct options *options)
{
	if (options->copy_all)
		return COPY_ALL;
	return options->no_unwind || options->stop_sampled ? COPY_NONE : COPY_NEEDED;
}

static void configure(struct sonde_bpf *skel, const struct options *options)
{
	struct sampler_config *config = &skel->rodata->config;
	int cpus = libbpf_num_possible_cpus();
	uint32_t bytes = ring_bytes(options, cpus);

	config->filter = options->filter;
	config->follow_children = !options->no_children;
	config->max_depth = options->max_depth;
	config->kernel_stacks = !options->no_kernel;
	config->user_stacks = !options->no_unwind;
	config->python = !options->no_python;
	config->gil = options->labels & LABEL_GIL ? 1 : 0;
	config->copies = choose_copies(options);
	config->wake_bytes = bytes / 4;
	config->stop_sampled = options->stop_sampled;
	config->fault_rate = options->fault_rate;
	config->weigh_counts = !event_period(options);
	if (options->comm)
		strncpy(config->comm, options->comm, COMM_LEN - 1);
	bpf_map__set_max_entries(skel->maps.samples, bytes);
	bpf_map__set_max_entries(skel->maps.scratches, (uint32_t)cpus);
}

static void explain_load(int err)
{
	if (err == -EPERM)
		log_error(
			"bpf(2) is refused although the rights for it are here: a seccomp filter forbids "
			"it (docker run --security-opt seccomp=unconfined), or kernel lockdown");
	else if (err == -ESRCH || err == -ENOENT)
		log_error("this kernel has no BTF (/sys/kernel/btf/vmlinux): it needs "
			  "CONFIG_DEBUG_INFO_BTF=y");
	else if (err == -ENOSYS)
		log_error(
			"bpf(2) is missing: the kernel needs CONFIG_BPF_SYSCALL=y, or a seccomp filter "
			"hides it");
	else
		log_error("cannot load the BPF programs: %s; -v -v shows the verifier's words",
			  strerror(-err));
}

int sampler__open(const struct options *options, struct sampler **ret_sampler)
{
	scope_free(sampler) struct sampler *sampler = calloc(1, sizeof(*sampler));
	int err;

	if (!sampler)
		return -ENOMEM;
	libbpf_set_print(print_libbpf);
	sampler->options = options;
	sampler->skel = sonde_bpf__open();
	if (!sampler->skel) {
		explain_load(-errno);
		return -errno;
	}
	configure(sampler->skel, options);
	err = sonde_bpf__load(sampler->skel);
	if (err) {
		explain_load(err);
		return err;
	}
	*ret_sampler = take_ptr(sampler);
	return 0;
}

void sampler__free(struct sampler *sampler)
{
	if (!sampler)
		return;
	sampler__stop(sampler);
	sonde_bpf__destroy(sampler->skel);
	free(sampler);
}

int sampler__add_target(struct sampler *sampler, uint32_t id)
{
	uint32_t one = 1;

	return bpf_map_update_elem(bpf_map__fd(sampler->skel->maps.targets), &id, &one, BPF_ANY);
}

void sampler__drop_target(struct sampler *sampler, uint32_t id)
{
	bpf_map_delete_elem(bpf_map__fd(sampler->skel->maps.targets), &id);
}

bool sampler__has_targets(const struct sampler *sampler)
{
	uint32_t first;

	return !bpf_map_get_next_key(bpf_map__fd(sampler->skel->maps.targets), NULL, &first);
}

/* Where cgroup v2 is mounted: /proc/self/mountinfo, the type follows " - ". */
static int find_cgroup_mount(char *to, size_t size)
{
	scope_file FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[4096];

	while (mounts && fgets(line, sizeof(line), mounts)) {
		char *type = strstr(line, " - cgroup2 "), *at = line;

		for (int field = 0; type && at && field < 4; field++)
			at = strchr(at + 1, ' ');
		if (!type || !at)
			continue;
		at++;
		snprintf(to, size, "%.*s", (int)strcspn(at, " "), at);
		return 0;
	}
	return -ENOENT;
}

int sampler__set_cgroup(struct sampler *sampler, const char *path)
{
	char mount[2048] = "", whole[4200];
	uint32_t zero = 0;
	scope_fd int fd = -1;

	if (find_cgroup_mount(mount, sizeof(mount))) {
		log_error("no cgroup v2 is mounted here: --cgroup cannot work");
		return -ENOENT;
	}
	snprintf(whole, sizeof(whole), "%s%s%s", strncmp(path, mount, strlen(mount)) ? mount : "",
		 *path == '/' ? "" : "/", path);
	fd = open(whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || bpf_map_update_elem(bpf_map__fd(sampler->skel->maps.target_cgroup), &zero,
					  &fd, BPF_ANY)) {
		int err = -errno;

		log_error("%s: %s; give a cgroup below %s", whole,
			  err == -EBADF ? "no cgroup v2" : strerror(-err), mount);
		return err;
	}
	return 0;
}

static int add_cpu(struct sampler *sampler, int cpu)
{
	int prog = bpf_program__fd(sampler->skel->progs.sample_cpu);
	struct cpu_event *more = realloc(sampler->events,
					 ((size_t)sampler->event_cnt + 1) * sizeof(*more));
	int fd;

	if (!more)
		return -ENOMEM;
	sampler->events = more;
	fd = perf_open_sampler(sampler->options, cpu);
	if (fd < 0)
		return fd;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)) {
		int err = -errno;

		close(fd);
		return err;
	}
	sampler->events[sampler->event_cnt++] = (struct cpu_event){ cpu, fd };
	return 0;
}

static void explain_event(const struct options *options, int err)
{
	if (perf_explain_refusal(err))
		return;
	if (err == -ENOENT || err == -EOPNOTSUPP || err == -ENODEV)
		log_error("this machine has no counter for '%s': use -e cpu-clock",
			  options->event->name);
	else
		log_error("cannot open event '%s' at %u Hz: %s", options->event->name,
			  options->frequency, strerror(-err));
}

int sampler__follow_processes(struct sampler *sampler)
{
	int err;

	sampler->skel->links.on_fork = bpf_program__attach(sampler->skel->progs.on_fork);
	sampler->skel->links.on_exec = bpf_program__attach(sampler->skel->progs.on_exec);
	sampler->skel->links.on_exit = bpf_program__attach(sampler->skel->progs.on_exit);
	if (!sampler->skel->links.on_fork || !sampler->skel->links.on_exec ||
	    !sampler->skel->links.on_exit) {
		err = -errno;
		log_error("cannot attach to the scheduler's tracepoints: %s", strerror(-err));
		return err;
	}
	return 0;
}

int sampler__start(struct sampler *sampler)
{
	int cpus[MAX_CPUS], cnt = online_cpus(cpus, MAX_CPUS), err = 0;

	if (cnt < 0)
		return cnt;
	for (int i = 0; i < cnt; i++) {
		err = add_cpu(sampler, cpus[i]);
		if (err && err != -ENODEV) /* it went offline just now, or all say so */
			break;
	}
	if (err == -ENODEV && sampler->event_cnt)
		return 0;
	if (err)
		explain_event(sampler->options, err);
	return err;
}

void sampler__stop(struct sampler *sampler)
{
	for (int i = 0; i < sampler->event_cnt; i++)
		close(sampler->events[i].fd);
	free(sampler->events);
	sampler->events = NULL;
	sampler->event_cnt = 0;
}

static bool holds(const int *cpus, int cnt, int cpu)
{
	for (int i = 0; i < cnt; i++)
		if (cpus[i] == cpu)
			return true;
	return false;
}

void sampler__follow_cpus(struct sampler *sampler, void (*fn)(void *ctx, int cpu, bool online),
			  void *ctx)
{
	int online[MAX_CPUS], known[MAX_CPUS], known_cnt = 0;
	int cnt = online_cpus(online, MAX_CPUS);

	if (cnt <= 0)
		return;
	for (int i = sampler->event_cnt - 1; i >= 0; i--) {
		int cpu = sampler->events[i].cpu;

		if (holds(online, cnt, cpu)) {
			if (known_cnt < MAX_CPUS)
				known[known_cnt++] = cpu;
			continue;
		}
		close(sampler->events[i].fd); /* an event dies with its CPU */
		sampler->events[i] = sampler->events[--sampler->event_cnt];
		fn(ctx, cpu, false);
	}
	for (int i = 0; i < cnt; i++) {
		if (holds(known, known_cnt, online[i]))
			continue;
		if (!add_cpu(sampler, online[i]))
			fn(ctx, online[i], true);
	}
}

struct sampler_maps sampler__maps(const struct sampler *sampler)
{
	return (struct sampler_maps){
		.samples = bpf_map__fd(sampler->skel->maps.samples),
		.copies = bpf_map__fd(sampler->skel->maps.copies),
		.events = bpf_map__fd(sampler->skel->maps.events),
		.processes = bpf_map__fd(sampler->skel->maps.processes),
		.mappings = bpf_map__fd(sampler->skel->maps.mappings),
		.pages = bpf_map__fd(sampler->skel->maps.pages),
		.chunks = bpf_map__fd(sampler->skel->maps.chunks),
		.infos = bpf_map__fd(sampler->skel->maps.infos),
		.pythons = bpf_map__fd(sampler->skel->maps.pythons),
		.programs = bpf_map__fd(sampler->skel->maps.programs),
		.oracle = bpf_map__fd(sampler->skel->maps.oracle),
	};
}

int sampler__counts(const struct sampler *sampler, struct counts *ret_sum)
{
	int cpus = libbpf_num_possible_cpus();
	scope_memory struct counts *all = calloc((size_t)cpus, sizeof(*all));
	uint32_t zero = 0;

	if (!all)
		return -ENOMEM;
	if (bpf_map_lookup_elem(bpf_map__fd(sampler->skel->maps.stats), &zero, all))
		return -errno;
	memset(ret_sum, 0, sizeof(*ret_sum));
	for (int cpu = 0; cpu < cpus; cpu++) {
		for (int i = 0; i < STOP_SLOTS; i++)
			ret_sum->stops[i] += all[cpu].stops[i];
		for (int i = 0; i < PYTHON_END_SLOTS; i++)
			ret_sum->python_ends[i] += all[cpu].python_ends[i];
		for (int i = 0; i < COUNTER_CNT; i++)
			ret_sum->counters[i] += all[cpu].counters[i];
	}
	return 0;
}

uint64_t sampler__map_bytes(const struct sampler *sampler)
{
	const struct bpf_map *map;
	uint64_t sum = 0;

	bpf_object__for_each_map(map, sampler->skel->obj)
	{
		uint64_t entries = bpf_map__max_entries(map);
		uint64_t copies = bpf_map__type(map) == BPF_MAP_TYPE_PERCPU_ARRAY ?
					  (uint64_t)libbpf_num_possible_cpus() :
					  1;

		if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF)
			sum += entries;
		else
			sum += entries * copies *
			       (bpf_map__key_size(map) + bpf_map__value_size(map));
	}
	return sum;
}
