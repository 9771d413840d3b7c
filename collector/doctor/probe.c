// SPDX-License-Identifier: Apache-2.0
#include "collector/doctor/probe.h"

#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/capability.h>

#include "collector/capture/perf_events.h"
#include "common/own_status.h"

void host_view__init(struct host_view *host)
{
	int cpus[MAX_CPUS], cnt = online_cpus(cpus, MAX_CPUS);

	libbpf_set_print(NULL);
	*host = (struct host_view){ .caps = own_status("CapEff", 16),
				    .btf = btf__load_vmlinux_btf() };
	if (libbpf_get_error(host->btf))
		host->btf = NULL;
	if (cnt > 0) {
		host->cpu = cpus[0];
		host->cpu_cnt = cnt;
	}
}

void host_view__fini(struct host_view *host)
{
	btf__free(host->btf);
}

bool host_has_cap(const struct host_view *host, int cap)
{
	return host->caps >> cap & 1;
}

void probe__ask(const struct probe *probe, const struct host_view *host, struct fact *ret_fact)
{
	struct fact fact = { .level = FACT_OK };

	probe->look(host, &fact);
	if (fact.level != FACT_OK) {
		if (probe->without)
			fact__add(&fact, "; %s", probe->without);
		if (!*fact.mend && probe->mend)
			fact__mend(&fact, "%s", probe->mend);
	}
	*ret_fact = fact;
}

const struct probe *probe_find(const struct probe *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}
