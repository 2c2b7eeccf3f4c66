#include "engine/alerts.h"

#include "engine/lookups.h"
#include "judge/cause.h"
#include "judge/ends.h"

#include <stdio.h>

#define FOLD_KEYS  4096
#define FOLD_TEXTS 4 /* findings of one alert that keep their detail in an update */

/* Of the newest flow of a folded finding: what an update shows of it. */
struct sample {
	struct record record; /* its pointers to the flow are not used */
	struct observation observation;
	struct observation wire;
	bool is_proxied;
	enum verdict verdict;
	const struct matrix_row *row;
	const struct matrix_row *nearest;
	struct matrix_end from;
	struct matrix_end to;
	uint8_t severity[FINDING_FLOW_COUNT];
	uint8_t text_count;
	uint8_t text_of[FOLD_TEXTS]; /* enum finding */
	char texts[FOLD_TEXTS][JUDGEMENT_DETAIL_BYTES];
	char reason[JUDGEMENT_REASON_BYTES];
};

struct fold *alerts_fold_new(const struct engine_settings *settings, struct reason *why)
{
	const struct fold_settings fold = {.window_us = settings->fold_window_us,
		.capacity = FOLD_KEYS,
		.sample_bytes = sizeof(struct sample),
		.seed = settings->seed};
	return fold_new(&fold, why);
}

/* What is gone with the flow. */
static struct observation without_facts(const struct observation *observation)
{
	struct observation kept = *observation;
	kept.facts = NULL;
	kept.memory = NULL;
	kept.ends = NULL;
	kept.ambiguity = NULL;
	kept.lookup_name = NULL;
	kept.names[0].count = kept.names[1].count = 0;
	kept.is_ended = true;
	return kept;
}

static void sample_texts(
	const struct judgement *judgement, uint64_t findings, struct sample *sample)
{
	for (; findings != 0; findings &= findings - 1) { /* FINDING_FLOW_COUNT steps */
		const unsigned i = (unsigned)__builtin_ctzll(findings);
		const uint8_t at = sample->text_count;
		if (judgement->detail[i][0] != '\0' && at < FOLD_TEXTS) {
			sample->text_of[at] = (uint8_t)i;
			memcpy(sample->texts[at], judgement->detail[i],
				sizeof(sample->texts[at]));
			sample->text_count++;
		}
	}
}

static void sample_fill(
	const struct record *record, const struct fold_key *key, struct sample *sample)
{
	const struct judgement *judgement = record->judgement;
	sample->record = *record;
	sample->observation = without_facts(record->observation);
	sample->wire = without_facts(record_wire(record));
	sample->is_proxied = record->wire != NULL;
	sample->verdict = judgement->verdict;
	sample->row = judgement->row;
	sample->nearest = judgement->nearest;
	sample->from = judgement->from;
	sample->to = judgement->to;
	memcpy(sample->severity, judgement->severity, sizeof(sample->severity));
	memcpy(sample->reason, judgement->reason, sizeof(sample->reason));
	sample->text_count = 0;
	sample_texts(judgement, FINDING_BIT(key->finding), sample);
	sample_texts(judgement, key->findings & ~FINDING_BIT(key->finding), sample);
	/* told earlier of this flow, and counted in the same update */
	sample_texts(judgement,
		cause_select(cause_of(key->finding), judgement->findings) &
			~key->findings,
		sample);
}

/* shown: findings of the newest flow; others that were folded are as the catalogue has them. */
static void sample_judgement(const struct sample *sample, uint64_t shown,
	const struct fold_count *count, struct judgement *judgement)
{
	judgement->verdict = sample->verdict;
	judgement->row = sample->row;
	judgement->nearest = sample->nearest;
	judgement->from = sample->from;
	judgement->to = sample->to;
	judgement->findings = 0;
	judgement->accepted = 0; /* what is folded is told */
	memcpy(judgement->reason, sample->reason, sizeof(sample->reason));
	for (unsigned i = 0; i < FINDING_FLOW_COUNT; i++) {
		judgement->findings |= count->of[i] > 0 ? FINDING_BIT(i) : 0;
		judgement->severity[i] =
			shown & FINDING_BIT(i)
				? sample->severity[i]
				: (uint8_t)finding_row((enum finding)i)->severity;
		judgement->detail[i][0] = '\0';
	}
	for (unsigned i = 0; i < sample->text_count; i++) {
		memcpy(judgement->detail[sample->text_of[i]], sample->texts[i],
			sizeof(sample->texts[i]));
	}
}

/* Of a claim the outer ends are told: anybody may have written those inside. */
static bool is_told_of_outer(const struct observation *observation)
{
	return way_is_foreign(observation->way.tag) && observation->way.depth > 0;
}

/* A fold_visit: tell how often a finding came again, and the newest flow that had it. */
static void give_update(
	void *context, const struct fold_key *key, const struct fold_count *count)
{
	struct engine *engine = (struct engine *)context;
	const struct sample *sample = key->sample;
	struct judgement judgement;
	struct observation observation = sample->observation;
	struct record record = sample->record;
	sample_judgement(sample, key->findings, count, &judgement);
	record.time_us = count->last_us;
	record.sequence = engine_next_sequence(engine);
	if (!is_told_of_outer(&observation)) { /* names are of the network inside */
		lookups_name_ends(engine, record.start_us, &observation);
	}
	record.observation = &observation;
	record.wire = sample->is_proxied ? &sample->wire : NULL;
	record.proxied_by = NULL;
	record.judgement = &judgement;
	record.is_repeat = true;
	engine->alerts++;
	engine->outputs.alert(engine->outputs.context, &record, key->finding, count);
}

/* How bad it is: by severity, then what came of it. */
static uint8_t grade_of(const struct record *record, enum finding finding)
{
	const struct facts *facts = record->observation->facts;
	const bool is_login = finding == FINDING_TLS_CREDENTIALS_CLEAR &&
			      facts != NULL && facts->auth_accepted == FACTS_YES;
	const unsigned severity = record->judgement->severity[finding];
	return (uint8_t)((SEVERITY_LOW - severity) * 4 + !record->is_blocked * 2 +
			 is_login);
}

static const void *identity_of(const struct matrix_end *end)
{
	return end->group ? (const void *)end->group : (const void *)end->zone;
}

/* The hosts of a group, or of a prefix, that do the same are one fact that grows. */
static void fold_by_senders(const struct matrix_end *from, struct fold_key *key)
{
	key->has_host = true;
	key->host = key->source;
	const struct address nobody = {0};
	key->source = from->group ? nobody : record_network(&key->source);
	key->destination = nobody;
}

static void fold_by_server(const struct judgement *judgement, struct fold_key *key)
{
	const bool is_client =
		judge_is_server(&judgement->from) && judge_is_outside(&judgement->to);
	key->source = is_client ? key->source : key->destination;
	key->destination = (struct address){0};
	key->from = key->to = key->row = NULL;
	key->is_standing = true;
}

static void fold_by_group(const struct judgement *judgement, struct fold_key *key)
{
	const bool is_server = judge_is_misplaced(&judgement->to);
	key->source = key->destination = (struct address){0};
	key->from = identity_of(is_server ? &judgement->to : &judgement->from);
	key->to = key->row = NULL;
	key->is_standing = true;
}

/* One sender's tunnels are one finding, whatever they claim and wherever they lead. */
static void fold_by_outer_sender(struct fold_key *key)
{
	key->destination = (struct address){0};
	key->from = key->to = key->row = NULL;
	key->way = WAY_FOREIGN;
}

static void fold_by_scope(const struct record *record, struct fold_key *key)
{
	const struct judgement *judgement = record->judgement;
	if (is_told_of_outer(record->observation)) {
		fold_by_outer_sender(key);
		return;
	}
	switch (cause_scope(key->finding)) {
	case CAUSE_SCOPE_SENDERS:
		fold_by_senders(&judgement->from, key);
		break;
	case CAUSE_SCOPE_SERVER:
		fold_by_server(judgement, key);
		break;
	case CAUSE_SCOPE_GROUP:
		fold_by_group(judgement, key);
		break;
	case CAUSE_SCOPE_PAIR:
		break;
	}
}

static void key_fill(
	const struct record *record, enum finding finding, struct fold_key *key)
{
	const struct judgement *judgement = record->judgement;
	const struct observation *observation = record->observation;
	*key = (struct fold_key){
		.source = observation->client,
		.destination = observation->server,
		.from = identity_of(&judgement->from),
		.to = identity_of(&judgement->to),
		.row = judgement->row ? judgement->row : judgement->nearest,
		.finding = finding,
		.way = observation->way.tag,
		.grade = grade_of(record, finding),
	};
	fold_by_scope(record, key);
}

static void give_evicted(struct engine *engine)
{
	struct fold_key key;
	struct fold_count count;
	if (fold_evicted(engine->fold, &key, &count)) {
		give_update(engine, &key, &count);
	}
}

void alerts_hear(struct engine *engine, const struct fold_lesson *lesson)
{
	fold_due(engine->fold, lesson->now_us, give_update, engine);
	fold_hear(engine->fold, lesson);
	give_evicted(engine);
}

/* One alert: of its head, with what else has the same cause. */
static void give(struct engine *engine, const struct record *record, uint64_t findings)
{
	struct fold_key key;
	struct fold_count count;
	struct sample sample;
	const enum finding head = cause_head(record->judgement, findings);
	key_fill(record, head, &key);
	key.findings = findings;
	key.sample = &sample;
	sample_fill(record, &key, &sample);
	const bool is_due = fold_add(engine->fold, &key, engine->now_us, &count);
	give_evicted(engine);
	if (engine->outputs.folded) {
		const struct fold_lesson lesson = fold_lesson_of(&key, engine->now_us);
		engine->outputs.folded(engine->outputs.context, &lesson);
	}
	if (!is_due) {
		engine->folded++;
		return;
	}
	struct record told = *record;
	engine->alerts++;
	told.is_repeat = count.is_repeat;
	told.sequence = engine_next_sequence(engine);
	engine->outputs.alert(engine->outputs.context, &told, head, &count);
}

static void give_of_outer(
	struct engine *engine, const struct record *record, uint64_t findings)
{
	const struct matrix *matrix = engine->settings.matrix;
	const enum finding finding = cause_head(record->judgement, findings);
	struct record told = *record;
	struct observation outer = *record->observation;
	struct judgement judgement = {.findings = FINDING_BIT(finding)};
	judge_outer(&outer.way, &outer);
	judgement.from = matrix_locate(matrix, &outer.client);
	judgement.to = matrix_locate(matrix, &outer.server);
	judgement.severity[finding] = record->judgement->severity[finding];
	memcpy(judgement.detail[finding], record->judgement->detail[finding],
		sizeof(judgement.detail[finding]));
	(void)snprintf(judgement.reason, sizeof(judgement.reason),
		"the matrix declares no such tunnel: what is inside is a claim");
	told.observation = &outer;
	told.wire = NULL;
	if (!outer.way.is_of_client || (outer.facts && outer.facts->is_turned)) {
		memset(told.ether, 0, sizeof(told.ether)); /* whose is not known */
	}
	told.proxied_by = NULL;
	told.judgement = &judgement;
	give(engine, &told, judgement.findings);
}

void alerts_give(struct engine *engine, const struct record *record, uint64_t findings)
{
	while (findings != 0) { /* FINDING_FLOW_COUNT turns at most */
		const uint64_t same = cause_next(findings);
		findings &= ~same;
		if (is_told_of_outer(record->observation)) {
			give_of_outer(engine, record, same);
		} else {
			give(engine, record, same);
		}
	}
}

void alerts_look(struct engine *engine)
{
	fold_due(engine->fold, engine->now_us, give_update, engine);
}

void alerts_drain(struct engine *engine)
{
	fold_drain(engine->fold, give_update, engine);
}
