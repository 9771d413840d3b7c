// SPDX-License-Identifier: Apache-2.0
/* Profiles of other tools: what can be read can be sorted and written. */
#include <assert.h>
#include <stdlib.h>

#include "collector/output/pprof.h"
#include "collector/output/pprof_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scope_free(profile) struct profile *profile = NULL;
	scope_memory uint8_t *bytes = NULL;
	const char *why = NULL;
	size_t written;

	if (pprof_decode(data, size, &profile, &why)) {
		assert(why && *why && !profile);
		return 0;
	}
	assert(profile->value_type_cnt && profile->value_type_cnt <= PROFILE_MAX_VALUES);
	assert(!profile__normalize(profile));
	pprof_encode(profile, &bytes, &written);
	return 0;
}
