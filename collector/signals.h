// SPDX-License-Identifier: Apache-2.0
#pragma once

/* SIGINT, SIGTERM, SIGHUP and SIGPIPE: the first stops the recording, which is then written; a second
 * one gives up writing. What is ignored when we start (nohup) stays ignored. */
#include <signal.h>

void signals_catch(void);
const volatile sig_atomic_t *signals_stop(void); /* becomes true */
/* The profile is in its place: from here on a signal ends nothing. */
void signals_written(void);
/* A signal that kill(2) sent to us since the last call, which a command of ours has not seen; 0: none.
 * What a terminal sends reaches the command as well. */
int signals_take_sent(void);
