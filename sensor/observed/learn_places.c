/* Who may not send, take or read as it does, its role being what it is. */
#include "observed/learn_steps.h"

#include <stdlib.h>

static void refuse(
	struct learn_edge *edge, const char *recommendation, const char *reason)
{
	learn_put(edge, LEARN_REFUSED, recommendation, reason);
}

static void judge_to_internet(struct learn *learn, struct learn_edge *edge)
{
	struct learn_host *client = &learn->hosts[edge->client];
	if (!learn_is_sending(edge)) {
		learn_put(edge, LEARN_ASK, NULL, "mail is read outside");
	} else if (client->role == MATRIX_ROLE_MAILBOX) {
		refuse(edge, "R34", "a mailbox server sends to the Internet itself");
	} else if (client->role == MATRIX_ROLE_RELAY) {
		refuse(edge, "R35", "an internal relay sends to the Internet");
	} else if (client->role == MATRIX_ROLE_INBOUND) {
		refuse(edge, "R36", "one server takes from and sends to the Internet");
	} else if (client->role != MATRIX_ROLE_OUTBOUND) {
		client->is_refused = true;
		refuse(edge, "R37", "it sends to the Internet past the gateway");
	} else if (!client->declared && (client->does & LEARN_FED) == 0) {
		client->is_refused = true;
		refuse(edge, "R37",
			"it sends to the Internet what no server of ours hands it");
	}
}

static void judge_from_internet(struct learn *learn, struct learn_edge *edge)
{
	const struct learn_host *server = &learn->hosts[edge->server];
	if (!learn_is_sending(edge)) {
		refuse(edge, "exposure", "users' access is open to the Internet");
	} else if (server->role == MATRIX_ROLE_MAILBOX) {
		refuse(edge, "R34", "a mailbox server takes mail from the Internet");
	} else if (server->role == MATRIX_ROLE_RELAY) {
		refuse(edge, "R35", "an internal relay takes mail from the Internet");
	} else if (server->role == MATRIX_ROLE_OUTBOUND) {
		refuse(edge, "R36", "one server sends to and takes from the Internet");
	} else if (server->role != MATRIX_ROLE_INBOUND) {
		refuse(edge, "R37", "it takes mail from the Internet past the gateway");
	} else if (!server->declared && (server->does & LEARN_HANDS_ON) == 0) {
		learn_put(edge, LEARN_ASK, NULL,
			"it was not seen to hand the Internet's mail on");
	}
}

/* Two hosts of an attacker's that hand each other mail look like it. */
static bool is_made_up(const struct learn_host *host)
{
	return host->role == MATRIX_ROLE_RELAY && !host->declared &&
	       (host->does & LEARN_FED) == 0;
}

static void judge_inside(struct learn *learn, struct learn_edge *edge)
{
	struct learn_host *client = &learn->hosts[edge->client];
	const struct learn_host *server = &learn->hosts[edge->server];
	const bool is_clear = edge->entry->key.tls == FACTS_TLS_NONE;
	if (!learn_is_sending(edge)) {
		if (learn_is_server(client->role) &&
			client->role != MATRIX_ROLE_PROXY) {
			learn_put(edge, LEARN_ASK, NULL, "a server reads mail");
		}
		return;
	}
	if (is_made_up(client) || is_made_up(server)) {
		learn_put(edge, LEARN_ASK, NULL,
			"a relay that none of our servers was seen to hand mail");
	} else if (server->role == MATRIX_ROLE_INBOUND) {
		refuse(edge, "R36", "the inbound server takes mail from inside");
	} else if (server->role == MATRIX_ROLE_OUTBOUND &&
		   !learn_is_server(client->role)) {
		client->is_refused = true;
		refuse(edge, "R37", "it hands mail to the gateway past our servers");
	} else if (is_clear && client->role == MATRIX_ROLE_CLIENT) {
		refuse(edge, "R41", "a client hands mail in in clear");
	} else if (is_clear && learn_is_server(client->role)) {
		refuse(edge, "R42", "servers exchange mail in clear");
	} else if (client->role == MATRIX_ROLE_CLIENT &&
		   edge->entry->key.protocol == PROTOCOL_SMTP) {
		refuse(edge, "R41",
			"a client hands mail in over smtp, without a login");
	}
}

/* Who is no server and sends to many servers is refused. */
static void find_fans(struct learn *learn)
{
	struct learn_use *list = list_new(learn->edge_count + 1, sizeof(*list));
	size_t count = 0;
	for (size_t i = 0; i < learn->edge_count; i++) {
		const struct learn_edge *edge = &learn->edges[i];
		const bool is_heard = (edge->entry->flags & OBSERVED_HEARD) != 0;
		if (edge->client != LEARN_INTERNET && is_heard &&
			learn_is_sending(edge) && edge->server != LEARN_INTERNET &&
			!learn_is_server(learn->hosts[edge->client].role)) {
			list[count++] = (struct learn_use){edge->client, edge->server};
		}
	}
	qsort(list, count, sizeof(*list), learn_compare_uses);
	uint32_t reached = 0;
	for (size_t i = 0; i < count; i++) {
		const bool is_next = i == 0 || list[i].of != list[i - 1].of;
		const bool is_new = is_next || list[i].by != list[i - 1].by;
		reached = is_next ? 1 : reached + is_new;
		if (reached > LEARN_FAN_OUT && !learn->hosts[list[i].of].declared) {
			learn->hosts[list[i].of].is_refused = true;
		}
	}
	list_free(list);
}

static void judge_place(struct learn *learn, struct learn_edge *edge)
{
	if (edge->server == LEARN_INTERNET) {
		judge_to_internet(learn, edge);
	} else if (edge->client == LEARN_INTERNET) {
		judge_from_internet(learn, edge);
	} else {
		judge_inside(learn, edge);
	}
}

bool learn_judge_places(struct learn *learn)
{
	bool is_changed = false;
	find_fans(learn);
	for (size_t i = 0; i < learn->edge_count; i++) {
		struct learn_edge *edge = &learn->edges[i];
		if (edge->basket == LEARN_OPEN) {
			judge_place(learn, edge);
			is_changed = is_changed || edge->basket != LEARN_OPEN;
		}
	}
	for (size_t i = 0; i < learn->edge_count; i++) {
		struct learn_edge *edge = &learn->edges[i];
		if ((edge->basket == LEARN_OPEN || edge->basket == LEARN_ASK) &&
			learn->hosts[edge->client].is_refused) {
			is_changed = is_changed || edge->basket == LEARN_OPEN;
			refuse(edge, "R37",
				"its client sends where it should not, or to many "
				"servers");
		}
	}
	return is_changed;
}
