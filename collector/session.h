// SPDX-License-Identifier: Apache-2.0
#pragma once

/* One recording: its parts, and the loop that moves records from the source to where they count. */
#include <signal.h>
#include <stdbool.h>

#include "collector/cli/options.h"
#include "collector/profile/ingest.h"

struct session;

/* Loads and opens everything; nothing samples yet. Errors are logged. */
int session__open(const struct options *options, struct session **ret_session);
void session__free(struct session *session);
DEFINE_FREEP(session)

int session__add_target(struct session *session, uint32_t id);
void session__drop_target(struct session *session, uint32_t id);
/* Errors are logged. -ESRCH: all targets have ended meanwhile. */
int session__start(struct session *session);
/* Reads until *stop, the duration, or the end of child (0: none; 1 is returned then) or of all targets.
 * Progress goes to a terminal. */
int session__run(struct session *session, const volatile sig_atomic_t *stop, int child,
		 int *ret_child_status);
/* Stops sampling, reads the rest, and gives back all that only recording needs. A negative errno, logged:
 * the raw file could not be kept. */
int session__stop(struct session *session);

struct ingest *session__ingest(struct session *session);
uint64_t session__map_bytes(const struct session *session); /* once stopped */

/*
 * The steps of it, for a caller who wants certain samples alone (sonde dump): follow, prepare, sample,
 * and turns meanwhile. What the tap says no to does not count.
 */
typedef bool (*session_tap_fn)(void *ctx, const struct record_header *sample);
void session__tap(struct session *session, session_tap_fn tap, void *ctx);
/* A record of the caller's own, in the order of time. */
void session__apply(struct session *session, const struct record_header *rec);
int session__follow(struct session *session); /* processes and their mappings, from here on */
void session__open_files(struct session *session); /* all with code; waits for it */
/* Waits for the unwind tables of these processes, so long at most. */
void session__prepare(struct session *session, const uint32_t *pids, uint32_t cnt,
		      uint64_t patience_ns);
int session__sample(struct session *session);
void session__turn(struct session *session, int timeout_ms);
const struct residence *session__residence(const struct session *session);
