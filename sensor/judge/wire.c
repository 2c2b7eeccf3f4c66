#include "judge/wire.h"

#include "judge/ends.h"

#include <stdio.h>

#define PORT_SUBMISSION 587
#define US_PER_S        1000000

static bool has_target(const struct classification *classification)
{
	return classification->proxy == CLASSIFY_PROXY_CONNECT ||
	       classification->proxy == CLASSIFY_PROXY_SOCKS;
}

/*
 * SMTP on 587 is submission (RFC 6409), SMTP over implicit TLS to a declared
 * submission server is submissions (RFC 8314); the bytes do not tell them apart.
 */
static enum protocol protocol_at_server(
	const struct matrix *matrix, const struct observation *observation)
{
	const enum protocol protocol = observation->facts->protocol;
	if (protocol == PROTOCOL_SMTP && observation->server_port == PORT_SUBMISSION) {
		return PROTOCOL_SUBMISSION;
	}
	if (protocol != PROTOCOL_SMTPS) {
		return protocol;
	}
	const struct matrix_end end = matrix_locate(matrix, &observation->server);
	return judge_role(&end) == MATRIX_ROLE_SUBMISSION ? PROTOCOL_SUBMISSIONS
							  : protocol;
}

/*
 * Anybody can write a proxy header, and a server that knows none answers 500 and goes
 * on: what it claims counts from a host that the matrix declares, no user's and no
 * application's. At a proxy that nobody declared the target is only a claim as well.
 */
bool wire_is_proxy(const struct matrix *matrix, const struct address *host)
{
	const struct matrix_end end = matrix_locate(matrix, host);
	return end.group != NULL && end.group->role != MATRIX_ROLE_CLIENT &&
	       end.group->role != MATRIX_ROLE_APPLICATION;
}

static void apply_client(
	const struct classification *classification, struct wire_reading *reading)
{
	struct observation *observation = &reading->observation;
	char client[ADDRESS_TEXT_BYTES];
	observation->client = classification->proxy_client;
	observation->client_port = classification->proxy_client_port;
	observation->confidence = DIRECTION_CONFIDENCE_BANNER;
	(void)snprintf(reading->proxied_by, sizeof(reading->proxied_by),
		"proxy-protocol for %s",
		address_text(&classification->proxy_client, client));
}

static void apply_target(
	const struct classification *classification, struct wire_reading *reading)
{
	char address[ADDRESS_TEXT_BYTES];
	const char *target = classification->target_host;
	if (classification->has_target_address) {
		reading->observation.server = classification->target;
		target = address_text(&classification->target, address);
	}
	reading->observation.server_port = classification->target_port;
	(void)snprintf(reading->proxied_by, sizeof(reading->proxied_by), "%s to %s:%u",
		classification->proxy == CLASSIFY_PROXY_SOCKS ? "socks"
							      : "http-connect",
		target, classification->target_port);
}

/*
 * Judge by the wire what an undeclared proxy claims: a client always, since the claim
 * would accuse or excuse another host; a target unless it is forbidden anyway.
 */
static void distrust(const struct matrix *matrix, const struct observation *on_wire,
	struct judgement *scratch, struct observation *observation)
{
	observation->client = on_wire->client;
	observation->client_port = on_wire->client_port;
	observation->confidence = on_wire->confidence;
	judge_flow_briefly(matrix, observation, scratch);
	if (scratch->verdict != VERDICT_ILLEGITIMATE) {
		observation->server = on_wire->server;
		observation->server_port = on_wire->server_port;
	}
}

static void read_proxy(const struct matrix *matrix,
	const struct classification *classification, const struct observation *on_wire,
	struct judgement *scratch, struct wire_reading *reading)
{
	struct observation *observation = &reading->observation;
	const bool is_believed = wire_is_proxy(matrix,
		classification->has_proxy_client ? &on_wire->client : &on_wire->server);
	if (classification->has_proxy_client) {
		apply_client(classification, reading);
	}
	if (has_target(classification)) {
		apply_target(classification, reading);
		/* behind a proxy that was given a name, the address is not the server's */
		reading->is_server_known = classification->has_target_address;
		/* nor must what a client says of its target teach the ledger */
		reading->is_for_ledger =
			classification->has_target_address && is_believed;
	}
	if (!is_believed) {
		observation->protocol = protocol_at_server(matrix, observation);
		distrust(matrix, on_wire, scratch, observation);
	}
}

/* As far as ends, port and date go; what else a row asks is unknown. */
static bool may_speak(const struct matrix *matrix, const struct wire_reading *reading,
	enum protocol protocol)
{
	const struct observation *observation = &reading->observation;
	const struct matrix_question question = {.from = reading->ends[0],
		.to = reading->ends[1],
		.protocol = protocol,
		.port = observation->server_port,
		.now_s = (int64_t)(observation->now_us / US_PER_S),
		.is_brief = true};
	struct matrix_result result;
	matrix_result_clear(&result);
	matrix_ask(matrix, &question, &result);
	return result.allowed != MATRIX_NO;
}

/*
 * LMTP's envelope and replies are SMTP's (RFC 2033 section 4): where neither LHLO nor EHLO
 * was captured, it is the one that a row lets these ends speak on this port.
 */
static bool is_lmtp_meant(
	const struct matrix *matrix, const struct wire_reading *reading)
{
	const struct observation *observation = &reading->observation;
	return observation->protocol == PROTOCOL_SMTP &&
	       observation->facts->helo[0] == '\0' &&
	       !may_speak(matrix, reading, PROTOCOL_SMTP) &&
	       may_speak(matrix, reading, PROTOCOL_LMTP);
}

/* Who says MAIL and is answered 250 is the client, whoever opened the connection. */
static void turn(const struct observation *on_wire, struct observation *observation)
{
	observation->client = on_wire->server;
	observation->client_port = on_wire->server_port;
	observation->server = on_wire->client;
	observation->server_port = on_wire->client_port;
}

void wire_read(const struct matrix *matrix, const struct classification *classification,
	const struct observation *on_wire, struct judgement *scratch,
	struct wire_reading *reading)
{
	struct observation *observation = &reading->observation;
	*observation = *on_wire;
	if (on_wire->facts->is_turned) {
		turn(on_wire, observation);
	}
	reading->is_proxied =
		classification->has_proxy_client || has_target(classification);
	reading->is_server_known = true;
	reading->is_for_ledger = !on_wire->facts->is_turned;
	reading->proxied_by[0] = '\0';
	if (reading->is_proxied) {
		read_proxy(matrix, classification, on_wire, scratch, reading);
	}
	observation->protocol = protocol_at_server(matrix, observation);
	reading->ends[0] = judge_locate(matrix, observation, &observation->client);
	reading->ends[1] = judge_locate(matrix, observation, &observation->server);
	observation->ends = reading->ends;
	if (is_lmtp_meant(matrix, reading)) {
		observation->protocol = PROTOCOL_LMTP;
	}
}

bool wire_is_mail(const struct facts *facts)
{
	return protocol_row(facts->protocol)->is_mail && !facts->is_unanswered;
}

enum protocol wire_foreign_protocol(const struct facts *facts)
{
	const enum protocol protocol = facts->protocol;
	if (facts->is_unanswered && protocol == PROTOCOL_EXCHANGE_HTTPS) {
		return PROTOCOL_HTTP; /* scanners ask every web server for these paths */
	}
	const bool is_named = protocol == PROTOCOL_DCERPC || protocol == PROTOCOL_HTTP;
	return is_named ? protocol : PROTOCOL_OTHER;
}
