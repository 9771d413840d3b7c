// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/cli/cli.h"
#include "collector/command.h"
#include "collector/finish.h"
#include "collector/output/file.h"
#include "collector/session.h"
#include "common/io.h"
#include "common/log.h"

#define INIT_PID_NAMESPACE 4026531836UL /* PROC_PID_INIT_INO, include/linux/proc_ns.h */

static volatile sig_atomic_t stop_asked;

static void on_signal(int sig)
{
	(void)sig;
	if (stop_asked)
		_exit(130); /* the second one: writing is given up */
	stop_asked = 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGPIPE, &action, NULL);
}

static int check_namespace(void)
{
	struct stat st;

	if (stat("/proc/self/ns/pid", &st) || st.st_ino == INIT_PID_NAMESPACE)
		return 0;
	log_error("this is a PID namespace of its own, whose process ids the kernel side does not know: "
		  "run in the host's (docker run --pid=host)");
	return -EPERM;
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
	char path[64];

	for (uint32_t i = 0; i < options->ids_cnt; i++) {
		snprintf(path, sizeof(path), "/proc/%u", options->ids[i]);
		if (!access(path, F_OK))
			continue;
		log_error("no process or thread %u: it has ended, or never was", options->ids[i]);
		return -ESRCH;
	}
	return 0;
}

static int preflight(const struct options *options)
{
	int err;

	if (geteuid()) {
		log_error("needs root, or CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and CAP_SYSLOG: run it "
			  "with sudo");
		return -EPERM;
	}
	err = check_namespace();
	if (!err)
		err = check_frequency(options);
	if (!err)
		err = check_ids(options);
	return err ? err : output_check(options->output);
}

static int add_targets(struct session *session, const struct options *options, pid_t child)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < options->ids_cnt; i++)
		err = session__add_target(session, options->ids[i]);
	if (!err && child && options->filter == FILTER_PID)
		err = session__add_target(session, (uint32_t)child);
	if (err)
		log_error("cannot choose whom to sample: %s", strerror(-err));
	return err;
}

static int record(const struct options *options, pid_t child, int gate_fd, int *ret_status)
{
	scope_free(session) struct session *session = NULL;
	int err = session__open(options, &session), ended;

	if (!err)
		err = add_targets(session, options, child);
	if (!err)
		err = session__start(session);
	if (err)
		return err;
	if (child)
		command_go(gate_fd);
	ended = session__run(session, &stop_asked, child, ret_status);
	session__stop(session);
	if (child && !ended)
		kill(child, SIGTERM);
	err = write_profile(session__ingest(session), options, session__map_bytes(session));
	return err;
}

int cmd_record(const struct options *options)
{
	int status = 0, gate_fd = -1, err = preflight(options);
	pid_t child = 0;

	if (err)
		return 1;
	if (options->command) {
		child = command_start(options->command, &gate_fd);
		if (child < 0) {
			log_error("cannot start %s: %s", options->command[0], strerror(-child));
			return 1;
		}
	}
	catch_signals();
	err = record(options, child, gate_fd, &status);
	if (err)
		return 1;
	return child ? command_exit_status(status) : 0;
}
