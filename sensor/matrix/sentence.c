#include "matrix/sentence.h"

#include "base/format.h"
#include "matrix/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PORTS_SHOWN 8

void sentence_append(char *text, size_t size, const char *format, ...)
{
	const size_t used = strlen(text);
	va_list args;
	va_start(args, format);
	format_write_list(text + used, size - used, format, args);
	va_end(args);
}

const char *sentence_end_name(const struct matrix_end *end)
{
	if (end->group) {
		return end->group->name;
	}
	return end->zone ? end->zone->name : "internet";
}

static bool is_internet(const struct matrix_zone *zone)
{
	return !zone || strcmp(zone->name, "internet") == 0;
}

const char *sentence_end(const struct matrix_end *end, char *text)
{
	if (end->group) {
		format_write(text, SENTENCE_END_BYTES, "%s (%s%s%s)", end->group->name,
			matrix_role_name(end->group->role), end->zone ? ", " : "",
			end->zone ? end->zone->name : "");
	} else if (is_internet(end->zone)) {
		format_write(text, SENTENCE_END_BYTES, "internet");
	} else {
		format_write(
			text, SENTENCE_END_BYTES, "%s (no group)", end->zone->name);
	}
	return text;
}

const char *sentence_row(const struct matrix_row *row, char *text)
{
	format_write(text, SENTENCE_ROW_BYTES, "row %s (%s -> %s)", row->id,
		sentence_end_name(&row->from), sentence_end_name(&row->to));
	return text;
}

static const char *joint(size_t index, size_t count, const char *last_word, char *text)
{
	if (index == 0) {
		return "";
	}
	format_write(text, 8, index + 1 == count ? " %s " : ", ", last_word);
	return text;
}

const char *sentence_protocols(uint32_t protocols, const char *last_word, char *text)
{
	const size_t count = (size_t)__builtin_popcount(protocols);
	size_t shown = 0;
	text[0] = '\0';
	for (int i = 0; i <= PROTOCOL_MAIL_LAST; i++) {
		if (protocols >> i & 1) {
			char glue[8];
			sentence_append(text, SENTENCE_LIST_BYTES, "%s%s",
				joint(shown, count, last_word, glue),
				protocol_name((enum protocol)i));
			shown++;
		}
	}
	return text;
}

struct port_list {
	uint16_t ports[64];
	size_t count;
};

static void port_add(struct port_list *list, uint16_t port)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->ports[i] == port) {
			return;
		}
	}
	if (list->count < sizeof(list->ports) / sizeof(*list->ports)) {
		list->ports[list->count++] = port;
	}
}

static void own_ports(uint32_t protocols, struct port_list *list)
{
	list->count = 0;
	for (; protocols; protocols &= protocols - 1) {
		const enum protocol protocol = (enum protocol)__builtin_ctz(protocols);
		const uint16_t *own = protocol_row(protocol)->ports;
		for (int i = 0; i < PROTOCOL_PORTS_MAX && own[i]; i++) {
			port_add(list, own[i]);
		}
	}
}

const char *sentence_ports(const struct matrix_row *row, char *text)
{
	struct port_list own;
	const uint16_t *ports = row->ports;
	size_t count = row->port_count;
	if (row->is_any_port) {
		format_write(text, SENTENCE_LIST_BYTES, "any port");
		return text;
	}
	if (count == 0) {
		own_ports(row->protocols, &own);
		count = own.count;
		ports = own.ports;
	}
	if (count == 0) { /* mapi-rpc: the endpoint mapper deals the ports out */
		format_write(text, SENTENCE_LIST_BYTES, "any port");
		return text;
	}
	format_write(text, SENTENCE_LIST_BYTES, count == 1 ? "port " : "ports ");
	const bool is_cut = count > PORTS_SHOWN;
	for (size_t i = 0; i < count && i < PORTS_SHOWN; i++) {
		char glue[8];
		sentence_append(text, SENTENCE_LIST_BYTES, "%s%u",
			joint(i, is_cut ? 0 : count, "and", glue), ports[i]);
	}
	if (is_cut) {
		sentence_append(text, SENTENCE_LIST_BYTES, " and %zu more",
			count - PORTS_SHOWN);
	}
	return text;
}

const char *sentence_tls_version(uint16_t version)
{
	return word_name(words_of_versions(), version);
}

const char *sentence_condition(const struct matrix_row *row, char *text)
{
	static const char *const TLS[] = {
		[MATRIX_TLS_REQUIRED] = "under TLS",
		[MATRIX_TLS_STARTTLS] = "under STARTTLS",
		[MATRIX_TLS_IMPLICIT] = "under TLS from the first byte",
		[MATRIX_TLS_OFFERED] =
			"if the server offers TLS (the client may decline)",
		[MATRIX_TLS_OPTIONAL] = "with or without TLS",
	};
	format_write(text, SENTENCE_LIST_BYTES, "%s", TLS[row->tls]);
	if (row->min_tls) {
		sentence_append(text, SENTENCE_LIST_BYTES, ", TLS %s or newer",
			sentence_tls_version(row->min_tls));
	}
	if (row->is_client_certificate_required) {
		sentence_append(
			text, SENTENCE_LIST_BYTES, ", with a client certificate");
	}
	return text;
}

const char *sentence_last_day(int64_t expires_s, char *text)
{
	const time_t last_second = (time_t)(expires_s - 1);
	struct tm day;
	text[0] = '\0';
	if (gmtime_r(&last_second, &day)) {
		(void)strftime(text, SENTENCE_DAY_BYTES, "%Y-%m-%d", &day);
	}
	return text;
}

const char *sentence_verb(enum protocol protocol, uint16_t port, char *text)
{
	const char *name = protocol_name(protocol);
	if (protocol == PROTOCOL_ATTEMPT) {
		format_write(text, SENTENCE_VERB_BYTES, "connect to port %u of", port);
	} else if (protocol_row(protocol)->is_sending) {
		format_write(text, SENTENCE_VERB_BYTES, "send %s to", name);
	} else {
		format_write(text, SENTENCE_VERB_BYTES, "use %s of", name);
	}
	return text;
}
