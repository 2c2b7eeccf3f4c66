#include "ship/ship_kafka.h"

#include "base/clock.h"
#include "base/log.h"
#include "ship/kafka_producer.h"
#include "ship/output.h"
#include "ship/rendering.h"
#include "ship/shipping.h"

#include <stdlib.h>
#include <string.h>

#define BUDGET_US UINT64_C(20000000) /* longest that one call waits for room */
#define SILENT_US \
	UINT64_C(30000000) /* longest without an answer: till a leader is found */
#define ROOM_MS     50
#define BATCH_BYTES ((size_t)256 << 10)
#define BATCH_STEP \
	8 /* what is too long for the topic is sent in so much smaller ones */
#define PORT_CLEAR 9092
#define PORT_TLS   9093
#define TOPIC_MAX  249 /* letters, digits, '.', '_' and '-': Kafka's own bounds */

_Static_assert(KAFKA_UNACKED_MAX >= SHIPPING_PENDING_MAX, "a place for each record");

static const char *const MECHANISMS[] = {
	"plain", "scram-sha-256", "scram-sha-512", NULL};

static const struct schema_key KEYS[] = {
	{.name = "brokers",
		.help = "HOST or HOST:PORT of all brokers, as the cluster names them",
		.kind = SCHEMA_LIST,
		.is_required = true},
	{.name = "topic", .help = "where records go", .is_required = true},
	{.name = "tls",
		.help = "encrypt, and check the brokers' certificates",
		.kind = SCHEMA_YES_NO,
		.standard = "no"},
	{.name = "ca", .help = "file of the authorities that may vouch for them (PEM)"},
	{.name = "certificate", .help = "file of our own certificate (PEM)"},
	{.name = "key", .help = "file of its private key (PEM)"},
	{.name = "user", .help = "user of the cluster (SASL)"},
	{.name = "password", .help = "where the password is", .kind = SCHEMA_SECRET},
	{.name = "mechanism",
		.help = "how to log in: plain (with TLS only), scram-sha-256 or "
			"scram-sha-512",
		.kind = SCHEMA_WORD,
		.words = MECHANISMS,
		.standard = "scram-sha-512"},
	RENDERING_KEYS("eve"),
	{.name = NULL},
};

#ifdef HAVE_RDKAFKA

struct ship_kafka {
	const char *name; /* of the output */
	const char *topic;
	const char *sensor;
	const struct rendering *rendering;
	struct rendering_settings settings;
	struct kafka_settings cluster;
	uint16_t ports[KAFKA_BROKERS_MAX + 1];
	bool is_named;
	struct kafka_template *template;
	struct kafka_producer *producer; /* NULL: none */
	size_t unacked;
	uint64_t heard_us;  /* the last answer, or when it began to wait for one */
	size_t batch_bytes; /* longest that is sent at once */
	bool is_fatal_told; /* since a record was delivered */
	char text[RENDERING_BYTES_MAX];
};

static bool hold_producer(struct ship_kafka *state, struct reason *why)
{
	if (!state->producer) {
		state->producer =
			kafka_producer_open(state->template, state->batch_bytes, why);
		state->heard_us = clock_monotonic_us();
	}
	return state->producer != NULL;
}

static void tell_fatal(struct ship_kafka *state, const struct reason *why)
{
	if (!state->is_fatal_told) {
		state->is_fatal_told = true;
		log_line(LOG_LEVEL_WARNING, state->name,
			"the library gave up, a new producer is made: %s", why->text);
	}
}

/* False: nothing that was given and not acknowledged is to be hoped for. */
static bool is_well(struct ship_kafka *state, struct reason *why)
{
	struct reason told;
	switch (kafka_producer_state(state->producer, &told)) {
	case KAFKA_WELL:
		return true;
	case KAFKA_TOO_LONG:
		state->batch_bytes = state->batch_bytes / BATCH_STEP + 1;
		return reason_set(why,
			"longer than the topic takes (max.message.bytes): batches "
			"become smaller, else limit is to be set: %s",
			told.text);
	case KAFKA_FATAL:
		tell_fatal(state, &told);
		break;
	case KAFKA_FAILED:
		break;
	}
	*why = told;
	return false;
}

static bool is_silent(const struct ship_kafka *state, struct reason *why)
{
	const char *complaint = kafka_producer_complaint(state->producer);
	if (state->unacked == 0) {
		return false;
	}
	if (kafka_producer_is_alone(state->producer)) {
		(void)reason_set(why, "no broker is there: %s", complaint);
		return true;
	}
	if (clock_monotonic_us() - state->heard_us < SILENT_US) {
		return false;
	}
	(void)reason_set(why, "no record was taken for %d s%s%s",
		(int)(SILENT_US / 1000000), complaint[0] ? ": " : "", complaint);
	return true;
}

static void take_acks(struct ship_kafka *state, int wait_ms, size_t *acked)
{
	kafka_producer_serve(state->producer, wait_ms);
	const size_t more = kafka_producer_acked(state->producer);
	state->unacked -= more;
	*acked += more;
	if (more > 0 || state->unacked == 0) {
		state->heard_us = clock_monotonic_us();
		state->is_fatal_told = state->is_fatal_told && more == 0;
	}
}

static bool give(struct ship_kafka *state, const struct event *event, size_t *acked,
	struct reason *why)
{
	const uint64_t until_us = clock_monotonic_us() + BUDGET_US;
	const char *id = event_text(event, "event_id");
	const struct kafka_record record = {.topic = state->topic,
		.key = state->sensor,
		.id = id ? id : "",
		.text = state->text,
		.len = rendering_write(
			state->rendering, event, &state->settings, state->text)};
	if (record.len == 0) {
		return reason_set(why, "no memory to write a record");
	}
	enum kafka_given given;
	while ((given = kafka_producer_give(state->producer, &record, why)) ==
		KAFKA_FULL) {
		take_acks(state, ROOM_MS, acked);
		if (!is_well(state, why) || is_silent(state, why)) {
			return false;
		}
		if (clock_monotonic_us() >= until_us) {
			return reason_set(why, "records are taken too slowly");
		}
	}
	state->unacked += given == KAFKA_TAKEN ? 1 : 0;
	return given == KAFKA_TAKEN;
}

static bool give_all(struct ship_kafka *state, const struct event *events, size_t count,
	size_t *acked, struct reason *why)
{
	for (size_t i = 0; i < count; i++) {
		if (!give(state, &events[i], acked, why)) {
			return false;
		}
	}
	take_acks(state, 0, acked);
	return is_well(state, why) && !is_silent(state, why);
}

static void drop_producer(struct ship_kafka *state)
{
	if (state->producer) {
		kafka_producer_close(state->producer);
	}
	state->producer = NULL;
	state->unacked = 0;
}

static enum shipper_result ship_send(void *opaque, const struct event *events,
	size_t count, size_t *acked, struct reason *why)
{
	struct ship_kafka *state = (struct ship_kafka *)opaque;
	if (count == 0 && !state->producer) {
		return SHIPPER_DELIVERED;
	}
	if (hold_producer(state, why) && give_all(state, events, count, acked, why)) {
		return SHIPPER_DELIVERED;
	}
	drop_producer(state);
	return SHIPPER_AGAIN;
}

static void ship_close(void *opaque)
{
	struct ship_kafka *state = (struct ship_kafka *)opaque;
	drop_producer(state);
	if (state->template) {
		kafka_template_close(state->template);
	}
	free(state);
}

/* A name that leads nowhere may lead somewhere when it is opened anew. */
static void read_brokers(struct ship_kafka *state, const struct schema_values *values)
{
	struct kafka_settings *cluster = &state->cluster;
	for (size_t i = 0; i < schema_count(values, "brokers"); i++) {
		struct reason unresolved;
		struct kafka_broker *broker = &cluster->brokers[cluster->count];
		unsigned port = schema_is(values, "tls") ? PORT_TLS : PORT_CLEAR;
		if (cluster->count < KAFKA_BROKERS_MAX &&
			addresses_split(schema_item(values, "brokers", i), broker->host,
				&port)) {
			broker->port = (uint16_t)port;
			state->ports[cluster->count++] = broker->port;
			state->is_named =
				state->is_named || addresses_is_name(broker->host);
			(void)addresses_resolve(
				&broker->addresses, broker->host, &unresolved);
		}
	}
}

static void *ship_open(const struct shipper_context *context, struct reason *why)
{
	const struct schema_values *values = &context->output->values;
	struct ship_kafka *state = calloc(1, sizeof(*state));
	if (!state) {
		(void)reason_set(why, "no memory");
		return NULL;
	}
	state->name = context->output->name;
	state->topic = schema_text(values, "topic");
	state->sensor = context->host;
	state->rendering = rendering_of(values);
	state->settings = rendering_settings_read(values);
	state->batch_bytes = BATCH_BYTES;
	state->cluster.values = values;
	read_brokers(state, values);
	state->template = kafka_template_open(&state->cluster, why);
	if (!state->template) {
		ship_close(state);
		return NULL;
	}
	return state;
}

static const uint16_t *ship_ports(void *opaque)
{
	const struct ship_kafka *state = (const struct ship_kafka *)opaque;
	return state->ports;
}

static bool ship_is_named(void *opaque)
{
	const struct ship_kafka *state = (const struct ship_kafka *)opaque;
	return state->is_named;
}

static bool check_brokers(const struct schema_values *values, struct reason *why)
{
	const size_t count = schema_count(values, "brokers");
	for (size_t i = 0; i < count; i++) {
		char host[ADDRESS_HOST_BYTES];
		unsigned port = 0;
		const char *text = schema_item(values, "brokers", i);
		if (!addresses_split(text, host, &port)) {
			return reason_set(
				why, "brokers: \"%.100s\" is no HOST:PORT", text);
		}
	}
	return (count > 0 && count <= KAFKA_BROKERS_MAX) ||
	       reason_set(why, "brokers takes 1 to %d", KAFKA_BROKERS_MAX);
}

static bool check_topic(const struct schema_values *values, struct reason *why)
{
	static const char ALLOWED[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	const char *topic = schema_text(values, "topic");
	const size_t len = strspn(topic, ALLOWED);
	return (topic[len] == '\0' && len > 0 && len <= TOPIC_MAX) ||
	       reason_set(why,
		       "topic takes 1 to %d letters, digits, \".\", \"_\" and \"-\": "
		       "\"%.100s\"",
		       TOPIC_MAX, topic);
}

static bool check_tls(const struct schema_values *values, struct reason *why)
{
	static const char *const OF_TLS[] = {"ca", "certificate", "key"};
	const bool is_tls = schema_is(values, "tls");
	for (size_t i = 0; i < sizeof(OF_TLS) / sizeof(OF_TLS[0]) && !is_tls; i++) {
		if (schema_text(values, OF_TLS[i])) {
			return reason_set(why, "%s needs tls: yes", OF_TLS[i]);
		}
	}
	if (is_tls && !schema_text(values, "ca")) {
		return reason_set(
			why, "tls needs ca: else the brokers would be anybody");
	}
	return !schema_text(values, "certificate") == !schema_text(values, "key") ||
	       reason_set(why, "certificate and key belong together");
}

static bool check_login(const struct schema_values *values, struct reason *why)
{
	const bool is_user = schema_text(values, "user") != NULL;
	const bool is_password = schema_count(values, "password") > 0;
	if (is_user != is_password) {
		return reason_set(why, "user and password belong together");
	}
	return !is_user || schema_is(values, "tls") ||
	       strcmp(schema_text(values, "mechanism"), MECHANISMS[0]) != 0 ||
	       reason_set(why, "mechanism: plain needs tls: it shows the password");
}

static bool ship_check(const struct schema_values *values, struct reason *why)
{
	return check_brokers(values, why) && check_topic(values, why) &&
	       check_tls(values, why) && check_login(values, why);
}

#else

static bool ship_check(const struct schema_values *values, struct reason *why)
{
	(void)values;
	return reason_set(why, "this mailwarden was built without librdkafka");
}

#endif

const struct shipper SHIPPER_KAFKA = {
	.name = "kafka",
	.what = "a topic of Kafka, by librdkafka, with or without TLS",
	.events = EVENT_ALL,
	.keys = KEYS,
	.check = ship_check,
#ifdef HAVE_RDKAFKA
	.open = ship_open,
	.send = ship_send,
	.close = ship_close,
	.idle_ms = 1000,
	.ports = ship_ports,
	.is_named = ship_is_named,
	.has_threads = true,
#endif
};
