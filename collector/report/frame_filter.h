// SPDX-License-Identifier: Apache-2.0
#pragma once

/*
 * Which samples of a profile count, and which of their frames, by pprof's rules. First the profile's
 * own drop_frames and keep_frames: frames of functions that match and everything they call go. Then
 * --focus and --ignore: samples with a location that matches the one, and none that matches the other;
 * what is matched are names and files of functions and the file of the mapping.
 */
#include "collector/profile/profile.h"
#include "collector/report/pattern.h"

struct frame_filter;

/* focus, ignore: NULL or borrowed, as is the profile. */
int frame_filter__new(const struct profile *profile, struct pattern *focus, struct pattern *ignore,
		      struct frame_filter **ret_filter);
void frame_filter__free(struct frame_filter *filter);
DEFINE_FREEP(frame_filter)

bool frame_filter__keeps(const struct frame_filter *filter, const struct profile_sample *sample);
/* How many frames at the leaf end of the sample are dropped. */
uint32_t frame_filter__dropped(const struct frame_filter *filter,
			       const struct profile_sample *sample);
/* The first line of the location that counts, as an index into the profile's lines. */
uint32_t frame_filter__first_line(const struct frame_filter *filter, uint32_t location);
