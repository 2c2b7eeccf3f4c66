/*
 * A made network: the legitimate kinds of mail flow between twelve groups, over some
 * days, as sightings; and what a person would have written of it.
 */
#pragma once

#include "made_sighting.h"

#include "observed/learn.h"

#include <string.h>

struct made_kind {
	const char *name;
	const char *from; /* first address; "": the Internet */
	unsigned from_count;
	const char *to;
	unsigned to_count;
	enum protocol protocol;
	uint16_t port;
	enum facts_tls tls;
	unsigned daily; /* flows of each client */
};

static const struct made_kind MADE_KINDS[] = {
	{"read", "192.0.2.64", 60, "192.0.2.10", 2, PROTOCOL_IMAPS, 993,
		FACTS_TLS_IMPLICIT, 40},
	{"exchange", "192.0.2.64", 60, "192.0.2.10", 2, PROTOCOL_MAPI_HTTP, 443,
		FACTS_TLS_IMPLICIT, 20},
	{"submit", "192.0.2.64", 60, "192.0.2.20", 1, PROTOCOL_SUBMISSION, 587,
		FACTS_TLS_STARTTLS, 10},
	{"fetch", "192.0.2.232", 8, "192.0.2.10", 1, PROTOCOL_POP3S, 995,
		FACTS_TLS_IMPLICIT, 5},
	{"branch", "192.0.2.192", 24, "198.51.100.4", 1, PROTOCOL_EXCHANGE_HTTPS, 443,
		FACTS_TLS_IMPLICIT, 20},
	{"front", "198.51.100.4", 1, "192.0.2.10", 2, PROTOCOL_EXCHANGE_HTTPS, 443,
		FACTS_TLS_IMPLICIT, 50},
	{"sales", "192.0.2.40", 3, "192.0.2.25", 1, PROTOCOL_SMTP, 25,
		FACTS_TLS_STARTTLS, 20},
	{"scan", "192.0.2.130", 5, "192.0.2.25", 1, PROTOCOL_SMTP, 25, FACTS_TLS_NONE,
		10},
	{"robot", "192.0.2.50", 2, "192.0.2.20", 1, PROTOCOL_SUBMISSION, 587,
		FACTS_TLS_STARTTLS, 10},
	{"up", "192.0.2.10", 2, "192.0.2.25", 1, PROTOCOL_SMTP, 25, FACTS_TLS_STARTTLS,
		200},
	{"handed", "192.0.2.20", 1, "192.0.2.25", 1, PROTOCOL_SMTP, 25,
		FACTS_TLS_STARTTLS, 200},
	{"deliver", "192.0.2.25", 1, "192.0.2.10", 2, PROTOCOL_LMTP, 24,
		FACTS_TLS_STARTTLS, 300},
	{"leave", "192.0.2.25", 1, "198.51.100.2", 1, PROTOCOL_SMTP, 25,
		FACTS_TLS_STARTTLS, 300},
	{"arrive", "198.51.100.3", 1, "192.0.2.25", 1, PROTOCOL_SMTP, 25,
		FACTS_TLS_STARTTLS, 300},
	{"out", "198.51.100.2", 1, "", 40, PROTOCOL_SMTP, 25, FACTS_TLS_STARTTLS, 300},
	{"in", "", 40, "198.51.100.3", 1, PROTOCOL_SMTP, 25, FACTS_TLS_STARTTLS, 10},
};
#define MADE_KIND_COUNT (sizeof(MADE_KINDS) / sizeof(MADE_KINDS[0]))

/* The address so many behind it. */
static inline struct address made_host(const char *first, unsigned index)
{
	struct address address = made_address(first[0] != '\0' ? first : "203.0.113.1");
	address.bytes[15] = (uint8_t)(address.bytes[15] + index);
	return address;
}

/* One flow of a kind; number: of the flow, day: of the week. */
static inline struct sighting made_flow(
	const struct made_kind *kind, unsigned from, unsigned day, unsigned number)
{
	struct sighting sighting = made_sighting(number);
	const uint64_t start_us =
		MADE_US - (7 - day) * MADE_DAY_US + number % 80000 * UINT64_C(1000000);
	sighting.client = made_host(kind->from, from);
	sighting.server = made_host(kind->to, number % kind->to_count);
	sighting.server_port = sighting.port = kind->port;
	sighting.protocol = (uint8_t)kind->protocol;
	sighting.tls = (uint8_t)kind->tls;
	sighting.tls_version = kind->tls == FACTS_TLS_NONE ? 0
			       : number % 3 == 0           ? 0x0303
							   : 0x0304;
	sighting.start_us = start_us;
	sighting.end_us = start_us + 1000;
	sighting.time_us = start_us + 2000;
	sighting.role[0] = sighting.role[1] = MATRIX_ROLE_NONE;
	sighting.is_internet[0] = kind->from[0] == '\0';
	sighting.is_internet[1] = kind->to[0] == '\0';
	sighting.verdict = VERDICT_ILLEGITIMATE;
	sighting.row[0] = '\0';
	if (kind->tls == FACTS_TLS_NONE) {
		sighting.starttls_offered = FACTS_NO;
		sighting.shown = SIGHTING_CONTENT_CLEAR;
	} else {
		sighting.shown = SIGHTING_ESTABLISHED;
	}
	return sighting;
}

/* Every flow of a kind over these days of the week (0 to 6). Returns the next number. */
static inline unsigned made_week(struct observed *observed,
	const struct made_kind *kind, unsigned days, unsigned number)
{
	for (unsigned day = 0; day < days; day++) {
		for (unsigned from = 0; from < kind->from_count; from++) {
			for (unsigned i = 0; i < kind->daily; i++) {
				const struct sighting sighting =
					made_flow(kind, from, day, number++);
				observed_add(observed, &sighting);
			}
		}
	}
	return number;
}

static inline unsigned made_network(struct observed *observed, unsigned days)
{
	unsigned number = 1;
	for (size_t i = 0; i < MADE_KIND_COUNT; i++) {
		number = made_week(observed, &MADE_KINDS[i], days, number);
	}
	return number;
}

/* With more than 200,000 flows. */
static inline void made_busy_network(struct observed *observed)
{
	struct made_kind busy = MADE_KINDS[0];
	busy.daily = 400;
	(void)made_week(observed, &busy, 7, made_network(observed, 7));
}

static inline struct network made_prefix(const char *text)
{
	struct network list[NETWORK_RANGE_MAX];
	struct reason why;
	assert_int_equal(network_parse(text, list, &why), 1);
	return list[0];
}

/* As the command has it; the networks live as long as the test. */
static inline struct learn_settings made_settings(void)
{
	static struct network internal;
	static struct network gateway;
	internal = made_prefix("192.0.2.0/24");
	gateway = made_prefix("198.51.100.0/28");
	return (struct learn_settings){
		.internal = &internal,
		.internal_count = 1,
		.gateway = &gateway,
		.gateway_count = 1,
		.min_days = LEARN_DAYS,
		.min_sessions = LEARN_SESSIONS,
		.fill = LEARN_FILL,
		.today_s = (int64_t)(MADE_US / 1000000),
	};
}

static inline struct learn made_learnt(
	const struct observed *observed, const struct learn_settings *settings)
{
	struct learn learn;
	struct reason why;
	if (!learn_all(&learn, observed, settings, &why)) {
		fail_msg("%s", why.text);
	}
	return learn;
}

/* Not inlined: gcc 12 would take the text for a place on the stack. */
__attribute__((noinline, unused)) static char *made_proposal(const struct learn *learn)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	learn_print(learn, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* A matrix of the proposal alone. */
static inline struct matrix *made_proposed_matrix(const struct learn *learn)
{
	char *text = made_proposal(learn);
	const struct matrix_source source = {"proposal", text, strlen(text)};
	struct matrix_problems problems;
	struct matrix *matrix = matrix_load_sources(&source, 1, &problems);
	if (!matrix) {
		fail_msg("%s\n%s", problems.list[0].text, text);
	}
	free(text);
	return matrix;
}

static inline const struct learn_host *made_host_learnt(
	const struct learn *learn, const char *text)
{
	const struct address address = made_address(text);
	for (size_t i = 1; i < learn->host_count; i++) {
		if (address_equal(&learn->hosts[i].address, &address)) {
			return &learn->hosts[i];
		}
	}
	fail_msg("%s is no host", text);
	return NULL;
}

static inline const struct learn_edge *made_edge_of(
	const struct learn *learn, const struct sighting *sighting)
{
	for (size_t i = 0; i < learn->edge_count; i++) {
		const struct observed_key *key = &learn->edges[i].entry->key;
		if (address_equal(&key->client, &sighting->client) &&
			address_equal(&key->server, &sighting->server) &&
			key->protocol == sighting->protocol &&
			key->tls == sighting->tls) {
			return &learn->edges[i];
		}
	}
	fail_msg("no such pair");
	return NULL;
}

static inline const struct made_kind *made_kind(const char *name)
{
	size_t i = 0;
	while (strcmp(MADE_KINDS[i].name, name) != 0) {
		i++;
	}
	return &MADE_KINDS[i];
}
