// SPDX-License-Identifier: Apache-2.0
/*
 * sample_and_stop PID [copy]: the shipped BPF object, rings and tables, with the switch on that stops a
 * process at the instruction at which it was just sampled. For each sample one line,
 *
 *   TID IP SP FP FLAGS STOP CNT PC...		(hex; the stack as BPF sent it, leaf first)
 *
 * and for each Python frame, youngest first,
 *
 *   python NAME<tab>FILE<tab>LINE		(NAME ?: its code object never came)
 *   end
 *
 * With "copy" each stack travels as registers and memory and is walked in user space, as those of a
 * process are whose tables are not there yet.
 *
 * Then it waits for a line on standard input and lets the process go on. A judge looks at the
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
#include "collector/python/codes.h"
#include "collector/python/merge.h"
#include "collector/python/reader.h"
#include "collector/tables/keeper.h"

struct bench {
	struct live_source *live;
	struct keeper *keeper;
	struct proc_table *processes;
	struct binaries *binaries;
	struct held_list *held;
	struct strtab *strings;
	struct python_codes *codes;
	bool sampled;
};

static void print_python(const struct bench *b, const struct sample_record *rec, const __u64 *words,
			 uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i += 1 + frame_extra_words(frame_kind(words[i]))) {
		struct python_place place = { 0 };
		uint32_t idx;

		if (frame_kind(words[i]) != FRAME_PYTHON)
			continue;
		idx = python_codes__find(b->codes, rec->pid, rec->leader_start_ns, words + i,
					 &place);
		if (idx == PYTHON_NO_FUNCTION) {
			puts("python ?\t?\t0");
		} else if (idx != PYTHON_HIDDEN_FUNCTION) {
			const struct python_function *f = python_codes__function(b->codes, idx);

			printf("python %s\t%s\t%d\n", strtab__text(b->strings, f->name),
			       strtab__text(b->strings, f->file), place.line);
		}
	}
}

static void print_sample(struct bench *b, const struct sample_record *rec, uint32_t stop,
			 const __u64 *words, uint32_t cnt)
{
	uint32_t native_cnt = merge_native_cnt(words, cnt);

	if (b->sampled)
		return;
	b->sampled = true;
	printf("%u %" PRIx64 " %" PRIx64 " %" PRIx64 " %x %u %u", rec->tid, (uint64_t)rec->user_ip,
	       (uint64_t)rec->user_sp, (uint64_t)rec->user_fp, rec->flags, stop, native_cnt);
	for (uint32_t i = 0; i < native_cnt; i++)
		printf(" %" PRIx64, (uint64_t)frame_payload(words[i]));
	puts("");
	print_python(b, rec, words + native_cnt, cnt - native_cnt);
	printf("end %u %u\n", rec->gil, rec->python_end == PYTHON_LEAF_TORN);
	fflush(stdout);
}

static void take_sample(struct bench *b, const struct sample_record *rec)
{
	print_sample(b, rec, rec->stop, sample_words(rec), rec->user_words);
}

static void take_copy(struct bench *b, const struct copy_record *rec)
{
	const struct process *p = proc_table__find(b->processes, rec->sample.pid);

	if (p)
		held_list__add(b->held, p, rec);
}

static void take_walked(struct bench *b, const struct walked_record *rec)
{
	struct held *held = held_list__take(b->held, rec->id);

	if (held)
		print_sample(b, &held->rec->sample, rec->stop, (const __u64 *)(rec + 1),
			     rec->user_words);
	held__free(held);
}

static void on_record(void *ctx, const struct record_header *rec)
{
	struct bench *b = ctx;

	if (rec->type == RECORD_FILE)
		binaries__learn(b->binaries, (const void *)rec);
	if (rec->type == RECORD_PYTHON_FILE)
		binaries__learn_python(b->binaries, (const void *)rec);
	if (rec->type == RECORD_PYTHON_CODE) {
		scope_memory void *whole = python_reader__complete((const void *)rec);

		python_codes__learn(b->codes, whole ? whole : (const void *)rec);
	}
	proc_table__apply(b->processes, b->binaries, rec);
	keeper__follow(b->keeper, rec);
	if (rec->type == RECORD_SAMPLE)
		take_sample(b, (const void *)rec);
	else if (rec->type == RECORD_COPY)
		take_copy(b, (const void *)rec);
	else if (rec->type == RECORD_WALKED)
		take_walked(b, (const void *)rec);
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

static int start(struct bench *b, uint32_t pid, bool copy_all)
{
	static const struct keeper_calls calls = { on_record, rescan };
	static const struct kept_folder no_cache = { .dir_fd = -1 };
	struct options options = { .filter = FILTER_PID,
				   .frequency = 199,
				   .max_depth = DEFAULT_USER_FRAMES,
				   .stop_sampled = true,
				   .copy_all = copy_all,
				   .labels = LABEL_GIL,
				   .event = event_at(0) };
	struct sampler_maps maps;

	b->processes = proc_table__new();
	b->binaries = binaries__new();
	b->held = held_list__new();
	b->strings = strtab__new();
	b->codes = python_codes__new(b->strings);
	if (!b->processes || !b->binaries || !b->held || !b->strings || !b->codes ||
	    live_source__open(&options, &b->live))
		return -1;
	maps = live_source__maps(b->live);
	if (keeper__open(&maps, b->processes, b->binaries, b->held, DEFAULT_USER_FRAMES, &no_cache,
			 &calls, b, &b->keeper) ||
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

/* Until it has ended, also where its parent has not heard of it yet. */
static bool runs(uint32_t pid)
{
	char path[64], state = 'Z';
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	stat = fopen(path, "re");
	if (stat && fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
		state = 'Z';
	if (stat)
		fclose(stat);
	return state != 'Z';
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	uint32_t pid = argc >= 2 ? (uint32_t)atoi(argv[1]) : 0;
	char line[64];

	setvbuf(stdout, NULL, _IOFBF, 1 << 20); /* a sample is written in one go */
	if (!pid || start(&b, pid, argc == 3 && !strcmp(argv[2], "copy")))
		return 1;
	do {
		arm(&b);
		while (!b.sampled && runs(pid))
			turn(&b);
		if (!b.sampled || !fgets(line, sizeof(line), stdin))
			break;
		forget_others(&b);
		kill((pid_t)pid, SIGCONT);
	} while (!strchr(line, 'q'));
	kill((pid_t)pid, SIGCONT);
	keeper__free(b.keeper);
	live_source__free(b.live);
	held_list__free(b.held);
	binaries__free(b.binaries);
	proc_table__free(b.processes);
	python_codes__free(b.codes);
	strtab__free(b.strings);
	return 0;
}
