/* The role of each host, by a fixed list of decisions over what it was seen to do. */
#include "observed/learn_steps.h"

#include <stdlib.h>
#include <string.h>

#define HOPS 4 /* from a server that keeps or takes mail to the gateway */

/* Where gateways are known, no other host gets a role by what it does with the Internet. */
bool learn_has_gateway(const struct learn *learn)
{
	for (size_t i = 0; i < learn->zone_count; i++) { /* declared zones */
		if (strcmp(learn->zones[i].name, "gateway") == 0) {
			return true;
		}
	}
	return false;
}

static bool may_exchange(const struct learn *learn, const struct learn_host *host)
{
	return !learn_has_gateway(learn) ||
	       strcmp(learn->zones[host->zone].name, "gateway") == 0;
}

static unsigned server_does(const struct learn_edge *edge)
{
	const enum protocol protocol = (enum protocol)edge->entry->key.protocol;
	if (!learn_is_sending(edge)) {
		return protocol_row(protocol)->is_inside_http ? LEARN_FRONTS
							      : LEARN_STORES;
	}
	if (protocol == PROTOCOL_LMTP) {
		return LEARN_STORES;
	}
	const bool is_login =
		protocol == PROTOCOL_SUBMISSION || protocol == PROTOCOL_SUBMISSIONS ||
		protocol == PROTOCOL_SMTPS || edge->entry->mechanisms != 0;
	if (edge->client == LEARN_INTERNET) {
		return is_login ? 0 : LEARN_TAKES_INTERNET;
	}
	return is_login ? LEARN_TAKES_LOGIN : LEARN_TAKES_INSIDE;
}

static unsigned client_does(const struct learn_edge *edge)
{
	const enum protocol protocol = (enum protocol)edge->entry->key.protocol;
	if (learn_is_sending(edge)) {
		return edge->server == LEARN_INTERNET ? LEARN_SENDS_INTERNET
						      : LEARN_SENDS_INSIDE;
	}
	return protocol_row(protocol)->is_inside_http ? LEARN_READS_WEB : LEARN_READS;
}

/* What it does with the Internet shows the role of a gateway's host alone. */
static unsigned allowed(const struct learn *learn, const struct learn_host *host,
	const struct learn_edge *edge, unsigned does)
{
	return learn_is_internet(edge) && !may_exchange(learn, host) ? 0 : does;
}

static bool is_evidence(const struct learn_edge *edge)
{
	return edge->basket == LEARN_OPEN || edge->basket == LEARN_COVERED;
}

/* Our own, and what is known of them. */
static void look(struct learn *learn)
{
	for (size_t i = 1; i < learn->host_count; i++) {
		learn->hosts[i].does = 0;
	}
	for (size_t i = 0; i < learn->edge_count; i++) {
		const struct learn_edge *edge = &learn->edges[i];
		struct learn_host *client = &learn->hosts[edge->client];
		struct learn_host *server = &learn->hosts[edge->server];
		if (is_evidence(edge)) {
			client->does |= (uint16_t)allowed(
				learn, client, edge, client_does(edge));
			server->does |= (uint16_t)allowed(
				learn, server, edge, server_does(edge));
		}
	}
}

/* The first that fits. */
static enum matrix_role decide(unsigned does)
{
	const bool is_taking = (does & (LEARN_TAKES_INSIDE | LEARN_TAKES_LOGIN)) != 0;
	if ((does & (LEARN_STORES | LEARN_FRONTS | LEARN_READS_WEB)) ==
		(LEARN_FRONTS | LEARN_READS_WEB)) {
		return MATRIX_ROLE_PROXY;
	}
	if ((does & (LEARN_STORES | LEARN_FRONTS)) != 0) {
		return MATRIX_ROLE_MAILBOX;
	}
	if ((does & LEARN_TAKES_LOGIN) != 0) {
		return MATRIX_ROLE_SUBMISSION;
	}
	if ((does & LEARN_TAKES_INTERNET) != 0) {
		return MATRIX_ROLE_INBOUND;
	}
	if (is_taking && (does & LEARN_SENDS_INTERNET) != 0) {
		return MATRIX_ROLE_OUTBOUND;
	}
	if (is_taking) {
		return MATRIX_ROLE_RELAY;
	}
	return (does & (LEARN_READS | LEARN_READS_WEB)) != 0 ? MATRIX_ROLE_CLIENT
							     : MATRIX_ROLE_APPLICATION;
}

/* A relay counts once it is fed itself: two hosts that send to each other prove nothing. */
static bool feeds(const struct learn_host *host)
{
	return ((host->role == MATRIX_ROLE_MAILBOX ||
			host->role == MATRIX_ROLE_SUBMISSION) &&
		       !learn_is_unwitnessed(host)) ||
	       host->role == MATRIX_ROLE_INBOUND ||
	       (host->role == MATRIX_ROLE_RELAY &&
		       (host->declared || (host->does & LEARN_FED) != 0));
}

static bool is_witnessed(const struct learn_host *host)
{
	return host->declared || (host->does & LEARN_WITNESSED) != 0;
}

/* Used by LEARN_WITNESSES of our hosts. */
static void count_witnesses(struct learn *learn)
{
	struct learn_use *list = list_new(learn->edge_count + 1, sizeof(*list));
	size_t count = 0;
	for (size_t i = 0; i < learn->edge_count; i++) {
		const struct learn_edge *edge = &learn->edges[i];
		if (is_evidence(edge) && edge->client != LEARN_INTERNET) {
			list[count++] = (struct learn_use){edge->server, edge->client};
		}
	}
	qsort(list, count, sizeof(*list), learn_compare_uses);
	unsigned clients = 0;
	for (size_t i = 0; i < count; i++) {
		const bool is_first = i == 0 || list[i].of != list[i - 1].of;
		const bool is_new = is_first || list[i].by != list[i - 1].by;
		clients = is_first ? 1 : clients + is_new;
		if (clients >= LEARN_WITNESSES) {
			learn->hosts[list[i].of].does |= LEARN_WITNESSED;
		}
	}
	list_free(list);
}

/* Who of our servers gives to whom: what an attacker's host alone cannot make up. */
static void corroborate(struct learn *learn)
{
	for (size_t i = 0; i < learn->edge_count; i++) {
		const struct learn_edge *edge = &learn->edges[i];
		struct learn_host *client = &learn->hosts[edge->client];
		struct learn_host *server = &learn->hosts[edge->server];
		if (!is_evidence(edge) || learn_is_internet(edge)) {
			continue;
		}
		if (learn_is_server(client->role) && is_witnessed(client)) {
			server->does |= LEARN_WITNESSED;
		}
		if (!learn_is_sending(edge)) {
			continue;
		}
		if (feeds(client)) {
			server->does |= LEARN_FED;
		}
		if (learn_is_server(server->role) &&
			server->role != MATRIX_ROLE_OUTBOUND) {
			client->does |= LEARN_HANDS_ON;
		}
	}
}

void learn_find_roles(struct learn *learn)
{
	look(learn);
	for (size_t i = 1; i < learn->host_count; i++) {
		struct learn_host *host = &learn->hosts[i];
		host->role = (uint8_t)(host->declared ? host->declared->role
						      : decide(host->does));
	}
	count_witnesses(learn);
	for (unsigned hop = 0; hop < HOPS; hop++) {
		corroborate(learn);
	}
}
