// SPDX-License-Identifier: Apache-2.0
/*
 * sample_and_stop PID: the shipped BPF object, rings and tables, with the switch on that stops a
 * process at the instruction at which it was just sampled. For each sample one line,
 *
 *   TID IP SP FP FLAGS STOP CNT PC...		(hex; the stack as BPF sent it, leaf first)
 *
 * then it waits for a line on standard input and lets the process go on. A judge looks at the
 * stopped process meanwhile.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "bpf/shared/frame.h"
#include "collector/capture/event_table.h"
#include "collector/capture/live_source.h"
#include "collector/tables/keeper.h"

struct bench {
	struct live_source *live;
	struct keeper *keeper;
	struct proc_table *processes;
	struct binaries *binaries;
	bool sampled;
};

static void print_sample(const struct sample_record *rec)
{
	printf("%u %" PRIx64 " %" PRIx64 " %" PRIx64 " %x %u %u", rec->tid, (uint64_t)rec->user_ip,
	       (uint64_t)rec->user_sp, (uint64_t)rec->user_fp, rec->flags, rec->stop, rec->user_words);
	for (uint32_t i = 0; i < rec->user_words; i++)
		printf(" %" PRIx64, (uint64_t)frame_payload(sample_words(rec)[i]));
	puts("");
	fflush(stdout);
}

static void on_record(void *ctx, const struct record_header *rec)
{
	struct bench *b = ctx;

	if (rec->type == RECORD_FILE)
		binaries__learn(b->binaries, (const void *)rec);
	proc_table__apply(b->processes, b->binaries, rec);
	keeper__follow(b->keeper, rec);
	if (rec->type != RECORD_SAMPLE || b->sampled)
		return;
	print_sample((const void *)rec);
	b->sampled = true;
}

static void rescan(void *ctx, uint32_t pid)
{
	live_source__rescan(((struct bench *)ctx)->live, pid);
}

static void turn(struct bench *b)
{
	struct record_source *records = live_source__records(b->live);

	records->read(records, 10, on_record, b);
	keeper__turn(b->keeper);
}

static int start(struct bench *b, uint32_t pid)
{
	static const struct keeper_calls calls = { on_record, rescan };
	struct options options = { .filter = FILTER_PID,
				   .frequency = 199,
				   .max_depth = DEFAULT_USER_FRAMES,
				   .stop_sampled = true,
				   .event = event_at(0) };
	struct sampler_maps maps;

	b->processes = proc_table__new();
	b->binaries = binaries__new();
	if (!b->processes || !b->binaries || live_source__open(&options, &b->live))
		return -1;
	maps = live_source__maps(b->live);
	if (keeper__open(&maps, b->processes, b->binaries, &calls, b, &b->keeper) ||
	    live_source__add_target(b->live, pid) || live_source__follow(b->live))
		return -1;
	turn(b);
	keeper__want(b->keeper, pid);
	do
		turn(b);
	while (keeper__pending(b->keeper));
	return live_source__sample(b->live);
}

/* While the process stands: another CPU may have seen the switch before this one could turn it off. */
static void forget_others(struct bench *b)
{
	for (int i = 0; i < 3; i++)
		turn(b);
}

static void arm(struct bench *b)
{
	uint32_t zero = 0, one = 1;

	b->sampled = false;
	bpf_map_update_elem(live_source__maps(b->live).oracle, &zero, &one, BPF_ANY);
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	uint32_t pid = argc == 2 ? (uint32_t)atoi(argv[1]) : 0;
	char line[64];

	if (!pid || start(&b, pid))
		return 1;
	do {
		arm(&b);
		while (!b.sampled && !kill((pid_t)pid, 0))
			turn(&b);
		if (!b.sampled || !fgets(line, sizeof(line), stdin))
			break;
		forget_others(&b);
		kill((pid_t)pid, SIGCONT);
	} while (!strchr(line, 'q'));
	kill((pid_t)pid, SIGCONT);
	keeper__free(b.keeper);
	live_source__free(b.live);
	binaries__free(b.binaries);
	proc_table__free(b.processes);
	return 0;
}
