/*
 * ship/kafka_producer - an idempotent producer of Kafka, and how far its cluster has records.
 *
 * The only file that knows librdkafka, which was there to build with where HAVE_RDKAFKA is
 * defined. The library has threads of its own: they are started in the cage, and nothing
 * here is called by them but the answer to which address a broker's name has. It connects
 * to brokers that the settings name, and to addresses that these name, by the ports of
 * the former (the cage's matter). Records are known by how many were given before.
 */
#pragma once

#include "base/schema.h"
#include "ship/addresses.h"

#define KAFKA_BROKERS_MAX 32
#define KAFKA_UNACKED_MAX 8192 /* given and not answered */

struct kafka_broker {
	char host[ADDRESS_HOST_BYTES];
	uint16_t port;
	struct addresses addresses; /* none: its name led nowhere */
};

struct kafka_settings {
	const struct schema_values *values; /* tls, ca, certificate, key, user ... */
	struct kafka_broker brokers[KAFKA_BROKERS_MAX];
	size_t count;
};

struct kafka_record {
	const char *topic;
	const char *key; /* what has the same stays in order */
	const char *id;  /* header event_id */
	const char *text;
	size_t len;
};

enum kafka_given {
	KAFKA_TAKEN = 0,
	KAFKA_FULL,    /* no room: serve, and give it again */
	KAFKA_REFUSED, /* told why */
};

enum kafka_state {
	KAFKA_WELL = 0,
	KAFKA_FAILED,   /* a record cannot be delivered as it is */
	KAFKA_TOO_LONG, /* the same: the batch or the record is longer than the topic's */
	KAFKA_FATAL,    /* the library gives up this producer */
};

struct kafka_producer;
struct kafka_template;

/*
 * Before the cage: read files and the password, and have the library look at them. Borrows
 * settings. NULL with a reason for what a human must change.
 */
struct kafka_template *kafka_template_open(
	const struct kafka_settings *settings, struct reason *why);
void kafka_template_close(struct kafka_template *template);

/* In the cage. batch_bytes: longest that it sends at once, but always one record. */
struct kafka_producer *kafka_producer_open(
	const struct kafka_template *template, size_t batch_bytes, struct reason *why);

/* What was not answered may have arrived all the same. */
void kafka_producer_close(struct kafka_producer *producer);

/* At most KAFKA_UNACKED_MAX; copied. */
enum kafka_given kafka_producer_give(struct kafka_producer *producer,
	const struct kafka_record *record, struct reason *why);

/* Take answers, waiting so long for the first. */
void kafka_producer_serve(struct kafka_producer *producer, int wait_ms);

/* How many more, in the order given and without a gap, the cluster has. */
size_t kafka_producer_acked(struct kafka_producer *producer);

/* Not well: why is set. */
enum kafka_state kafka_producer_state(
	const struct kafka_producer *producer, struct reason *why);

/* No broker can be reached, and none ever took a record of this producer. */
bool kafka_producer_is_alone(const struct kafka_producer *producer);

/* The last that the library complained of, since a record was taken; "": nothing. */
const char *kafka_producer_complaint(const struct kafka_producer *producer);
