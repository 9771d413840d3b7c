// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Which of a profile's values a report is about; in a difference, of both profiles. */
#include "collector/profile/profile.h"

struct column {
	uint32_t idx; /* into the values of the profile's samples */
	uint32_t old_idx; /* into OLD's */
	double factor; /* brings the profile's values to unit; nearly always 1 */
	double old_factor;
	const char *type; /* borrowed from one of the profiles, as is unit */
	const char *unit;
};

/*
 * name: a sample type, its number counted from 0, or NULL: the profile's default_sample_type, else its
 * last (of those that both have). old: NULL or the profile to subtract. -EINVAL, logged: no such type,
 * or two profiles that have none in common.
 */
int column_choose(const struct profile *p, const struct profile *old, const char *name,
		  struct column *ret_column);
