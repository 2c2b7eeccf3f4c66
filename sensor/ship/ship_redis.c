#include "ship/ship_redis.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/version.h"
#include "ship/output.h"
#include "ship/redis_keys.h"
#include "ship/redis_script.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET_US  UINT64_C(25000000) /* of one call; the last step may take more */
#define BEAT_US    UINT64_C(5000000)
#define IDLE_MS    5000
#define WAIT_MS    "2000" /* for replicas */
#define WARN_US    UINT64_C(60000000)
#define NO_JOURNAL "0000000000000000"
#define HOUR_S     UINT64_C(3600)
#define DAY_S      (24 * HOUR_S)
#define EMPTIED    "its counters were taken away (evicted or deleted): they restart at 0"

struct ship_redis {
	const struct output *output;
	const char *journal;
	struct redis_settings settings;
	struct redis_session session;
	struct redis_script script;
	struct redis_keys keys;
	const char *replicas; /* that must have it before it counts as delivered */
	const char *alive_s;
	uint64_t place;     /* of the receiver, as it said last */
	bool is_place_told; /* and the events given follow on that */
	bool is_unwaited;   /* something was written that replicas may not have */
	uint64_t beat_us;
	uint64_t warn_us;
	uint64_t refused; /* as told */
	uint64_t restored;
	uint64_t emptied;
	uint64_t emptied_us; /* when that was logged last; 0: never */
	struct reason doubt; /* why its counters may be short; "": they are not */
	char place_key[REDIS_KEY_BYTES];
	char totals_key[REDIS_KEY_BYTES];
	char alive_key[REDIS_KEY_BYTES];
	struct redis_delta delta;
};

static const char *const KINDS[] = {"alert", "mail", "stats", "matrix", NULL};

static const struct schema_key KEYS[] = {
	REDIS_SETTINGS_KEYS,
	{.name = "prefix",
		.help = "what all keys begin with",
		.standard = "mailwarden"},
	{.name = "sensor", .help = "name of the sensor in keys (default: its host)"},
	{.name = "replicas",
		.help = "replicas that must have a record before it counts as "
			"delivered",
		.kind = SCHEMA_NUMBER,
		.standard = "0",
		.least = 0,
		.most = 5},
	{.name = "stream",
		.help = "kinds of records for the stream",
		.kind = SCHEMA_LIST,
		.words = KINDS,
		.standard = "alert"},
	{.name = "stream_length",
		.help = "records that the stream keeps, about",
		.kind = SCHEMA_NUMBER,
		.standard = "100000",
		.least = 1,
		.most = 100000000},
	{.name = "senders",
		.help = "how many illegitimate senders are kept",
		.kind = SCHEMA_NUMBER,
		.standard = "1000",
		.least = 1,
		.most = 1000000},
	{.name = "server_list",
		.help = "how many servers are kept in the list",
		.kind = SCHEMA_NUMBER,
		.standard = "10000",
		.least = 1,
		.most = 1000000},
	{.name = "server_days",
		.help = "days that a server is kept after it was seen last",
		.kind = SCHEMA_NUMBER,
		.standard = "90",
		.least = 1,
		.most = 3650},
	{.name = "hours",
		.help = "hours that the counters of an hour are kept",
		.kind = SCHEMA_NUMBER,
		.standard = "744",
		.least = 1,
		.most = 87600},
	{.name = "alive",
		.help = "seconds after which a silent sensor is not alive",
		.kind = SCHEMA_NUMBER,
		.standard = "60",
		.least = 20,
		.most = 86400},
	{.name = NULL},
};

static bool read_keys(struct redis_keys *keys, const struct schema_values *values,
	const char *host, struct reason *why)
{
	const char *sensor = schema_text(values, "sensor");
	keys->stream_kinds = 0;
	for (size_t i = 0; i < schema_count(values, "stream"); i++) {
		keys->stream_kinds |= event_kind_of(schema_item(values, "stream", i));
	}
	keys->stream_most = schema_number(values, "stream_length");
	keys->senders_most = schema_number(values, "senders");
	keys->servers_most = schema_number(values, "server_list");
	keys->servers_s = schema_number(values, "server_days") * DAY_S;
	keys->hours_s = schema_number(values, "hours") * HOUR_S;
	return redis_keys_name(
		       keys, schema_text(values, "prefix"), sensor ? sensor : host) ||
	       reason_set(why, "prefix takes letters, digits and . _ - : and sensor "
			       "1 to 63 characters");
}

static void ship_close(void *opaque)
{
	struct ship_redis *state = (struct ship_redis *)opaque;
	redis_session_close(&state->session);
	redis_settings_clear(&state->settings);
	free(state);
}

static void *ship_open(const struct shipper_context *context, struct reason *why)
{
	const struct schema_values *values = &context->output->values;
	struct ship_redis *state = calloc(1, sizeof(*state));
	if (!state) {
		(void)reason_set(why, "no memory");
		return NULL;
	}
	state->output = context->output;
	state->journal = context->journal;
	state->replicas = schema_text(values, "replicas");
	state->alive_s = schema_text(values, "alive");
	state->session.settings = &state->settings;
	bool is_open = read_keys(&state->keys, values, context->host, why) &&
		       redis_settings_read(&state->settings, values, why);
	if (is_open && strcmp(context->journal, NO_JOURNAL) == 0) {
		is_open = reason_set(why, "the journal has no id: Redis could not keep "
					  "its records and another's apart");
	}
	if (!is_open) {
		ship_close(state);
		return NULL;
	}
	redis_keys_full(&state->keys, REDIS_KEY_PLACE, state->place_key);
	redis_keys_full(&state->keys, REDIS_KEY_TOTALS, state->totals_key);
	redis_keys_full(&state->keys, REDIS_KEY_ALIVE, state->alive_key);
	state->script.session = &state->session;
	state->script.place = state->place_key;
	state->script.totals = state->totals_key;
	state->script.journal = state->journal;
	return state;
}

/* The sign of life; it is a write, too, that replicas can be waited for. */
static bool beat(struct ship_redis *state, uint64_t now_us, struct reason *why)
{
	char text[128];
	const char *words[] = {
		"SET", state->alive_key, text, "EX", state->alive_s, NULL};
	(void)snprintf(text, sizeof(text),
		"{\"version\":\"" MAILWARDEN_VERSION
		"\",\"journal\":\"%.16s\",\"time\":%" PRIu64 "}",
		state->journal, clock_realtime_us() / 1000000);
	struct redis_answer *answer = redis_session_ask(&state->session, words, why);
	if (!answer) {
		return false;
	}
	redis_answer_free(answer);
	state->beat_us = now_us;
	return true;
}

/* Until enough replicas have all that this connection wrote. */
static bool wait_for_replicas(struct ship_redis *state, struct reason *why)
{
	const char *words[] = {"WAIT", state->replicas, WAIT_MS, NULL};
	if (!state->is_unwaited || strcmp(state->replicas, "0") == 0) {
		return true;
	}
	struct redis_answer *answer = redis_session_ask(&state->session, words, why);
	if (!answer) {
		return false;
	}
	const int64_t count = redis_answer_number(answer);
	redis_answer_free(answer);
	state->is_unwaited = count < (int64_t)strtoul(state->replicas, NULL, 10);
	return !state->is_unwaited ||
	       reason_set(why, "only %" PRId64 " of %s replicas have the last records",
		       count, state->replicas);
}

static void doubt(struct ship_redis *state, const char *text)
{
	if (strcmp(state->doubt.text, text) != 0) {
		(void)reason_set(&state->doubt, "%s", text);
		log_line(LOG_LEVEL_WARNING, state->output->name, "%s", text);
	}
}

/*
 * A server that may drop keys is used all the same: it is told. An operator may change
 * that at any time. False: it is gone.
 */
static bool look_at_policy(struct ship_redis *state, struct reason *why)
{
	const char *words[] = {"INFO", "memory", NULL};
	char policy[32];
	struct reason text;
	struct redis_answer *answer = redis_session_ask(&state->session, words, why);
	if (!answer && !state->session.link.context) {
		return false;
	}
	if (!answer) {
		doubt(state, "whether it may drop counters is not known: our user may "
			     "not ask for INFO");
	} else if (redis_info_read(redis_answer_text(answer), "maxmemory_policy",
			   policy, sizeof(policy)) &&
		   strcmp(policy, "noeviction") != 0) {
		(void)reason_set(&text,
			"to be set right: its maxmemory-policy is %s, not noeviction: "
			"when its memory is full it drops counters",
			policy);
		doubt(state, text.text);
	} else {
		(void)reason_set(
			&state->doubt, "%s", state->emptied > 0 ? EMPTIED : "");
	}
	redis_answer_free(answer);
	return true;
}

/* Under a policy that drops them it may happen with every batch. */
static void tell_that_emptied(struct ship_redis *state)
{
	const uint64_t now_us = clock_monotonic_us();
	if (state->emptied_us == 0 || now_us - state->emptied_us >= WARN_US) {
		state->emptied_us = now_us;
		log_line(LOG_LEVEL_WARNING, state->output->name, "%s", EMPTIED);
	}
	if (state->doubt.text[0] == '\0') {
		(void)reason_set(&state->doubt, "%s", EMPTIED);
	}
}

/* Evicted or deleted: nothing is counted twice for that, but what was counted is gone. */
static void tell_losses(struct ship_redis *state)
{
	const struct redis_script *script = &state->script;
	if (script->restored != state->restored) {
		log_line(LOG_LEVEL_NOTICE, state->output->name,
			"its key \"%s\" was taken away; on from where its counters are",
			state->place_key);
	}
	if (script->emptied != state->emptied) {
		tell_that_emptied(state);
	}
	state->restored = script->restored;
	state->emptied = script->emptied;
}

/*
 * Connect, and learn where the receiver stands. *is_behind: events are missing there
 * that were given before, or may have been.
 */
static bool connect_to(struct ship_redis *state, bool *is_behind, struct reason *why)
{
	uint64_t place = 0;
	if (!redis_session_open(&state->session, why) ||
		!redis_script_load(&state->script, why) ||
		!redis_script_read(&state->script, &place, why) ||
		!look_at_policy(state, why) ||
		!beat(state, clock_monotonic_us(), why)) {
		return false;
	}
	tell_losses(state);
	state->is_unwaited = true;
	*is_behind = !state->is_place_told || place < state->place;
	state->is_place_told = true;
	state->place = place;
	return true;
}

/* How many of the events, from the first on, the receiver has. */
static size_t count_had(
	const struct ship_redis *state, const struct event *events, size_t count)
{
	size_t had = 0;
	while (had < count && events[had].end <= state->place) {
		had++;
	}
	return had;
}

static void trim(struct ship_redis *state)
{
	const struct redis_keys *keys = &state->keys;
	struct redis_delta *delta = &state->delta;
	char top[REDIS_KEY_BYTES];
	char servers[REDIS_KEY_BYTES];
	redis_keys_full(keys, REDIS_KEY_TOP, top);
	redis_keys_full(keys, REDIS_KEY_SERVERS, servers);
	for (unsigned i = 0; i < delta->key_count; i++) {
		if (strcmp(delta->keys[i].name, top) == 0) {
			redis_delta_put(
				delta, i, REDIS_VERB_KEEP, "", keys->senders_most);
		} else if (strcmp(delta->keys[i].name, servers) == 0) {
			redis_delta_put(
				delta, i, REDIS_VERB_KEEP, "", keys->servers_most);
		}
	}
}

static void warn_of_refusals(struct ship_redis *state)
{
	const uint64_t now_us = clock_monotonic_us();
	if (state->script.refused == state->refused || now_us < state->warn_us) {
		return;
	}
	log_line(LOG_LEVEL_WARNING, state->output->name,
		"%" PRIu64 " changes were refused by Redis, its counters are short of "
		"them: %s",
		state->script.refused - state->refused, state->script.refusal.text);
	state->refused = state->script.refused;
	state->warn_us = now_us + WARN_US;
}

/*
 * As many events as one delta takes. *is_behind as above. Where the receiver stands
 * elsewhere than believed, nothing is applied, and place tells where.
 */
static bool apply_some(struct ship_redis *state, const struct event *events,
	size_t count, bool *is_behind, struct reason *why)
{
	size_t taken = 0;
	uint64_t place = state->place;
	redis_delta_clear(&state->delta);
	for (; taken < count && redis_delta_has_room(&state->delta); taken++) {
		redis_keys_add(&state->keys, &state->delta, &events[taken]);
	}
	trim(state);
	if (!redis_script_apply(&state->script, &state->delta, events[taken - 1].end,
		    &place, why)) {
		return false;
	}
	warn_of_refusals(state);
	tell_losses(state);
	*is_behind = place < state->place;
	state->place = place;
	state->is_unwaited = true;
	return true;
}

static enum shipper_result give_up(struct ship_redis *state)
{
	redis_session_close(&state->session);
	return SHIPPER_AGAIN;
}

static enum shipper_result ship_send(void *opaque, const struct event *events,
	size_t count, size_t *acked, struct reason *why)
{
	struct ship_redis *state = (struct ship_redis *)opaque;
	const uint64_t now_us = clock_monotonic_us();
	bool is_behind = false;
	state->session.end_us = now_us + BUDGET_US;
	if (!state->session.link.context && !connect_to(state, &is_behind, why)) {
		return give_up(state);
	}
	size_t had = count_had(state, events, count);
	while (!is_behind && had < count) {
		if (clock_monotonic_us() >= state->session.end_us) {
			(void)reason_set(why, "it is too slow");
			return give_up(state);
		}
		if (!apply_some(state, events + had, count - had, &is_behind, why)) {
			return give_up(state);
		}
		had = count_had(state, events, count);
	}
	if (is_behind) {
		return SHIPPER_REWIND;
	}
	if ((now_us - state->beat_us >= BEAT_US &&
		    !(look_at_policy(state, why) && beat(state, now_us, why))) ||
		!wait_for_replicas(state, why)) {
		return give_up(state);
	}
	*acked = count;
	return SHIPPER_DELIVERED;
}

static const char *ship_doubt(void *opaque)
{
	const struct ship_redis *state = (const struct ship_redis *)opaque;
	return state->doubt.text;
}

static uint64_t ship_place(void *opaque)
{
	const struct ship_redis *state = (const struct ship_redis *)opaque;
	return state->place;
}

/* A cluster and Sentinels name servers at ports of their own. */
static const uint16_t *ship_ports(void *opaque)
{
	static const uint16_t NONE[] = {0};
	const struct ship_redis *state = (const struct ship_redis *)opaque;
	return schema_text(&state->output->values, "path") ? NONE : NULL;
}

static bool ship_is_named(void *opaque)
{
	const struct ship_redis *state = (const struct ship_redis *)opaque;
	return state->settings.is_named;
}

const struct shipper SHIPPER_REDIS = {
	.name = "redis",
	.what = "counters and a stream of alerts in Redis",
	.events = EVENT_ALL,
	.keys = KEYS,
	.open = ship_open,
	.send = ship_send,
	.close = ship_close,
	.check = redis_settings_check,
	.place = ship_place,
	.doubt = ship_doubt,
	.ports = ship_ports,
	.is_named = ship_is_named,
	.idle_ms = IDLE_MS,
};
