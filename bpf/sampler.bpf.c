// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "lib/kernel_types.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "lib/copy.bpf.h"
#include "lib/fault.bpf.h"
#include "lib/maps.bpf.h"
#include "lib/python_code.bpf.h"
#include "lib/scratch.bpf.h"
#include "lib/stats.bpf.h"
#include "lib/target.bpf.h"
#include "lib/task.bpf.h"

extern struct samples_map samples SEC(".maps");
extern struct events_map events SEC(".maps");
extern struct processes_map processes SEC(".maps");
extern struct pythons_map pythons SEC(".maps");
extern struct oracle_map oracle SEC(".maps");
extern const volatile struct sampler_config config;

struct scratch_map scratches SEC(".maps");

/* Tells user space once of a process that has no run of mappings. */
static __always_inline void want_process(__u32 pid, __u64 leader_start_ns, __u32 python)
{
	struct process_entry entry = { .state = PROCESS_WANTED, .python = python };
	struct wanted_record rec = {};

	if (fault() || bpf_map_update_elem(&processes, &pid, &entry, BPF_ANY)) {
		count(COUNTER_MAP_FULL, 1);
		return;
	}
	rec.h.type = RECORD_WANTED;
	rec.h.size = sizeof(rec);
	rec.h.time_ns = bpf_ktime_get_ns();
	rec.leader_start_ns = leader_start_ns;
	rec.pid = pid;
	if (fault() || bpf_ringbuf_output(&events, &rec, sizeof(rec), 0)) {
		count(COUNTER_EVENT_LOST, 1);
		bpf_map_delete_elem(&processes, &pid); /* the next sample asks again */
	}
}

/*
 * One frame. A global function: verified once, whatever the depth, where an inlined body is
 * refused ("The sequence of 8193 jumps is too complex", one million instructions) beyond some 64
 * frames. It may take scalars only, so it finds the state by itself.
 */
__noinline int step_native(__u32 cpu)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);

	if (!s)
		return 1;
	return native_walk_step(&s->walk, &s->frames, &s->rules, s->words);
}

/* The loop in two levels, because the verifier walks every turn of a loop: 64 + 64 turns cost it 3,000
 * instructions, 4,096 cost 37,000 and 50 ms of every start. */
#define STEPS_PER_RUN 64

__noinline int step_native_run(__u32 cpu)
{
	for (int i = 0; i < STEPS_PER_RUN; i++)
		if (step_native(cpu))
			return 1;
	return 0;
}

static __always_inline __u32 walk_native(struct scratch *s, __u32 cpu)
{
	s->walk.stop = STOP_MAX_DEPTH;
	for (int i = 0; i <= MAX_USER_FRAMES / STEPS_PER_RUN; i++)
		if (step_native_run(cpu))
			break;
	return s->walk.stop;
}

__noinline int step_python(__u32 cpu)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);
	int turn;

	if (!s)
		return PYTHON_TURN_END;
	turn = python_walk_step(&s->python, s->words);
	if (s->python.code_vaddr && !code_seen(s))
		send_code(s);
	return turn;
}

/* 64 turns of so many branches in one loop cost the verifier 11,500 instructions; 8, and a loop around
 * them, 1,000. */
#define CLAIMS_PER_CALL 8

__noinline int claim_anchor(__u32 cpu)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);

	if (!s)
		return 1;
	for (int i = 0; i < CLAIMS_PER_CALL; i++)
		if (python_claim_step(&s->python, &s->frames))
			return 1;
	return 0;
}

__noinline int claim_anchor_run(__u32 cpu)
{
	for (int i = 0; i < STEPS_PER_RUN; i++)
		if (claim_anchor(cpu))
			return 1;
	return 0;
}

__noinline int find_anchor(__u32 cpu)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);

	for (int i = 0; i <= MAX_USER_FRAMES / (STEPS_PER_RUN * CLAIMS_PER_CALL); i++)
		if (claim_anchor_run(cpu))
			break;
	return !s || python_anchor_step(&s->python, s->words);
}

__noinline int step_python_run(__u32 cpu)
{
	for (int i = 0; i < STEPS_PER_RUN; i++) {
		int turn = step_python(cpu);

		if (turn == PYTHON_TURN_END || (turn == PYTHON_TURN_ANCHOR && find_anchor(cpu)))
			return 1;
	}
	return 0;
}

__noinline int enter_outer_python(__u32 cpu)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);

	return !s || python_walk_outer(&s->python);
}

__noinline int step_thread_list(__u32 cpu)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);

	return s ? python_list_step(&s->python) : -1;
}

/* The walk is this CPU's. */
static __always_inline int python_list_steps(struct python_walk *w)
{
	__u32 cpu = bpf_get_smp_processor_id();
	int found = 0;

	(void)w;
	for (int i = 0; i < THREAD_LIST_STEPS && !found; i++)
		found = step_thread_list(cpu);
	return found;
}

/* entered: the thread is in the kernel. Non-zero: there are frames. */
__noinline int start_python(__u32 cpu, __u32 entered)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);
	int started;

	if (!s)
		return 0;
	started = !python_walk_start(&s->python);
	if (config.gil)
		s->rec.gil = python_gil(&s->python, entered ? futex_waited_on(&s->regs) : 0);
	return started;
}

/* Non-zero: it runs in no other. */
__noinline int walk_interpreter(__u32 cpu)
{
	for (int run = 0; run <= 2 * MAX_PYTHON_FRAMES / STEPS_PER_RUN; run++)
		if (step_python_run(cpu))
			break;
	return enter_outer_python(cpu);
}

/* Of one interpreter and, where that runs in others, of these. */
#define NESTED_INTERPRETERS 4

static __always_inline void walk_python_frames(__u32 cpu)
{
	for (int i = 0; i < NESTED_INTERPRETERS; i++)
		if (walk_interpreter(cpu))
			break;
}

/*
 * The Python frames of the thread, from a word on: behind native_cnt native ones, or (PYTHON_NO_NATIVE)
 * where user space will walk these. entered: the thread is in the kernel. Returns the next free word. A
 * global function for its two callers: inlined in both it cost the verifier half of all instructions.
 */
__noinline int walk_python(__u32 cpu, __u32 entered, __u32 native_cnt, __u32 first, __u32 room)
{
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);
	const struct python_process *process;
	__u32 idx;

	if (!s)
		return first;
	idx = s->walk.run.python - 1;
	process = bpf_map_lookup_elem(&pythons, &idx);
	if (!process)
		return first;
	s->python.process = *process;
	s->python.native_cnt = native_cnt;
	s->python.pos = first;
	s->python.room = room;
	s->python.stack_pointer = s->rec.user_sp;
	if (start_python(cpu, entered) || !enter_outer_python(cpu))
		walk_python_frames(cpu);
	s->rec.python_end = s->python.end;
	if (s->python.end != PYTHON_TORN)
		return s->python.pos;
	s->python.cut = 0;
	return first; /* what was found is not to be believed */
}

static __always_inline int has_python(const struct scratch *s)
{
	return config.python && s->walk.run.python;
}

/* The task's user stack; returns how it ended. */
static __always_inline __u32 take_user_stack(struct scratch *s, __u32 cpu,
					     const struct user_regs *regs)
{
	struct process_entry *entry;
	__u32 pid = s->rec.pid;

	s->walk.ip = regs->ip;
	s->walk.sp = regs->sp;
	s->walk.fp = regs->fp;
	s->walk.flags = WALK_F_LEAF;
	if (regs->entered)
		s->walk.flags |= WALK_F_ENTERED;
	s->walk.max_depth = config.max_depth;
	s->walk.window.size = 0;
	s->words[0] = frame_word(FRAME_NATIVE, 0, regs->ip);
	s->walk.cnt = 1;
	s->walk.run.python = 0;
	if (regs->compat)
		return STOP_COMPAT;
	if (!config.user_stacks)
		return STOP_NO_PROCESS;
	entry = bpf_map_lookup_elem(&processes, &pid);
	if (entry)
		s->walk.run.python = entry->python;
	if (!entry || entry->state == PROCESS_NEW) {
		want_process(pid, s->rec.leader_start_ns, s->walk.run.python);
		return STOP_NO_PROCESS;
	}
	if (entry->state != PROCESS_READY)
		return STOP_NO_PROCESS;
	s->walk.run = *entry;
	s->walk.mapping = entry->first;
	s->walk.cnt = 0;
	s->rec.generation = entry->generation;
	return walk_native(s, cpu);
}

/* In exec, once the old image is gone, the registers are still those of the old program: the leaf is
 * all that a walk finds, and it is not true. */
static __always_inline int image_gone(const struct scratch *s, const struct user_regs *regs)
{
	return regs->entered && s->walk.cnt <= 1 && task_in_exec();
}

/* The user half of the record: registers, frames, how the stack ended. */
static __always_inline void take_user(struct scratch *s, __u32 cpu,
				      const struct bpf_perf_event_data *ctx, struct user_regs *regs)
{
	struct task_facts facts = {};

	task_facts_read(&facts);
	s->rec.leader_start_ns = facts.leader_start_ns;
	if (!facts.has_mm || (facts.flags & PF_KTHREAD))
		s->rec.flags |= SAMPLE_F_KERNEL_THREAD;
	else if (facts.flags & PF_EXITING)
		s->rec.flags |= SAMPLE_F_EXITING;
	else
		user_regs_read(regs, s->walk.regs, &s->regs, ctx);
	s->rec.user_ip = regs->ip;
	s->rec.user_sp = regs->sp;
	s->rec.user_fp = regs->fp;
	s->walk.cnt = 0;
	if (regs->valid)
		s->rec.stop = take_user_stack(s, cpu, regs);
	if (!regs->valid || image_gone(s, regs)) {
		s->walk.cnt = 0;
		s->rec.stop = STOP_NO_USER;
		if (!(s->rec.flags & (SAMPLE_F_KERNEL_THREAD | SAMPLE_F_EXITING)))
			s->rec.flags |= SAMPLE_F_NO_REGS;
	}
}

/* Behind the user words; returns how many addresses. */
static __always_inline __u32 take_kernel(struct scratch *s, struct bpf_perf_event_data *ctx,
					 __u32 user_words)
{
	long bytes;

	if (!config.kernel_stacks || !regs_in_kernel(ctx))
		return 0;
	s->rec.flags |= SAMPLE_F_KERNEL_MODE;
	bytes = bpf_get_stack(ctx, &s->words[user_words], MAX_KERNEL_FRAMES * 8, 0);
	if (bytes <= 0 || bytes > MAX_KERNEL_FRAMES * 8L)
		return 0;
	return (__u32)bytes / 8;
}

/* No wake-up per record: user space drains several times a second, and is woken early only when a
 * ring fills up. */
static __always_inline __u64 wake_flags(void *ring, __u64 limit)
{
	return bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) > limit ? BPF_RB_FORCE_WAKEUP :
								    BPF_RB_NO_WAKEUP;
}

/* Non-zero: no room. */
static __always_inline long put_sample(struct scratch *s, struct bpf_perf_event_data *ctx,
				       __u32 user_words)
{
	__u64 wake = wake_flags(&samples, config.wake_bytes), size;
	__u32 kernel_cnt;

	if (user_words > MAX_USER_WORDS)
		user_words = MAX_USER_WORDS;
	kernel_cnt = take_kernel(s, ctx, user_words);
	size = sizeof(s->rec) + (user_words + kernel_cnt) * 8ULL;
	s->rec.h.size = size;
	s->rec.user_words = user_words;
	s->rec.kernel_cnt = kernel_cnt;
	if (size > sizeof(s->rec) + sizeof(s->words))
		size = sizeof(s->rec) + sizeof(s->words);
	return fault() || bpf_ringbuf_output(&samples, &s->rec, size, wake);
}

/* With the leaf side of its Python frames alone. */
static __always_inline long put_cut_sample(struct scratch *s, struct bpf_perf_event_data *ctx)
{
	__u32 end = s->rec.python_end, user_words = python_cut(&s->python, s->words);
	long err;

	if (!user_words)
		return -1;
	s->rec.python_end = PYTHON_NO_ROOM;
	err = put_sample(s, ctx, user_words);
	if (err)
		s->rec.python_end = end;
	return err;
}

/* A deep stack may have 100 KB: the last quarter of the ring is not for these. */
static __always_inline int too_large(const struct scratch *s)
{
	return s->python.cut &&
	       bpf_ringbuf_query(&samples, BPF_RB_AVAIL_DATA) > 3 * config.wake_bytes;
}

/* The sample with registers and stack instead of native frames. 0: sent. */
static __always_inline int send_copy(struct scratch *s, __u32 cpu, struct bpf_perf_event_data *ctx,
				     const struct user_regs *regs)
{
	__u32 kernel_cnt = take_kernel(s, ctx, COPY_WORDS);
	__u32 python = COPY_WORDS + kernel_cnt;
	__u32 stack = python;
	__u64 size;

	if (has_python(s))
		stack = walk_python(cpu, regs->entered, PYTHON_NO_NATIVE, python, COPY_HEAD_WORDS);

	if (stack > COPY_HEAD_WORDS)
		stack = COPY_HEAD_WORDS;
	copy_stack(s, cpu, regs->sp - RED_ZONE, stack);
	size = fill_copy(s, ctx, kernel_cnt, stack - python);

	if (!fault() &&
	    !bpf_ringbuf_output(&copies, &s->rec, size, wake_flags(&copies, COPY_RING_BYTES / 4))) {
		count(COUNTER_KEPT, 1);
		count(COUNTER_COPIED, 1);
		return 0;
	}
	count(COUNTER_COPY_LOST, 1);
	s->rec.h.type = RECORD_SAMPLE;
	s->words[0] = frame_word(FRAME_NATIVE, 0, regs->ip);
	s->walk.cnt = 1;
	return -1;
}

/* The oracle's switch: one sample per arming, and the sampled thread stops at that instruction. */
static __always_inline int disarm(void)
{
	__u32 zero = 0, *armed = bpf_map_lookup_elem(&oracle, &zero);

	if (!armed || !*armed) {
		count(COUNTER_DISARMED, 1);
		return -1;
	}
	*armed = 0;
	return 0;
}

static __always_inline void count_ends(const struct sample_record *rec)
{
	struct counts *c = this_cpu_counts();

	if (!c)
		return;
	c->stops[rec->stop & (STOP_SLOTS - 1)]++;
	c->python_ends[rec->python_end & (PYTHON_END_SLOTS - 1)]++;
}

static __always_inline void send_sample(struct scratch *s, struct bpf_perf_event_data *ctx,
					__u32 user_words)
{
	if ((too_large(s) || put_sample(s, ctx, user_words)) && put_cut_sample(s, ctx))
		count(COUNTER_RING_FULL, 1);
	else
		count(COUNTER_KEPT, 1);
	count_ends(&s->rec);
}

/*
 * How much of the event a sample stands for. A clock's period is what it says. A counter's follows the
 * frequency asked for and overshoots where events come in bursts (5 million page faults for 50,000),
 * so what was counted since the CPU's last sample is taken, whosoever that sample was.
 */
static __always_inline __u64 take_weight(struct bpf_perf_event_data *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct bpf_perf_event_value value = {};
	struct scratch *s;
	__u64 before;

	if (!config.weigh_counts)
		return ctx->sample_period;
	s = bpf_map_lookup_elem(&scratches, &cpu);
	if (!s || bpf_perf_prog_read_value(ctx, &value, sizeof(value)))
		return ctx->sample_period;
	before = s->counted;
	s->counted = value.counter;
	return value.counter < before ? value.counter :
					value.counter - before; /* a CPU came back */
}

static __always_inline void take_sample(struct bpf_perf_event_data *ctx, __u64 pid_tid, __u64 now,
					__u64 weight)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct scratch *s = bpf_map_lookup_elem(&scratches, &cpu);
	struct user_regs regs = {};
	__u32 user_words;

	if (!s) {
		count(COUNTER_NO_SCRATCH, 1);
		return;
	}
	s->rec.h.type = RECORD_SAMPLE;
	s->rec.h.time_ns = now;
	s->rec.weight = weight;
	s->rec.pid = pid_tid >> 32;
	s->rec.tid = pid_tid;
	s->rec.cpu = cpu;
	s->rec.generation = 0;
	s->rec.flags = 0;
	s->rec.python_end = PYTHON_NONE;
	s->rec.gil = PYTHON_GIL_UNKNOWN;
	bpf_get_current_comm(s->rec.comm, sizeof(s->rec.comm));
	take_user(s, cpu, ctx, &regs);
	if (!worth_a_copy(s->rec.stop) || !copy_allowed(s->rec.pid) ||
	    send_copy(s, cpu, ctx, &regs)) {
		user_words = s->walk.cnt;
		s->python.cut = 0;
		if (user_words && has_python(s))
			user_words = walk_python(cpu, regs.entered, user_words, user_words,
						 MAX_USER_WORDS);
		send_sample(s, ctx, user_words);
	}
	if (config.stop_sampled)
		bpf_send_signal_thread(19 /* SIGSTOP */);
}

SEC("perf_event")
int sample_cpu(struct bpf_perf_event_data *ctx)
{
	__u64 pid_tid = bpf_get_current_pid_tgid();
	__u64 start = bpf_ktime_get_ns(), weight = take_weight(ctx);

	count(COUNTER_ENTRIES, 1);
	if (!(pid_tid >> 32)) {
		count(COUNTER_IDLE, 1);
		return 0;
	}
	if (!is_target(pid_tid)) {
		count(COUNTER_NOT_TARGET, 1);
		return 0;
	}
	if (config.stop_sampled && disarm())
		return 0;
	take_sample(ctx, pid_tid, start, weight);
	count(COUNTER_RUN_NS, bpf_ktime_get_ns() - start);
	return 0;
}
