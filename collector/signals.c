// SPDX-License-Identifier: Apache-2.0
#include "collector/signals.h"

#include <stddef.h>
#include <unistd.h>

#include "collector/output/file.h"
#include "common/clock.h"

#define TWICE_NS 200000000ULL /* timeout(1) sends its signal twice at once: that is one */

static volatile sig_atomic_t stop;
static volatile sig_atomic_t written;
static volatile sig_atomic_t sent;
static volatile uint64_t first_ns; /* read and written by the handler alone */

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code == SI_USER && sig != SIGPIPE)
		sent = sig;
	if (!stop)
		first_ns = now_ns();
	if (stop && !written && sig != SIGPIPE && now_ns() - first_ns > TWICE_NS) {
		output_give_up();
		_exit(128 + sig);
	}
	stop = 1;
}

void signals_catch(void)
{
	static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO }, before;

	for (size_t i = 0; i < sizeof(caught) / sizeof(*caught); i++)
		sigaddset(&action.sa_mask, caught[i]);
	for (size_t i = 0; i < sizeof(caught) / sizeof(*caught); i++)
		if (!sigaction(caught[i], NULL, &before) && before.sa_handler != SIG_IGN)
			sigaction(caught[i], &action, NULL);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of write(2) */
}

const volatile sig_atomic_t *signals_stop(void)
{
	return &stop;
}

void signals_written(void)
{
	written = 1;
}

int signals_take_sent(void)
{
	int sig = sent;

	sent = 0;
	return sig;
}
