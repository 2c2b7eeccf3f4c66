/*
 * What somebody denied: "deny 192.0.2.64/26,192.0.2.10 > relays smtp" refuses each pair of
 * hosts that it names, so that nobody who joins them makes a new row of it.
 */
#include "observed/learn_steps.h"

#include <stdlib.h>
#include <string.h>

#define BETWEEN " > "

/* One end of a denied row: networks, or the name of a declared group or of the Internet. */
struct end {
	struct network *networks; /* list_room */
	size_t count;
	const char *name; /* NULL: none */
};

struct denial {
	struct end ends[2];
	uint32_t protocols;
	bool is_clear; /* else whatever the TLS */
};

static bool holds(const struct network *network, const struct address *address)
{
	const struct address last = network_last(network);
	return memcmp(network->base.bytes, address->bytes, sizeof(address->bytes)) <=
		       0 &&
	       memcmp(address->bytes, last.bytes, sizeof(last.bytes)) <= 0;
}

static bool is_of(const struct learn *learn, const struct end *end, uint32_t index)
{
	const struct learn_host *host = &learn->hosts[index];
	const char *name = index == LEARN_INTERNET ? "internet"
			   : host->declared        ? host->declared->name
						   : NULL;
	if (name && end->name && strcmp(name, end->name) == 0) {
		return true;
	}
	for (size_t i = 0; index != LEARN_INTERNET && i < end->count; i++) {
		if (holds(&end->networks[i], &host->address)) {
			return true;
		}
	}
	return false;
}

static bool is_denied(const struct learn *learn, const struct denial *denial,
	const struct learn_edge *edge)
{
	return (denial->protocols & PROTOCOL_BIT(edge->entry->key.protocol)) != 0 &&
	       (!denial->is_clear || edge->entry->key.tls == FACTS_TLS_NONE) &&
	       is_of(learn, &denial->ends[0], edge->client) &&
	       is_of(learn, &denial->ends[1], edge->server);
}

/* Cuts text at its commas. */
static void read_end(struct end *end, char *text)
{
	struct network list[NETWORK_RANGE_MAX];
	struct reason why;
	char *rest = text;
	for (char *word; (word = strsep(&rest, ",")) != NULL;) {
		const size_t count = network_parse(word, list, &why);
		end->name = count == 0 ? word : end->name;
		for (size_t i = 0; i < count; i++) {
			end->networks = list_room(
				end->networks, end->count, sizeof(*end->networks));
			end->networks[end->count++] = list[i];
		}
	}
}

static uint32_t read_protocols(char *text)
{
	uint32_t protocols = 0;
	char *rest = text;
	for (char *word; (word = strsep(&rest, ", ")) != NULL;) {
		const enum protocol protocol = protocol_by_name(word);
		protocols |= protocol == PROTOCOL_UNKNOWN ? 0 : PROTOCOL_BIT(protocol);
	}
	return protocols;
}

/* Cuts key, a learn_row_key. False: it names no row. */
static bool read_denial(struct denial *denial, char *key)
{
	char *to = strstr(key, BETWEEN);
	char *protocols = to ? strchr(to + strlen(BETWEEN), ' ') : NULL;
	if (!protocols) {
		return false;
	}
	char *clear = strstr(protocols, LEARN_IN_CLEAR);
	*to = *protocols = '\0';
	if (clear) {
		*clear = '\0';
	}
	denial->is_clear = clear != NULL;
	denial->protocols = read_protocols(protocols + 1);
	read_end(&denial->ends[0], key);
	read_end(&denial->ends[1], to + strlen(BETWEEN));
	return true;
}

static void deny(struct learn *learn, const char *key)
{
	struct denial denial = {.protocols = 0};
	const size_t size = strlen(key) + 1;
	char *copy = list_new(size, 1);
	(void)snprintf(copy, size, "%s", key);
	const bool is_read = read_denial(&denial, copy);
	for (size_t i = 0; is_read && i < learn->edge_count; i++) {
		struct learn_edge *edge = &learn->edges[i];
		if (edge->basket != LEARN_COVERED && edge->basket != LEARN_REFUSED &&
			is_denied(learn, &denial, edge)) {
			learn_put(edge, LEARN_REFUSED, NULL, "an answer denies it");
		}
	}
	list_free(denial.ends[0].networks);
	list_free(denial.ends[1].networks);
	list_free(copy);
}

void learn_deny(struct learn *learn)
{
	const struct answers *answers = learn->settings->answers;
	for (size_t i = 0; answers && i < answers->row_count; i++) { /* ANSWERS_MOST */
		if (answers->rows[i].answer == ANSWER_DENY) {
			deny(learn, answers->rows[i].key);
		}
	}
}
