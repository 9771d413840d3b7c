// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "collector/cli/cli.h"
#include "collector/doctor/probe.h"
#include "collector/doctor/target.h"

static bool ask_all(const struct probe *table, const struct host_view *host)
{
	bool good = true;

	for (; table->name; table++) {
		struct fact fact;

		probe__ask(table, host, &fact);
		fact__print(stdout, table->name, &fact);
		good &= fact.level != FACT_BAD;
	}
	return good;
}

int cmd_doctor(const struct options *options)
{
	struct host_view host;
	bool good, gone;

	host_view__init(&host);
	good = ask_all(kernel_probes, &host);
	good &= ask_all(rights_probes, &host);
	host_view__fini(&host);
	gone = options->ids_cnt && target_report(stdout, options->ids[0], options);
	printf(good ? "sonde record works here\n" :
		      "sonde record does not work here: mend what is bad\n");
	return good && !gone ? 0 : 1;
}
