#include "commands/diff_traffic.h"

#include "base/arena.h"
#include "capture/source.h"
#include "commands/progress.h"
#include "commands/traffic.h"
#include "commands/views.h"
#include "engine/engine.h"
#include "matrix/interning.h"
#include "observed/rejudge.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define WATCHED              (1U << 16)
#define FOLD_US              (UINT64_C(300) * 1000000)
#define ROUNDS_BETWEEN_TICKS 1024 /* of up to ENGINE_FRAMES_AT_ONCE frames */

/* What both engines tell, and which of them. */
struct reading {
	struct diff_traffic *traffic;
	struct interning known;
	struct hash_seed seed; /* of both: they forget the same flows */
	struct engine *engines[2];
	struct telling {
		struct reading *reading;
		int side;
	} tellings[2];
};

/* The flow of this record; NULL: there is no room for one more. */
static struct diff_flow *flow_of(struct reading *reading, const struct record *record)
{
	struct diff_traffic *traffic = reading->traffic;
	const uint32_t words[] = {(uint32_t)record->flow_id,
		(uint32_t)(record->flow_id >> 32), (uint32_t)record->start_us,
		(uint32_t)(record->start_us >> 32)};
	if (traffic->flow_count >= DIFF_TRAFFIC_FLOWS) {
		traffic->is_partial = true;
		return NULL;
	}
	const uint32_t number = interning_number(&reading->known, words, 4);
	if (number == traffic->flow_count) {
		traffic->flows =
			list_room(traffic->flows, number, sizeof(*traffic->flows));
		traffic->flows[traffic->flow_count++] =
			(struct diff_flow){.start_us = record->start_us, .flows = 1};
	}
	return &traffic->flows[number];
}

static const char *name_of(const struct matrix_end *end)
{
	const char *name = record_end_name(end);
	return name ? name : "?";
}

/* As this side has it; till the other side tells, that one as well. */
static void name_end(const struct matrix_end *end, const struct telling *telling,
	const char *names[2])
{
	const bool is_first = names[0] == NULL;
	names[telling->side] = name_of(end);
	if (is_first) {
		names[1 - telling->side] = names[telling->side];
	}
}

static void on_mail(void *context, const struct record *record)
{
	const struct telling *telling = context;
	const struct observation *observation = record->observation;
	const struct judgement *judgement = record->judgement;
	struct diff_flow *flow = flow_of(telling->reading, record);
	if (!flow) {
		return;
	}
	flow->is_told[telling->side] = true;
	flow->verdict[telling->side] = judgement->verdict;
	flow->row[telling->side] = judgement->row;
	name_end(&judgement->from, telling, flow->from);
	name_end(&judgement->to, telling, flow->to);
	flow->client = observation->client;
	flow->server = observation->server;
	flow->port = observation->server_port;
	flow->protocol = observation->protocol;
	flow->file = record->pcap_filename;
}

static void on_alert(void *context, const struct record *record, enum finding finding,
	const struct fold_count *count)
{
	(void)context;
	(void)record;
	(void)finding;
	(void)count;
}

static bool start_engine(struct reading *reading, int side, const struct matrix *matrix,
	const struct option_words *captures)
{
	struct reason why;
	const struct engine_settings settings = {.matrix = matrix,
		.seed = reading->seed,
		.flows = DIFF_TRAFFIC_FLOWS,
		.watched = WATCHED,
		.fold_window_us = FOLD_US,
		.is_second_opinion_wanted = true,
		.host = "diff",
		.event_prefix = "diff-0",
		.source_names = captures->list};
	struct telling *telling = &reading->tellings[side];
	*telling = (struct telling){reading, side};
	const struct engine_outputs outputs = {
		.context = telling, .alert = on_alert, .mail = on_mail};
	reading->engines[side] = engine_new(&settings, &outputs, &why);
	if (!reading->engines[side]) {
		(void)command_failed(&COMMAND_DIFF, "%s", why.text);
		return false;
	}
	return true;
}

/* Where a part is missing, nobody knows what it held: told, and no success. */
static int tell_what_lacks(const struct source *source, size_t file_count)
{
	struct reason why;
	int code = COMMAND_OK;
	for (size_t i = 0; i < file_count; i++) {
		if (source_lacks(source, i, &why)) {
			code = command_failed(&COMMAND_DIFF,
				"%s; what is missing is not compared", why.text);
		}
	}
	return code;
}

static int read_frames(
	struct reading *reading, struct source *source, size_t file_count)
{
	struct progress progress;
	struct reason why;
	struct frame frames[ENGINE_FRAMES_AT_ONCE];
	enum source_result result = SOURCE_FRAME;
	progress_start(&progress);
	for (unsigned round = 1; result == SOURCE_FRAME; round++) {
		const size_t count = source_next_some(
			source, frames, ENGINE_FRAMES_AT_ONCE, &result, &why);
		engine_frames(reading->engines[0], frames, count);
		engine_frames(reading->engines[1], frames, count);
		if (round % ROUNDS_BETWEEN_TICKS == 0) {
			progress_tick(&progress, source);
		}
	}
	progress_end(&progress);
	engine_drain(reading->engines[0]);
	engine_drain(reading->engines[1]);
	if (result == SOURCE_ERROR) {
		return command_failed(&COMMAND_DIFF, "%s", why.text);
	}
	return tell_what_lacks(source, file_count);
}

const char *diff_verdict(const struct diff_flow *flow, int side)
{
	return flow->is_told[side] ? verdict_name(flow->verdict[side]) : "no mail";
}

static bool is_changed(const struct diff_flow *flow)
{
	return flow->is_told[0] != flow->is_told[1] ||
	       flow->verdict[0] != flow->verdict[1];
}

/* Two texts, either of which may be NULL. */
static int text_order(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static const char *row_id(const struct matrix_row *row)
{
	return row ? row->id : NULL;
}

static int alike_order(const struct diff_flow *a, const struct diff_flow *b)
{
	int order = 0;
	for (int side = 0; side < 2 && order == 0; side++) {
		order = strcmp(diff_verdict(a, side), diff_verdict(b, side));
		order = order ? order
			      : text_order(row_id(a->row[side]), row_id(b->row[side]));
		order = order ? order : text_order(a->from[side], b->from[side]);
		order = order ? order : text_order(a->to[side], b->to[side]);
	}
	order = order ? order : (int)a->protocol - (int)b->protocol;
	return order ? order : a->port - b->port;
}

static int flow_order(const void *left, const void *right)
{
	const struct diff_flow *const *a = left;
	const struct diff_flow *const *b = right;
	const int order = alike_order(*a, *b);
	if (order != 0) {
		return order;
	}
	return ((*a)->start_us > (*b)->start_us) - ((*a)->start_us < (*b)->start_us);
}

/* What a change breaks is to be seen first. */
static int group_order(const void *left, const void *right)
{
	const struct diff_flows *a = left;
	const struct diff_flows *b = right;
	const bool is_bad_a = (*a->list)->verdict[1] == VERDICT_ILLEGITIMATE;
	const bool is_bad_b = (*b->list)->verdict[1] == VERDICT_ILLEGITIMATE;
	if (is_bad_a != is_bad_b) {
		return is_bad_a ? -1 : 1;
	}
	if (a->flows != b->flows) {
		return a->flows > b->flows ? -1 : 1;
	}
	return alike_order(*a->list, *b->list);
}

static void group(struct diff_traffic *traffic)
{
	traffic->changed =
		list_new(traffic->flow_count + 1, sizeof(const struct diff_flow *));
	for (size_t i = 0; i < traffic->flow_count; i++) {
		const struct diff_flow *flow = &traffic->flows[i];
		traffic->flows_seen += flow->flows;
		if (is_changed(flow)) {
			traffic->changed[traffic->changed_count++] = flow;
			traffic->flows_changed += flow->flows;
		}
	}
	const size_t count = traffic->changed_count;
	qsort(traffic->changed, count, sizeof(const struct diff_flow *), flow_order);
	traffic->groups = list_new(count + 1, sizeof(*traffic->groups));
	for (size_t i = 0, begin = 0; i < count; i++) {
		const struct diff_flow *const *first = &traffic->changed[begin];
		struct diff_flows *alike = &traffic->groups[traffic->group_count];
		*alike = (struct diff_flows){first, i + 1 - begin,
			alike->flows + traffic->changed[i]->flows};
		if (i + 1 == count ||
			alike_order(*first, traffic->changed[i + 1]) != 0) {
			traffic->group_count++;
			begin = i + 1;
		}
	}
	qsort(traffic->groups, traffic->group_count, sizeof(*traffic->groups),
		group_order);
}

static int read_captures(struct reading *reading, const struct option_words *captures,
	const struct matrix *const matrices[2])
{
	struct reason why;
	int code = COMMAND_RUNTIME;
	struct source *source =
		source_open_files(captures->list, captures->count, &why);
	if (!source) {
		return command_failed(&COMMAND_DIFF, "%s", why.text);
	}
	if (start_engine(reading, 0, matrices[0], captures) &&
		start_engine(reading, 1, matrices[1], captures)) {
		code = read_frames(reading, source, captures->count);
	}
	for (int side = 0; side < 2; side++) {
		if (reading->engines[side]) {
			engine_free(reading->engines[side]);
		}
	}
	source_close(source);
	return code;
}

static void judge_entry(struct diff_traffic *traffic, const struct observed *observed,
	const struct observed_entry *entry, const struct matrix *const matrices[2])
{
	struct sighting sighting;
	struct judgement judgement;
	if (traffic->flow_count >= DIFF_TRAFFIC_FLOWS) {
		traffic->is_partial = true;
		return;
	}
	traffic->flows =
		list_room(traffic->flows, traffic->flow_count, sizeof(*traffic->flows));
	struct diff_flow *flow = &traffic->flows[traffic->flow_count++];
	observed_stand_in(observed, entry, &sighting);
	*flow = (struct diff_flow){.is_told = {true, true},
		.client = sighting.client,
		.server = sighting.server,
		.port = sighting.port,
		.protocol = (enum protocol)sighting.protocol,
		.start_us = sighting.start_us,
		.flows = entry->flows};
	for (int side = 0; side < 2; side++) {
		rejudge_sighting(matrices[side], &sighting, 0, &judgement);
		flow->verdict[side] = judgement.verdict;
		flow->row[side] = judgement.row;
		flow->from[side] = name_of(&judgement.from);
		flow->to[side] = name_of(&judgement.to);
	}
}

/* What is no capture: added up, and of each pair what stands for it judged. */
static int read_recorded(struct diff_traffic *traffic, const struct option_words *files,
	const struct matrix *const matrices[2])
{
	struct views views = {.matrix = NULL};
	const int code = views_observe(&views, &COMMAND_DIFF, OBSERVED_ENTRIES, files);
	if (code != OPTIONS_GO_ON) {
		views_free(&views);
		return code;
	}
	const struct observed_list list = observed_sorted(views.observed);
	for (size_t i = 0; list.entries && i < list.count; i++) {
		judge_entry(traffic, views.observed, list.entries[i], matrices);
	}
	const bool has_memory = list.entries != NULL;
	free(list.entries);
	views_free(&views);
	return has_memory ? COMMAND_OK
			  : command_failed(&COMMAND_DIFF, "no memory to sort flows");
}

/* Captures in front, then the others; both in the order in which they were given. */
static size_t captures_first(const struct option_words *files, const char **sorted)
{
	size_t captures = 0;
	size_t others = files->count;
	for (size_t i = files->count; i > 0; i--) {
		if (!traffic_is_capture(files->list[i - 1])) {
			sorted[--others] = files->list[i - 1];
		}
	}
	for (size_t i = 0; i < files->count && captures < others; i++) {
		if (traffic_is_capture(files->list[i])) {
			sorted[captures++] = files->list[i];
		}
	}
	return others;
}

int diff_traffic_read(struct diff_traffic *traffic, const struct option_words *files,
	const struct matrix *const matrices[2])
{
	struct reading reading = {.traffic = traffic};
	int code = COMMAND_OK;
	*traffic = (struct diff_traffic){.flow_count = 0};
	if (getrandom(&reading.seed, sizeof(reading.seed), 0) != sizeof(reading.seed)) {
		return command_failed(
			&COMMAND_DIFF, "no random numbers for the hash seed");
	}
	const char **sorted = list_new(files->count + 1, sizeof(const char *));
	const size_t count = captures_first(files, sorted);
	const struct option_words captures = {sorted, count};
	const struct option_words others = {sorted + count, files->count - count};
	if (captures.count > 0) {
		code = read_captures(&reading, &captures, matrices);
	}
	if (others.count > 0 && code == COMMAND_OK) {
		code = read_recorded(traffic, &others, matrices);
	}
	group(traffic);
	interning_free(&reading.known);
	list_free(sorted);
	return code;
}

void diff_traffic_free(struct diff_traffic *traffic)
{
	list_free(traffic->flows);
	list_free(traffic->changed);
	list_free(traffic->groups);
	*traffic = (struct diff_traffic){.flow_count = 0};
}
