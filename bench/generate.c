/*
 * generate - write the capture files the benchmark replays.
 *
 * generate mixed|small|mail|dialogues OUT [--scale N]
 *
 * Keeps a fixed number of flows going at once and always plays the packet that
 * is due first, so flows interleave as on a busy link and time never goes back.
 * The same arguments give the same file.
 */
#include "flow.h"
#include "pool.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct profile {
	const char *name;
	uint32_t flows;
	uint32_t concurrent;
	uint32_t mail_per_cent; /* the others are of pick_other */
	uint32_t gap_us;        /* longest, between two flows of one slot */
	const struct kind *(*pick_other)(struct random *random);
	struct sizes sizes;
};

static const struct profile profiles[] = {
	{"mixed", 110000, 3000, 4, 400000, web_pick, {9000, 0, 2, 2300, 1500000, 60}},
	{"small", 1000000, 20000, 2, 300000, small_pick, {200, 0, 1, 700, 1500000, 60}},
	{"mail", 30000, 1500, 100, 500000, mail_pick, {32000, 0, 2, 2300, 2000000, 60}},
	{"dialogues", 200000, 5000, 0, 300000, dialogue_pick,
		{1200, 2, 3, 2300, 1500000, 67}},
};

static const uint64_t start_us = UINT64_C(1790841600) * 1000000; /* 2026-10-01 08:00 */

/* Flows by due time: a binary heap of pointers, the first due on top. */
struct schedule {
	struct flow **heap;
	size_t count;
};

struct generator {
	const struct profile *profile;
	struct random random;
	struct schedule schedule;
	struct flow *flows;
	struct capture_file *file;
	uint32_t started, total;
};

static void schedule_sink(struct schedule *schedule, size_t at)
{
	struct flow *flow = schedule->heap[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < schedule->count &&
			schedule->heap[child + 1]->due_us <
				schedule->heap[child]->due_us) {
			child++;
		}
		if (child >= schedule->count ||
			flow->due_us <= schedule->heap[child]->due_us) {
			break;
		}
		schedule->heap[at] = schedule->heap[child];
		at = child;
	}
	schedule->heap[at] = flow;
}

static void flow_renew(
	struct generator *generator, struct flow *flow, uint64_t after_us)
{
	const struct profile *profile = generator->profile;
	struct random *random = &generator->random;
	const bool is_mail = random_chance(random, profile->mail_per_cent);
	const struct flow_start start = {
		.kind = is_mail ? mail_pick(random) : profile->pick_other(random),
		.sizes = &profile->sizes,
		.start_us = after_us + random_below(random, profile->gap_us),
		.number = generator->started++,
	};

	flow_begin(flow, &start, random);
}

static bool generator_begin(struct generator *generator)
{
	const uint32_t concurrent = generator->profile->concurrent < generator->total
					    ? generator->profile->concurrent
					    : generator->total;
	struct schedule *schedule = &generator->schedule;

	generator->flows = calloc(concurrent, sizeof(*generator->flows));
	schedule->heap = calloc(concurrent, sizeof(*schedule->heap));
	if (generator->flows == NULL || schedule->heap == NULL) {
		return false;
	}
	schedule->count = concurrent;
	for (uint32_t slot = 0; slot < concurrent; slot++) {
		/* Spread over two seconds: the link fills up gradually. */
		const uint64_t delay_us = UINT64_C(2000000) * slot / concurrent;

		schedule->heap[slot] = &generator->flows[slot];
		flow_renew(generator, schedule->heap[slot], start_us + delay_us);
	}
	for (size_t at = schedule->count / 2; at-- > 0;) {
		schedule_sink(schedule, at);
	}
	return true;
}

/* Plays the packet that is due; a flow that is over makes room for the next one. */
static void generator_step(struct generator *generator)
{
	struct schedule *schedule = &generator->schedule;
	struct flow *flow = schedule->heap[0];

	if (!flow_step(flow, generator->file, &generator->random)) {
		if (generator->started < generator->total) {
			flow_renew(generator, flow, flow->due_us);
		} else {
			schedule->heap[0] = schedule->heap[--schedule->count];
		}
	}
	if (schedule->count > 0) {
		schedule_sink(schedule, 0);
	}
}

static void generator_run(struct generator *generator)
{
	while (generator->schedule.count > 0 && !generator->file->failed) {
		generator_step(generator);
	}
}

static int usage(void)
{
	fputs("usage: generate mixed|small|mail|dialogues OUT [--scale N]\n", stderr);
	return 2;
}

static const struct profile *profile_find(const char *name)
{
	for (size_t at = 0; at < sizeof(profiles) / sizeof(profiles[0]); at++) {
		if (strcmp(profiles[at].name, name) == 0) {
			return &profiles[at];
		}
	}
	return NULL;
}

/* 0 when the arguments make no sense. */
static uint32_t flows_wanted(const struct profile *profile, int argc, char **argv)
{
	char *end = NULL;

	if (argc == 3) {
		return profile->flows;
	}
	if (argc != 5 || strcmp(argv[3], "--scale") != 0) {
		return 0;
	}
	const double flows = strtod(argv[4], &end) * profile->flows;

	return *end == '\0' && flows >= 1 && flows < UINT32_MAX ? (uint32_t)flows : 0;
}

static int generate(struct generator *generator, const char *path)
{
	static struct capture_file file;

	generator->file = &file;
	pool_fill(&generator->random);
	if (!capture_file_open(&file, path)) {
		fprintf(stderr, "generate: %s: %s\n", path, strerror(errno));
		return 3;
	}
	if (!generator_begin(generator)) {
		fprintf(stderr, "generate: %s\n", strerror(errno));
		return 3;
	}
	generator_run(generator);
	if (!capture_file_close(&file)) {
		fprintf(stderr, "generate: %s: %s\n", path, strerror(errno));
		return 3;
	}
	printf("%s: %u flows, %llu packets, %llu bytes\n", path, generator->started,
		(unsigned long long)file.packets, (unsigned long long)file.bytes);
	return 0;
}

int main(int argc, char **argv)
{
	struct generator generator = {
		.random = {UINT64_C(0x6d61696c77617264)},
	};

	generator.profile = argc >= 3 ? profile_find(argv[1]) : NULL;
	if (generator.profile == NULL) {
		return usage();
	}
	generator.total = flows_wanted(generator.profile, argc, argv);
	if (generator.total == 0) {
		return usage();
	}
	const int status = generate(&generator, argv[2]);

	free(generator.flows);
	free(generator.schedule.heap);
	return status;
}
