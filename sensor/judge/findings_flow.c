/* The findings about who speaks to whom, on which port and from which zone (R34, R37, R42). */
#include "judge/findings.h"

#include "base/utf8.h"
#include "matrix/domains.h"

#include <stdio.h>

static bool is_reader(enum matrix_role role)
{
	return role == MATRIX_ROLE_CLIENT || role == MATRIX_ROLE_APPLICATION;
}

/* Servers that hand mail on and keep none. */
static bool is_transport(enum matrix_role role)
{
	return role == MATRIX_ROLE_SUBMISSION || role == MATRIX_ROLE_RELAY ||
	       role == MATRIX_ROLE_OUTBOUND || role == MATRIX_ROLE_INBOUND;
}

/* No mail is read there: users' mail stands with mailbox, submission and proxy servers. */
static bool is_without_access(enum matrix_role role)
{
	return role == MATRIX_ROLE_RELAY || role == MATRIX_ROLE_OUTBOUND ||
	       role == MATRIX_ROLE_INBOUND || is_reader(role);
}

/* The row wants TLS the other way (STARTTLS, implicit) and the flow is encrypted after all. */
static bool is_other_manner(const struct judge_case *judged)
{
	const struct facts *facts = judged->facts;
	return judged->result->allowed == MATRIX_NO &&
	       judged->result->failed == MATRIX_CRITERION_TLS &&
	       judge_is_encrypted(facts) && !facts_is_content_clear(facts);
}

static const char *access_conflict(enum matrix_role from, enum matrix_role to)
{
	if (is_reader(from) && is_without_access(to)) {
		return "mail is read from a server that keeps no mailboxes";
	}
	return is_transport(from) && to != MATRIX_ROLE_NONE
		       ? "a transport server reads mail"
		       : NULL;
}

static const char *gateway_conflict(const struct judge_case *judged)
{
	const bool is_sending = protocol_row(judged->observation->protocol)->is_sending;
	if (judge_role(&judged->from) == MATRIX_ROLE_INBOUND &&
		judge_is_outside(&judged->to)) {
		return is_sending ? "the inbound server sends to the Internet"
				  : "the inbound server reads mail in the Internet";
	}
	return judge_is_outside(&judged->from)
		       ? "the outbound server takes mail from the Internet"
		       : "the outbound server takes mail from no mail server";
}

/* Why the roles exclude the flow, or NULL when they do not. */
static const char *role_conflict(const struct judge_case *judged)
{
	const enum protocol protocol = judged->observation->protocol;
	if (judge_is_gateway_misused(&judged->from, &judged->to, protocol)) {
		return gateway_conflict(judged);
	}
	return judge_is_access(protocol) ? access_conflict(judge_role(&judged->from),
						   judge_role(&judged->to))
					 : NULL;
}

static bool note_accusation(const struct judge_case *judged, struct finding_note *note)
{
	const struct matrix_row *nearest = judged->result->nearest;
	char date[16];
	if (nearest == NULL) {
		return true;
	}
	if (judged->result->failed == MATRIX_CRITERION_EXPIRY) {
		return finding_note_set(note, "row %s expired on %s", nearest->id,
			finding_date(nearest->expires_s - 1, date));
	}
	if (judged->result->failed == MATRIX_CRITERION_TLS) {
		return finding_note_set(note, "row %s wants tls: %s", nearest->id,
			matrix_tls_name(nearest->tls));
	}
	return true;
}

static bool is_illegitimate(const struct judge_case *judged, bool is_sending)
{
	const enum protocol protocol = judged->observation->protocol;
	if (protocol_row(protocol)->is_sending != is_sending) {
		return false;
	}
	if (judge_is_accused(judged)) {
		return role_conflict(judged) == NULL && !judge_is_mere_attempt(judged);
	}
	return is_other_manner(judged) &&
	       !(judge_is_smtps(protocol) && judged->facts->tls == FACTS_TLS_IMPLICIT);
}

#define FAN_OUT_SERVERS 5

/* Past all our own servers, straight to somebody's MX. */
static bool is_direct_send(const struct judge_case *judged)
{
	return judged->observation->protocol == PROTOCOL_SMTP &&
	       !judge_is_internet(&judged->from) && !judge_is_server(&judged->from) &&
	       judge_is_outside(&judged->to);
}

/* Of the cloud that keeps our own mailboxes, past the gateway: named where DNS or the client did. */
static const char *own_tenant(const struct judge_case *judged)
{
	const struct host_names *names = &judged->observation->names[1];
	const char *sni = judged->facts->session.sni;
	for (unsigned i = 0; i < names->count; i++) { /* NAMES_OF_HOST */
		if (matrix_domain_of_tenant(judged->matrix, names->text[i])) {
			return names->text[i];
		}
	}
	return matrix_domain_of_tenant(judged->matrix, sni) ? sni : NULL;
}

static const char *direct_send(const struct judge_case *judged, char *text, size_t size)
{
	text[0] = '\0';
	if (!is_direct_send(judged)) {
		return text;
	}
	const char *tenant = judged->is_backward ? NULL : own_tenant(judged);
	(void)snprintf(text, size, "direct send to %.60s%s",
		tenant ? tenant : "a foreign server", tenant ? ", our own tenant" : "");
	return text;
}

/* One that sends to many servers delivers by itself: software made for that. */
static bool note_sender(const struct judge_case *judged, struct finding_note *note)
{
	const uint32_t reached = judge_memory_of(judged)->servers_reached;
	char text[104];
	const char *direct =
		note->detail ? direct_send(judged, text, sizeof(text)) : "";
	if (reached < FAN_OUT_SERVERS) {
		return note_accusation(judged, note) &&
		       (note->detail == NULL || note->detail[0] != '\0' ||
			       direct[0] == '\0' ||
			       finding_note_set(note, "%s", direct));
	}
	note->severity = SEVERITY_CRITICAL;
	return finding_note_set(note, "%s%s%u servers within an hour", direct,
		direct[0] != '\0' ? ", one of " : "", reached);
}

bool finding_sender_illegitimate(
	const struct judge_case *judged, struct finding_note *note)
{
	return is_illegitimate(judged, true) && note_sender(judged, note);
}

bool finding_flow_illegitimate(
	const struct judge_case *judged, struct finding_note *note)
{
	return is_illegitimate(judged, false) && note_accusation(judged, note);
}

bool finding_flow_role_mismatch(
	const struct judge_case *judged, struct finding_note *note)
{
	const char *conflict =
		judge_is_accused(judged) && !judge_is_mere_attempt(judged)
			? role_conflict(judged)
			: NULL;
	return conflict != NULL && finding_note_set(note, "%s", conflict);
}

/* A server answered: graver than a port that nobody answers on, and nothing was sent. */
static bool note_attempt(const struct judge_case *judged, struct finding_note *note)
{
	const char *helo = judged->facts->helo;
	note->severity = SEVERITY_MEDIUM;
	if (!judge_is_probe(judged->facts)) {
		const unsigned opening = judged->facts->opening;
		return finding_note_set(note, "%s, no mail taken",
			opening_name(opening != OPENING_NONE ? (enum opening)opening
							     : OPENING_LINE));
	}
	if (helo[0] == '\0') {
		return finding_note_set(note, "%s, nothing sent",
			judged->facts->has_client_bytes ? "no hello"
							: "the greeting alone");
	}
	return finding_note_set(note, "says hello as %.*s, nothing sent",
		(int)utf8_whole(helo, 64), helo);
}

bool finding_sender_attempt(const struct judge_case *judged, struct finding_note *note)
{
	const struct observation *observation = judged->observation;
	if (judge_is_accused(judged) && judge_is_mere_attempt(judged)) {
		return note_attempt(judged, note);
	}
	return observation->protocol == PROTOCOL_ATTEMPT &&
	       judged->result->allowed == MATRIX_NO &&
	       finding_note_set(
		       note, "port %u, %s", judged->port, observation->how_far);
}

/*
 * Without the wish for recursion: an undeclared resolver on its way down the tree, unless
 * a host that is none asks the Internet so.
 */
static bool is_resolver_at_work(const struct judge_case *judged)
{
	return judged->observation->is_lookup_iterative &&
	       (!is_reader(judge_role(&judged->from)) ||
		       !judge_is_outside(&judged->to));
}

/* A mail program that is set up finds the servers of its own domain: RFC 6186 section 4. */
static bool is_own_service(const struct judge_case *judged)
{
	const struct observation *observation = judged->observation;
	const char *name = observation->lookup_name;
	if (strcmp(observation->lookup, "SRV") != 0) {
		return false;
	}
	for (unsigned labels = 0; labels < 2 && name != NULL; labels++) {
		name = strchr(name, '.');
		name = name != NULL ? name + 1 : NULL;
	}
	return name != NULL && matrix_has_host_below(judged->matrix, name);
}

bool finding_sender_mx_lookup(
	const struct judge_case *judged, struct finding_note *note)
{
	const struct observation *observation = judged->observation;
	const struct matrix_end *from = &judged->from;
	return observation->lookup != NULL && !judge_is_server(from) &&
	       judge_role(from) != MATRIX_ROLE_RESOLVER && !judge_is_internet(from) &&
	       !is_resolver_at_work(judged) && !is_own_service(judged) &&
	       finding_note_set(note, "asks for the %s record of %s",
		       observation->lookup,
		       observation->lookup_name[0] != '\0' ? observation->lookup_name
							   : "the root");
}

/* MAPI over RPC has no port of its own: the endpoint mapper gives one. */
static bool is_own_port(enum protocol protocol, uint16_t port)
{
	switch (protocol) {
	case PROTOCOL_SMTP:
	case PROTOCOL_SUBMISSION:
		return protocol_owns_port(PROTOCOL_SMTP, port) ||
		       protocol_owns_port(PROTOCOL_SUBMISSION, port);
	case PROTOCOL_MAPI_RPC:
		return true;
	default:
		return protocol_owns_port(protocol, port);
	}
}

bool finding_port_unusual(const struct judge_case *judged, struct finding_note *note)
{
	const struct matrix_result *result = judged->result;
	const enum protocol protocol = judged->observation->protocol;
	if (!judge_is_mail(protocol) || judged->is_foreign ||
		result->allowed != MATRIX_NO) {
		return false;
	}
	if (result->failed == MATRIX_CRITERION_PORT && result->nearest != NULL) {
		return finding_note_set(note,
			"%s on port %u, which row %s does not allow",
			protocol_name(protocol), judged->port, result->nearest->id);
	}
	return result->failed < MATRIX_CRITERION_PORT &&
	       !is_own_port(protocol, judged->port) &&
	       finding_note_set(
		       note, "%s on port %u", protocol_name(protocol), judged->port);
}

bool finding_port_foreign(const struct judge_case *judged, struct finding_note *note)
{
	if (!judged->is_foreign && !judged->is_web_inside) {
		return false;
	}
	const struct observation *observation = judged->observation;
	const char *name = observation->foreign_name != NULL
				   ? observation->foreign_name
				   : protocol_name(observation->protocol);
	const char *owner = protocol_name(protocol_of_port(judged->port));
	if (judged->is_web_inside) {
		name = "HTTP in TLS (ALPN)";
	} else if (strcasecmp(name, owner) == 0) { /* nDPI goes by the port */
		name = "something else";
	}
	return finding_note_set(
		note, "%.40s on port %u, which is %s's", name, judged->port, owner);
}

/* RFC 8314 section 3.3: submission over implicit TLS is the preferred way for users. */
static bool is_submission_by_profile(const struct judge_case *judged)
{
	return judged->profile == MATRIX_PROFILE_RFC8314 &&
	       judge_role(&judged->to) == MATRIX_ROLE_SUBMISSION &&
	       !judge_is_server(&judged->from);
}

static bool is_submission_to_a_provider(const struct judge_case *judged)
{
	const struct matrix_result *result = judged->result;
	const struct matrix_row *row =
		matrix_waits_for_name(result) ? result->nearest : judged->row;
	return result->allowed != MATRIX_NO && row != NULL &&
	       judge_is_submission_outside(row, &judged->from, &judged->to);
}

bool finding_smtps_implicit(const struct judge_case *judged, struct finding_note *note)
{
	if (!judge_is_smtps(judged->observation->protocol) || judged->is_foreign ||
		is_submission_by_profile(judged) ||
		is_submission_to_a_provider(judged)) {
		return false;
	}
	if (judge_is_internet(&judged->from) || judge_is_internet(&judged->to)) {
		return finding_note_set(
			note, "port %u, one end is the Internet", judged->port);
	}
	if (judged->result->allowed != MATRIX_NO) {
		return false;
	}
	if (is_other_manner(judged)) {
		return note_accusation(judged, note);
	}
	return judged->result->failed < MATRIX_CRITERION_TLS &&
	       finding_note_set(note, "port %u", judged->port);
}

bool finding_zone_mailbox_misplaced(
	const struct judge_case *judged, struct finding_note *note)
{
	const enum protocol protocol = judged->observation->protocol;
	if (!judge_is_mail(protocol) || judged->is_foreign) {
		return false;
	}
	if (judged->facts->has_server_bytes && judge_is_misplaced(&judged->to)) {
		return finding_note_set(note, "%s serves from zone %s",
			judged->to.group->name, judged->to.zone->name);
	}
	return protocol_row(protocol)->is_sending &&
	       judge_is_misplaced(&judged->from) &&
	       finding_note_set(note, "%s sends from zone %s", judged->from.group->name,
		       judged->from.zone->name);
}

bool finding_zone_user_access_exposed(
	const struct judge_case *judged, struct finding_note *note)
{
	const enum matrix_role to = judge_role(&judged->to);
	if (!judge_is_access(judged->observation->protocol) || judged->is_foreign ||
		!judge_is_internet(&judged->from) ||
		(to != MATRIX_ROLE_MAILBOX && to != MATRIX_ROLE_PROXY)) {
		return false;
	}
	const char *name = protocol_name(judged->observation->protocol);
	const struct matrix_row *row = judged->result->row;
	if (judged->result->allowed != MATRIX_NO && row != NULL) {
		note->severity = SEVERITY_LOW;
		return finding_note_set(note, "%s, declared by row %s", name, row->id);
	}
	return finding_note_set(
		note, "%s to %.60s from the Internet", name, judged->to.group->name);
}

/* Who carries what the client says is the sender: told once that is known. */
bool finding_tunnel_mail(const struct judge_case *judged, struct finding_note *note)
{
	const struct observation *observation = judged->observation;
	char client[ADDRESS_TEXT_BYTES];
	char server[ADDRESS_TEXT_BYTES];
	return judge_is_mail(observation->protocol) && !judged->is_foreign &&
	       (observation->way.is_of_client || observation->is_ended) &&
	       finding_note_set(note, "%s inside, %s:%u -> %s:%u",
		       protocol_name(observation->protocol),
		       address_text(&observation->client, client),
		       observation->client_port,
		       address_text(&observation->server, server),
		       observation->server_port);
}
