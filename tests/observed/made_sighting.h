/* A sighting to begin with: a workstation that gives the relay a mail. */
#pragma once

#include "observed/observed.h"

#include <stdio.h>

#define MADE_DAY_US UINT64_C(86400000000)
#define MADE_US     (UINT64_C(20786) * MADE_DAY_US) /* 2026-11-29 */

static inline struct address made_address(const char *text)
{
	struct address address = {.bytes = {0}};
	(void)address_parse(text, &address);
	return address;
}

/* number: of the flow; each has an identity and an id of its own. */
static inline struct sighting made_sighting(unsigned number)
{
	struct sighting sighting = {
		.client = made_address("192.0.2.70"),
		.server = made_address("192.0.2.25"),
		.client_port = 40000,
		.server_port = 25,
		.port = 25,
		.role = {MATRIX_ROLE_CLIENT, MATRIX_ROLE_RELAY},
		.protocol = PROTOCOL_SMTP,
		.confidence = DIRECTION_CONFIDENCE_SYN,
		.tls = FACTS_TLS_STARTTLS,
		.tls_version = 0x0303,
		.starttls_offered = FACTS_YES,
		.start_us = MADE_US + number * UINT64_C(1000),
		.end_us = MADE_US + number * UINT64_C(1000) + 500,
		.time_us = MADE_US + number * UINT64_C(1000) + 600,
		.bytes = {100, 50},
		.messages = 1,
		.verdict = VERDICT_LEGITIMATE,
		.row = "M-01",
		.flow_id = number + 1,
	};
	(void)snprintf(
		sighting.community_id, sizeof(sighting.community_id), "1:%u", number);
	return sighting;
}

static inline struct observed *made_observed(uint32_t capacity)
{
	static const struct hash_seed SEED = {{7, 8}};
	struct reason why;
	struct observed *observed = observed_new(capacity, SEED, &why);
	assert_non_null(observed);
	return observed;
}

/* The only one. */
static inline const struct observed_entry *made_only(const struct observed *observed)
{
	const struct observed_list list = observed_sorted(observed);
	assert_int_equal(list.count, 1);
	const struct observed_entry *entry = list.entries[0];
	free(list.entries);
	return entry;
}
