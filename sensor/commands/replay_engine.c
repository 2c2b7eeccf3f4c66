#include "commands/replay_engine.h"

#include "base/columns.h"
#include "commands/progress.h"
#include "commands/state.h"

#include <inttypes.h>
#include <sched.h>
#include <sys/random.h>

#define WATCHED_DEFAULT      (1U << 16)
#define US_PER_S             UINT64_C(1000000)
#define ROUNDS_BETWEEN_TICKS 1024 /* of up to ENGINE_FRAMES_AT_ONCE frames */

bool replay_frames(struct engine *engine, struct source *source, struct reason *why)
{
	struct progress progress;
	progress_start(&progress);
	struct frame frames[ENGINE_FRAMES_AT_ONCE];
	enum source_result result = SOURCE_FRAME;
	for (unsigned round = 1; result == SOURCE_FRAME; round++) {
		const size_t count = source_next_some(
			source, frames, ENGINE_FRAMES_AT_ONCE, &result, why);
		engine_frames(engine, frames, count);
		if (round % ROUNDS_BETWEEN_TICKS == 0) {
			progress_tick(&progress, source);
		}
	}
	progress_end(&progress);
	engine_drain(engine);
	return result == SOURCE_END;
}

/* Of each file what is missing; how many files lack something. */
static size_t tell_what_lacks(const struct replay *replay, const struct source *source)
{
	const size_t file_count = replay->captures.count;
	struct reason why;
	size_t count = 0;
	for (size_t i = 0; i < file_count; i++) {
		if (source_lacks(source, i, &why)) {
			(void)fprintf(stderr,
				"mailwarden replay: %s; what is missing is not "
				"judged\n",
				why.text);
			count++;
		}
	}
	if (count > 0 && !replay->is_json) {
		(void)printf("Not all was read: of %zu of %zu files a part is missing "
			     "and not judged.\n\n",
			count, file_count);
	}
	return count;
}

/* What a mirror wrapped around every packet is worth a declaration: else all is a claim. */
static void tell_of_tunnel(const struct replay *replay, const struct engine *engine)
{
	struct way way;
	char src[ADDRESS_TEXT_BYTES];
	char dst[ADDRESS_TEXT_BYTES];
	if (replay->is_json || !engine_is_all_in_tunnels(engine, &way)) {
		return;
	}
	columns_say(stdout, 0,
		"All is inside a tunnel, and so a claim. If it is the mirror's own, "
		"declare it in the matrix:\n");
	(void)printf("tunnels: {mirror: {kind: %s, ends: [\"%s\", \"%s\"]}}\n\n",
		tunnel_kind_name((enum tunnel_kind)way.tunnel.kind),
		address_text(&way.tunnel.src, src), address_text(&way.tunnel.dst, dst));
}

/* How far a wrong checksum tells a decoy. */
static void tell_of_sums(const struct engine *engine)
{
	const struct engine_sums sums = engine_sums(engine);
	const uint64_t all = sums.right + sums.wrong + sums.offloaded;
	if (all == 0) {
		return;
	}
	if (sums.right == all) {
		(void)printf("\nChecksums: verified.\n");
		return;
	}
	columns_say(stdout, 0,
		"\nChecksums: %s. Of %" PRIu64 " packets that open flows %" PRIu64
		" were right, %" PRIu64 " left to a network card, %" PRIu64 " wrong.\n",
		sums.offloaded > 0 ? "offloaded" : "not reliable", all, sums.right,
		sums.offloaded, sums.wrong);
}

static void tell_of_decoys(const struct engine *engine)
{
	const struct engine_decoys decoys = engine_decoys(engine);
	if (decoys.set_aside + decoys.ambiguous > 0) {
		columns_say(stdout, 0,
			"\nDecoys: %" PRIu64 " segments were set aside, of which "
			"%" PRIu64 " were not taken; reported as ambiguous %" PRIu64
			".\n",
			decoys.set_aside, decoys.not_taken, decoys.ambiguous);
	}
}

static int replay_source(const struct replay *replay, struct replay_outputs *outputs,
	struct engine *engine, struct source *source)
{
	struct reason why;
	if (replay->state) {
		const int loaded = state_load(engine, replay->state);
		if (loaded != COMMAND_OK) {
			return loaded;
		}
	}
	const bool is_read = replay_frames(engine, source, &why);
	const size_t lacking = tell_what_lacks(replay, source);
	tell_of_tunnel(replay, engine);
	replay_outputs_end(outputs, engine, source);
	if (replay->is_verbose && !replay->is_json) {
		tell_of_sums(engine);
		tell_of_decoys(engine);
	}
	int code = replay_outputs_close(outputs);
	if (!is_read) {
		return command_failed(&COMMAND_REPLAY, "%s", why.text);
	}
	if (code == COMMAND_OK && replay->state) {
		code = state_save(engine, replay->state);
	}
	if (code == COMMAND_OK && replay->is_exit_code_wanted) {
		code = engine_alert_count(engine) > 0 || outputs->is_blind
			       ? COMMAND_VIOLATIONS
		       : lacking > 0 ? COMMAND_RUNTIME
				     : COMMAND_OK;
	}
	return code;
}

/* Where no process can be had, one does it all. */
static void read_ahead(const struct replay *replay, struct source *source)
{
	cpu_set_t processors;
	struct reason why;
	size_t jobs = replay->jobs;
	if (jobs == 0) {
		jobs = sched_getaffinity(0, sizeof(processors), &processors) == 0
			       ? (size_t)CPU_COUNT(&processors)
			       : 1;
	}
	if (!source_read_ahead(source, jobs, &why)) {
		(void)fprintf(stderr,
			"mailwarden replay: captures are unpacked one after the other: "
			"%s\n",
			why.text);
	}
}

int replay_engine_run(const struct replay *replay, struct replay_outputs *outputs,
	const struct matrix *matrix, struct lists *lists)
{
	struct reason why;
	struct source *source =
		source_open_files(replay->captures.list, replay->captures.count, &why);
	if (!source) {
		return command_failed(&COMMAND_REPLAY, "%s", why.text);
	}
	read_ahead(replay, source);
	struct engine_settings settings = {.matrix = matrix,
		.lists = lists,
		.flows = replay->flow_entries,
		.watched = WATCHED_DEFAULT,
		.fold_window_us = FOLD_WINDOW_S * US_PER_S,
		.is_verifying_checksums = replay->checksums == REPLAY_CHECKSUMS_VERIFY,
		.is_second_opinion_wanted = !replay->is_without_ndpi,
		.is_every_reason_wanted = replay->is_json || replay->flows != NULL ||
					  replay->journal != NULL,
		.host = replay->host,
		.event_prefix = outputs->event_prefix,
		.source_names = replay->captures.list};
	if (getrandom(&settings.seed, sizeof(settings.seed), 0) !=
		sizeof(settings.seed)) {
		source_close(source);
		return command_failed(
			&COMMAND_REPLAY, "no random numbers for the hash seed");
	}
	const struct engine_outputs given = replay_outputs_of_engine(outputs);
	struct engine *engine = engine_new(&settings, &given, &why);
	if (!engine) {
		source_close(source);
		return command_failed(&COMMAND_REPLAY, "%s", why.text);
	}
	const int code = replay_source(replay, outputs, engine, source);
	engine_free(engine);
	source_close(source);
	return code;
}
