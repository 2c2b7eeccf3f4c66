#include "commands/replay_outputs.h"

#include "base/columns.h"
#include "commands/replay_journal.h"
#include "observed/observed_file.h"
#include "report/conformity_print.h"
#include "report/human.h"
#include "report/json.h"
#include "report/json_sensor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

static bool open_flows(struct replay_outputs *outputs, struct reason *why)
{
	const char *path = outputs->replay->flows;
	if (path) {
		outputs->flows = fopen(path, "we");
		return outputs->flows != NULL ||
		       reason_set(why, "%s: %s", path, strerror(errno));
	}
	return true;
}

static bool open_journal(struct replay_outputs *outputs, struct reason *why)
{
	static struct replay_journal journal; /* too large for the stack */
	const struct replay *replay = outputs->replay;
	if (replay->journal) {
		if (!replay_journal_open(
			    &journal, replay->journal, replay->host, why)) {
			return false;
		}
		outputs->journal = &journal;
		outputs->event_prefix = journal.prefix;
	}
	return true;
}

/* What is there already is overwritten only where it is such a file itself. */
static bool open_observed(struct replay_outputs *outputs, struct reason *why)
{
	const char *path = outputs->replay->observed;
	struct hash_seed seed;
	if (!path) {
		return true;
	}
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		return reason_set(why, "no random numbers for the hash seed");
	}
	outputs->observed = observed_new(OBSERVED_ENTRIES, seed, why);
	return outputs->observed && observed_file_may_be_written(path, why);
}

bool replay_outputs_open(struct replay_outputs *outputs, const struct replay *replay,
	const struct matrix *matrix)
{
	struct reason why;
	*outputs =
		(struct replay_outputs){.replay = replay, .event_prefix = "replay-0"};
	const struct human_style style = {.out = stdout,
		.use_colour = columns_has_colour(stdout),
		.is_summary = replay->is_summary,
		.is_verbose = replay->is_verbose};
	outputs->human = human_new(&style, &why);
	outputs->conformity = outputs->human ? conformity_new(matrix, &why) : NULL;
	if (!outputs->conformity || !open_flows(outputs, &why) ||
		!open_journal(outputs, &why) || !open_observed(outputs, &why)) {
		(void)command_failed(&COMMAND_REPLAY, "%s", why.text);
		return false;
	}
	return true;
}

static void on_alert(void *context, const struct record *record, enum finding finding,
	const struct fold_count *count)
{
	const struct replay_outputs *outputs = context;
	conformity_alert(outputs->conformity, record, finding, count);
	if (!outputs->replay->is_json) {
		human_alert(outputs->human, record, finding, count);
	} else if (!outputs->replay->is_summary) {
		json_alert(stdout, record, finding, count);
	}
	if (outputs->journal) {
		json_alert(
			replay_journal_begin(outputs->journal), record, finding, count);
	}
}

static void add_observed(
	const struct replay_outputs *outputs, const struct record *record)
{
	struct sighting sighting;
	if (json_mail_sighting(record, &sighting)) {
		observed_add(outputs->observed, &sighting);
	}
}

static void on_mail(void *context, const struct record *record)
{
	const struct replay_outputs *outputs = context;
	conformity_mail(outputs->conformity, record);
	if (!outputs->replay->is_json) {
		human_mail(outputs->human, record);
	} else if (!outputs->replay->is_summary) {
		json_mail(stdout, record);
	}
	if (outputs->flows) {
		json_mail(outputs->flows, record);
	}
	if (outputs->observed) {
		add_observed(outputs, record);
	}
	if (outputs->journal) {
		json_mail(replay_journal_begin(outputs->journal), record);
	}
}

struct engine_outputs replay_outputs_of_engine(struct replay_outputs *outputs)
{
	return (struct engine_outputs){
		.context = outputs, .alert = on_alert, .mail = on_mail};
}

/* An alert of the whole capture, where it is much. */
static void tell_blindness(struct replay_outputs *outputs, struct engine *engine,
	const struct blindness *blindness)
{
	const struct replay *replay = outputs->replay;
	char text[BLINDNESS_TEXT_BYTES];
	if (!blindness_is_told(
		    blindness, BLINDNESS_SHARE_STANDARD, BLINDNESS_LEAST_OF_WHOLE)) {
		return;
	}
	const struct json_event event = {.time_us = engine_now_us(engine),
		.host = replay->host,
		.event_prefix = outputs->event_prefix,
		.sequence = engine_next_sequence(engine)};
	const struct json_sensor_alert alert = {.finding = FINDING_SENSOR_BLIND,
		.process = "replay",
		.detail = blindness_text(blindness, text),
		.count = 1};
	outputs->is_blind = true;
	if (!replay->is_json) {
		human_sensor_alert(outputs->human, alert.finding, alert.detail);
	} else if (!replay->is_summary) {
		json_sensor_alert(stdout, &event, &alert);
	}
	if (outputs->journal) {
		json_sensor_alert(
			replay_journal_begin(outputs->journal), &event, &alert);
	}
}

static void look_for_unseen(struct replay_outputs *outputs, struct engine *engine)
{
	struct counter counters[ENGINE_COUNTERS_MAX];
	struct blindness blindness = {0};
	const size_t count = engine_counters(engine, counters);
	for (size_t i = 0; i < count; i++) {
		blindness_add(&blindness, counters[i].name, counters[i].value);
		if (strcmp(counters[i].name, "flow.unwatched") == 0) {
			conformity_given_up(outputs->conformity, counters[i].value);
		}
	}
	conformity_blind(outputs->conformity, &blindness);
	tell_blindness(outputs, engine, &blindness);
}

void replay_outputs_end(struct replay_outputs *outputs, struct engine *engine,
	const struct source *source)
{
	const struct replay *replay = outputs->replay;
	struct source_progress files;
	look_for_unseen(outputs, engine);
	source_progress(source, &files);
	struct counter counters[ENGINE_COUNTERS_MAX + 2];
	size_t count = engine_counters(engine, counters);
	counters[count++] =
		(struct counter){"capture.truncated_files", files.truncated_files};
	counters[count++] = (struct counter){"capture.bad_records", files.bad_records};
	struct json_stats stats = {.time_us = engine_now_us(engine),
		.host = replay->host,
		.sequence = engine_next_sequence(engine),
		.event_prefix = outputs->event_prefix,
		.counters = counters,
		.counter_count = count};
	if (outputs->journal) {
		json_stats(replay_journal_begin(outputs->journal), &stats);
	}
	if (!replay->is_json) {
		conformity_print(
			outputs->conformity, stdout, columns_has_colour(stdout));
		human_print(outputs->human, &stats);
		return;
	}
	json_stats(stdout, &stats);
	if (replay->is_summary) {
		stats.sequence = engine_next_sequence(engine);
		conformity_json(outputs->conformity, stdout, &stats);
	}
}

/* Records that did not reach their file are an error, not a detail. */
static int close_flows(struct replay_outputs *outputs)
{
	FILE *flows = outputs->flows;
	outputs->flows = NULL;
	if (flows) {
		const bool is_broken = ferror(flows) != 0;
		if (fclose(flows) != 0 || is_broken) {
			return command_failed(
				&COMMAND_REPLAY, "--flows: cannot write the file");
		}
	}
	return COMMAND_OK;
}

/* Told when not all records are in it. */
static int close_journal(struct replay_outputs *outputs)
{
	struct reason why;
	struct replay_journal *journal = outputs->journal;
	outputs->journal = NULL;
	return !journal || replay_journal_close(journal, &why)
		       ? COMMAND_OK
		       : command_failed(&COMMAND_REPLAY, "%s", why.text);
}

static int save_observed(struct replay_outputs *outputs)
{
	struct reason why;
	struct observed *observed = outputs->observed;
	outputs->observed = NULL;
	const bool is_saved = !observed || observed_file_save(observed,
						   outputs->replay->observed, &why);
	observed_free(observed);
	return is_saved ? COMMAND_OK
			: command_failed(&COMMAND_REPLAY, "--observed: %s", why.text);
}

int replay_outputs_close(struct replay_outputs *outputs)
{
	const int flows = close_flows(outputs);
	const int journal = close_journal(outputs);
	const int observed = save_observed(outputs);
	return flows != COMMAND_OK ? flows : journal != COMMAND_OK ? journal : observed;
}

void replay_outputs_free(struct replay_outputs *outputs)
{
	(void)close_journal(outputs);
	if (outputs->flows) {
		(void)fclose(outputs->flows);
	}
	observed_free(outputs->observed);
	conformity_free(outputs->conformity);
	human_free(outputs->human);
}
