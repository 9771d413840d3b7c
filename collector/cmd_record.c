// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/cli/cli.h"
#include "collector/command.h"
#include "collector/finish.h"
#include "collector/preflight.h"
#include "collector/session.h"
#include "collector/signals.h"
#include "common/log.h"

/* The command after "--", while we record it. */
struct child {
	pid_t pid; /* 0: no command, or its end was waited for */
	int gate_fd; /* -1: it was let go */
	int status; /* what we exit with */
	bool refused; /* by exec */
};

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

static int start_child(const struct options *options, struct child *child)
{
	if (!options->command)
		return 0;
	child->pid = command_start(options->command, &child->gate_fd);
	if (child->pid > 0)
		return 0;
	log_error("cannot start %s: %s", options->command[0], strerror(-child->pid));
	return child->pid;
}

static int release_child(const struct options *options, struct child *child)
{
	int err = child->pid ? command_go(take_fd(&child->gate_fd)) : 0;

	child->refused = err;
	if (err)
		log_error("cannot run %s: %s", options->command[0], strerror(-err));
	return err;
}

static void take_status(struct child *child, int status)
{
	child->status = command_exit_status(status);
	child->pid = 0;
}

/* Sampling is over. A command that goes on is ended as we were: by the signal that was sent to us, or
 * because its time is over; what a terminal sends it has got as well. */
static void end_child(struct child *child)
{
	int status, sig = signals_take_sent();

	if (!child->pid)
		return;
	if (waitpid(child->pid, &status, WNOHANG) == child->pid)
		take_status(child, status);
	else if (sig || !*signals_stop())
		kill(child->pid, sig ? sig : SIGTERM);
}

static void wait_for_child(struct child *child)
{
	int status;

	while (child->pid) {
		int sig = signals_take_sent();

		if (sig)
			kill(child->pid, sig);
		if (waitpid(child->pid, &status, 0) == child->pid)
			take_status(child, status);
		else if (errno != EINTR)
			return;
	}
}

static int record(const struct options *options, struct child *child)
{
	scope_free(session) struct session *session = NULL;
	int err = session__open(options, &session), raw_err, status;

	if (!err)
		err = add_targets(session, options, child->pid);
	if (!err)
		err = session__start(session);
	if (!err)
		err = release_child(options, child);
	if (err)
		return err;
	if (session__run(session, signals_stop(), child->pid, &status))
		take_status(child, status);
	end_child(child);
	raw_err = session__stop(session);
	err = write_profile(session__ingest(session), options, session__map_bytes(session));
	signals_written();
	return err ? err : raw_err;
}

int cmd_record(const struct options *options)
{
	struct child child = { .gate_fd = -1 };
	int err = preflight(options);

	if (!err)
		err = start_child(options, &child);
	if (err)
		return 1;
	signals_catch();
	err = record(options, &child);
	if (child.gate_fd >= 0)
		close(child.gate_fd); /* it was not let go, and ends */
	wait_for_child(&child);
	return err && !child.refused ? 1 : child.status;
}
