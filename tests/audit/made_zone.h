/*
 * audit/made_zone - a resolver that answers out of a text, for tests.
 *
 * One record a line: "name TYPE data". TXT: character strings with '|' between them; MX: "10 host"; FAIL:
 * nothing of the name can be asked, FAIL:A nothing of this type. Of what is asked it keeps count.
 */
#pragma once

#include "audit/dns.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct made_zone {
	const char *text;
	struct arena arena;
	unsigned questions;
	char asked[8192]; /* "name TYPE\n" each, as far as there is room */
	bool is_secure;
};

struct made_row {
	char name[300];
	char type[16];
	char data[5000];
};

/* The next line; NULL behind the last. */
static inline const char *made_next(const char *at, struct made_row *row)
{
	int len = 0;
	row->data[0] = '\0';
	if (!at ||
		sscanf(at, " %299s %15[A-Z:0-9]%n", row->name, row->type, &len) < 2) {
		return NULL;
	}
	at += len;
	at += *at == ' ';
	const size_t rest = strcspn(at, "\n");
	assert(rest < sizeof(row->data));
	(void)snprintf(row->data, sizeof(row->data), "%.*s", (int)rest, at);
	return at + rest;
}

static inline size_t made_name(uint8_t *out, const char *name)
{
	size_t len = 0;
	while (*name != '\0' && strcmp(name, ".") != 0) {
		const size_t label = strcspn(name, ".");
		out[len++] = (uint8_t)label;
		memcpy(out + len, name, label);
		len += label;
		name += label + (name[label] == '.');
	}
	out[len++] = 0;
	return len;
}

static inline size_t made_text(uint8_t *out, const char *text)
{
	size_t len = 0;
	for (;;) {
		size_t part = strcspn(text, "|");
		part = part > 255 ? 255 : part;
		out[len++] = (uint8_t)part;
		memcpy(out + len, text, part);
		len += part;
		text += part;
		if (*text == '\0') {
			return len;
		}
		text += *text == '|';
	}
}

static inline size_t made_hex(uint8_t *out, const char *text)
{
	size_t len = 0;
	unsigned byte = 0;
	for (; sscanf(text, "%2x", &byte) == 1; text += 2) {
		out[len++] = (uint8_t)byte;
	}
	return len;
}

static inline size_t made_data(uint8_t *out, enum rr_type type, const char *data)
{
	struct address address;
	switch (type) {
	case RR_TYPE_A:
		assert(address_parse(data, &address));
		memcpy(out, &address.bytes[12], 4);
		return 4;
	case RR_TYPE_AAAA:
		assert(address_parse(data, &address));
		memcpy(out, address.bytes, 16);
		return 16;
	case RR_TYPE_MX:
		out[0] = 0;
		out[1] = (uint8_t)strtoul(data, NULL, 10);
		return 2 + made_name(out + 2, strchr(data, ' ') + 1);
	case RR_TYPE_TXT:
		return made_text(out, data);
	case RR_TYPE_TLSA:
		return made_hex(out, data);
	default:
		return made_name(out, data);
	}
}

static inline void made_add(struct made_zone *zone, struct rr_answer *answer,
	enum rr_type type, const char *data)
{
	uint8_t bytes[6000];
	const size_t len = made_data(bytes, type, data);
	struct rr_data *list = (struct rr_data *)answer->list;
	if (!list) {
		list = arena_array(&zone->arena, RR_ANSWER_MAX, sizeof(*list));
		answer->list = list;
	}
	uint8_t *copy = arena_take(&zone->arena, len + 1);
	memcpy(copy, bytes, len);
	list[answer->count++] = (struct rr_data){copy, len};
	answer->outcome = RR_FOUND;
}

static inline void made_ask(
	void *context, const char *name, enum rr_type type, struct rr_answer *answer)
{
	struct made_zone *zone = context;
	static struct made_row row; /* large */
	char failing[16];
	const size_t len = strlen(zone->asked);
	(void)snprintf(zone->asked + len, sizeof(zone->asked) - len, "%s %s\n", name,
		rr_type_name(type));
	(void)snprintf(failing, sizeof(failing), "FAIL:%s", rr_type_name(type));
	zone->questions++;
	answer->is_secure = zone->is_secure;
	for (const char *at = zone->text; (at = made_next(at, &row));) {
		if (!rr_name_equal(row.name, name)) {
			continue;
		}
		if (strcmp(row.type, "FAIL") == 0 || strcmp(row.type, failing) == 0) {
			*answer = (struct rr_answer){
				.outcome = RR_FAILED, .why = "no answer in time"};
			return;
		}
		if (answer->outcome == RR_NO_NAME) {
			answer->outcome = RR_NO_DATA;
		}
		if (strcmp(row.type, rr_type_name(type)) == 0) {
			made_add(zone, answer, type, row.data);
		}
	}
}

static inline void made_free(struct made_zone *zone)
{
	arena_free(&zone->arena);
}
