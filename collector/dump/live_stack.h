// SPDX-License-Identifier: Apache-2.0
#pragma once

/* The stack of a thread that does not run, walked in its process's own memory by the walkers of the
 * kernel side. */
#include <stdbool.h>

#include "bpf/shared/dump.h"
#include "bpf/shared/event.h"
#include "collector/dump/process_memory.h"
#include "collector/process/proc_table.h"
#include "collector/tables/residence.h"
#include "collector/walk/walker.h"

struct live_walker;

/* All borrowed. NULL: no memory. */
struct live_walker *live_walker__new(const struct residence *residence, struct binaries *binaries,
				     struct process_memory *memory, uint32_t max_depth);
void live_walker__free(struct live_walker *walker);
DEFINE_FREEP(live_walker)

struct live_stack { /* borrowed: until the next walk */
	const struct sample_record *sample; /* as the sampler would have sent it */
	struct walked_python python; /* no frames, no thread state: not a thread of Python's */
};

/* The memory is read as it was kept, or is. python: NULL for none. */
struct live_stack live_walker__walk(struct live_walker *walker, const struct process *process,
				    const struct python_process *python,
				    const struct dumped_thread *thread);
/* The Python frames alone, of a thread that may run meanwhile: then they may be of several moments. */
struct walked_python live_walker__python(struct live_walker *walker,
					 const struct python_process *python, uint64_t fs_base);
