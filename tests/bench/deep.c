// SPDX-License-Identifier: Apache-2.0
/*
 * deep FRAMES [SWEEP_MB]: one thread per CPU burns it at the leaf of a stack of exactly FRAMES frames,
 * start_thread and clone3 among them, without frame pointers. With SWEEP_MB the leaf walks through so
 * much memory, so that a sampler finds the caches full of other data.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#define OUTER_FRAMES 4 /* leaf, run, start_thread, clone3 */
#define LINE 64

static int depth;
static size_t sweep_bytes;

struct task {
	pthread_t thread;
	int cpu;
	char *memory;
	size_t at;
	unsigned long sum;
};

__attribute__((noipa)) static void leaf(struct task *t)
{
	for (int i = 0; i < 100000; i++) {
		t->sum += t->sum * 31 + (unsigned long)i;
		if (!sweep_bytes)
			continue;
		t->memory[t->at]++;
		t->at = (t->at + LINE) % sweep_bytes;
	}
}

static void go_down(struct task *t, int n); /* n frames more, then the leaf */

__attribute__((noipa)) static void small_frame(struct task *t, int n)
{
	go_down(t, n);
	t->sum++;
}

__attribute__((noipa)) static void saving_frame(struct task *t, int n)
{
	unsigned long a = t->sum, b = a * 3, c = b ^ (unsigned long)n;

	go_down(t, n);
	t->sum += a ^ b ^ c ^ (unsigned long)t->cpu;
}

__attribute__((noipa)) static void large_frame(struct task *t, int n)
{
	volatile char buffer[200];

	buffer[n & 127] = (char)n;
	go_down(t, n);
	t->sum += (unsigned long)buffer[n & 127];
}

static inline __attribute__((always_inline)) void go_down(struct task *t, int n)
{
	static void (*const kinds[])(struct task *, int) = { small_frame, saving_frame,
							     large_frame };

	if (n)
		kinds[n % 3](t, n - 1);
	else
		leaf(t);
}

static void *run(void *arg)
{
	struct task *t = arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(t->cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	for (;;)
		go_down(t, depth);
	return NULL;
}

int main(int argc, char **argv)
{
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	struct task *tasks = calloc((size_t)cpus, sizeof(*tasks));

	depth = argc > 1 ? atoi(argv[1]) - OUTER_FRAMES : 1;
	sweep_bytes = argc > 2 ? (size_t)atoi(argv[2]) << 20 : 0;
	if (!tasks || depth < 1)
		return 2;
	for (int i = 0; i < cpus; i++) {
		tasks[i].cpu = i;
		tasks[i].memory = sweep_bytes ? malloc(sweep_bytes) : NULL;
		if (pthread_create(&tasks[i].thread, NULL, run, &tasks[i]))
			return 1;
	}
	pause();
	return 0;
}
