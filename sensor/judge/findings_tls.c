/* The findings about clear text, STARTTLS and the quality of TLS (R41, R42, R42+). */
#include "judge/findings.h"

#include "analyze/tls.h"

#include <stdio.h>

#define US_PER_S 1000000

bool finding_tls_missing(const struct judge_case *judged, struct finding_note *note)
{
	const struct matrix_row *row = judged->row;
	if (!judge_is_row_wanting_tls(row)) {
		return false;
	}
	if (facts_is_content_clear(judged->facts)) {
		return finding_note_set(note, "%s in clear",
			judged->facts->has_content_clear ? "content"
			: judged->facts->auth_tried == 0 ? "a login"
							 : "credentials");
	}
	return row->tls == MATRIX_TLS_IMPLICIT &&
	       judged->facts->tls == FACTS_TLS_NONE &&
	       judged->result->allowed == MATRIX_NO &&
	       judged->result->failed == MATRIX_CRITERION_TLS &&
	       finding_note_set(note, "row %s wants TLS from the first byte", row->id);
}

/* Waits for the server's answer, which tells a guess from a login. */
bool finding_tls_credentials_clear(
	const struct judge_case *judged, struct finding_note *note)
{
	static const char *const OUTCOMES[] = {
		[FACTS_UNKNOWN] = "outcome not seen",
		[FACTS_NO] = "rejected",
		[FACTS_YES] = "accepted",
	};
	const struct facts *facts = judged->facts;
	const bool is_settled =
		facts->auth_accepted != FACTS_UNKNOWN || judged->observation->is_ended;
	char names[FACTS_MECHANISMS_BYTES];
	if (facts->auth_secret == 0 || !is_settled || note->detail == NULL) {
		return facts->auth_secret != 0 && is_settled;
	}
	return finding_note_set(note, "%s, %s",
		facts_mechanism_names(facts->auth_secret, names),
		OUTCOMES[facts->auth_accepted]);
}

/* EHLO was refused to this client, and it is back with HELO, which asks for no list. */
static bool is_back_with_helo(const struct judge_case *judged)
{
	return judged->facts->is_helo_only &&
	       judge_memory_of(judged)->ehlo_denied_us != 0 &&
	       !judge_is_encrypted(judged->facts);
}

/* The same server offered it before, and this time the line is gone without a trace. */
static bool has_vanished(const struct judge_case *judged)
{
	return judge_memory_of(judged)->starttls_offered_us != 0 &&
	       (judge_is_starttls_absent(judged->facts) || is_back_with_helo(judged));
}

/*
 * Servers offer it by the client's address (Exchange's receive connectors, Postfix's
 * smtpd_discard_ehlo_keyword_address_maps): what was never seen offered to this client
 * nobody is known to have taken away. Where the row wants TLS, or EHLO itself is refused, it
 * makes no difference.
 */
static bool is_offer_of_others(const struct judge_case *judged)
{
	return judge_memory_of(judged)->is_starttls_of_others &&
	       judged->facts->starttls_offered == FACTS_NO &&
	       !judged->facts->is_helo_only && !judged->facts->is_ehlo_refused &&
	       !judge_is_row_wanting_tls(judged->row);
}

/* The same server offered it before, and that is told of this flow. */
static bool is_vanished_offer(const struct judge_case *judged)
{
	return has_vanished(judged) &&
	       !(is_offer_of_others(judged) &&
		       judge_memory_of(judged)->is_starttls_partly);
}

/* It was asked for as the RFC has it, and refused by a server that granted it before. */
static bool is_refused_anew(const struct judge_case *judged)
{
	const struct facts *facts = judged->facts;
	return judge_memory_of(judged)->starttls_uses > 0 &&
	       (facts->starttls & FACTS_STARTTLS_REFUSED) != 0 &&
	       (facts->starttls & FACTS_STARTTLS_MISPLACED) == 0 &&
	       !judge_is_encrypted(facts);
}

/*
 * A list had the offer, and the command came overwritten. Anybody can write that: it
 * counts from a host that the matrix declares.
 */
static bool is_verb_masked(const struct judge_case *judged)
{
	const struct facts *facts = judged->facts;
	return (facts->starttls & FACTS_STARTTLS_MASKED_VERB) != 0 &&
	       facts->starttls_offered == FACTS_YES && judged->from.group != NULL &&
	       !judged->from.is_named && !judge_is_encrypted(facts);
}

static bool is_masked(const struct judge_case *judged)
{
	return judge_is_starttls_masked(judged->facts) || is_verb_masked(judged);
}

/*
 * What is missing from one list of capabilities may stand in the next (XCLIENT, a greeting
 * by somebody in front of the server): wait until the client does without, or goes. What
 * one end says in mid-stream, to a client that was not heard, anybody may have sent.
 */
static bool is_offer_settled(const struct judge_case *judged)
{
	const struct facts *facts = judged->facts;
	const bool is_claim = facts->is_midstream && !facts->has_client_bytes;
	return !is_claim &&
	       (judged->observation->is_ended || facts_is_content_clear(facts));
}

/*
 * Where STARTTLS is due: the row wants TLS or its offer; or no row speaks of these two
 * mail servers and the target is ours (R42 asks it of every SMTP server).
 */
static bool is_starttls_due(const struct judge_case *judged)
{
	const struct matrix_row *row = judged->row;
	if (row != NULL) {
		return row->tls == MATRIX_TLS_REQUIRED ||
		       row->tls == MATRIX_TLS_STARTTLS ||
		       row->tls == MATRIX_TLS_OFFERED;
	}
	return judge_is_between_servers(judged) && judge_is_server(&judged->to);
}

bool finding_starttls_not_offered(
	const struct judge_case *judged, struct finding_note *note)
{
	const struct facts *facts = judged->facts;
	if (facts->starttls_offered != FACTS_NO || facts->is_preauth ||
		is_masked(judged) || judge_is_encrypted(facts) ||
		is_vanished_offer(judged) || !is_offer_settled(judged) ||
		!is_starttls_due(judged)) {
		return false;
	}
	return facts->banner_host[0] == '\0' ||
	       finding_note_set(note, "server calls itself %s", facts->banner_host);
}

/*
 * RFC 3207 section 4.1: whether to go on in clear is the client's choice. It may ask once
 * more and be granted it, or leave: then the server failed, and nothing crossed.
 */
bool finding_starttls_refused(
	const struct judge_case *judged, struct finding_note *note)
{
	const struct facts *facts = judged->facts;
	const bool is_clear = facts_is_content_clear(facts);
	if ((facts->starttls & FACTS_STARTTLS_REFUSED) == 0 ||
		!(is_clear || judged->observation->is_ended) ||
		facts->tls == FACTS_TLS_STARTTLS ||
		facts->starttls_offered == FACTS_NO || is_masked(judged) ||
		(is_clear && is_refused_anew(judged)) || !is_starttls_due(judged)) {
		return false;
	}
	if (is_clear) {
		return true;
	}
	note->severity = SEVERITY_LOW;
	return finding_note_set(note, "nothing was sent in clear");
}

/*
 * Where the client owes it: the row wants TLS; or one of our servers hands mail to the
 * Internet. A row may let it go in clear to servers that offer none, but R42 has STARTTLS
 * switched on in ours.
 */
static bool is_starttls_use_due(const struct judge_case *judged)
{
	const struct matrix_row *row = judged->row;
	if (row == NULL) {
		return false;
	}
	return row->tls == MATRIX_TLS_REQUIRED || row->tls == MATRIX_TLS_STARTTLS ||
	       (judge_is_opportunistic(judged) && judge_is_server(&judged->from) &&
		       judge_is_outside(&judged->to));
}

/* After PREAUTH STARTTLS is not allowed (RFC 9051 section 6.2.1): not the client's fault. */
bool finding_starttls_unused(const struct judge_case *judged, struct finding_note *note)
{
	const struct facts *facts = judged->facts;
	(void)note;
	return facts->starttls_offered == FACTS_YES && facts->has_client_bytes &&
	       !facts->is_preauth &&
	       (facts->starttls & FACTS_STARTTLS_REQUESTED) == 0 &&
	       facts->tls == FACTS_TLS_NONE && !is_masked(judged) &&
	       facts_is_content_clear(facts) && is_starttls_use_due(judged);
}

/* Offered before, and now gone: since when and how often. */
static bool note_vanished(const struct judge_case *judged, struct finding_note *note)
{
	const struct judge_memory *memory = judge_memory_of(judged);
	const char *now = judged->facts->is_ehlo_refused ? "EHLO is refused"
			  : is_back_with_helo(judged)
				  ? "EHLO was refused, and the client is back with HELO"
			  : is_offer_of_others(judged)
				  ? "not to this client, which never had it"
				  : "gone";
	char first[16];
	char last[16];
	if (note->detail == NULL) {
		return true;
	}
	(void)finding_date((int64_t)(memory->starttls_first_us / US_PER_S), first);
	(void)finding_date((int64_t)(memory->starttls_offered_us / US_PER_S), last);
	const bool is_one_day = strcmp(first, last) == 0;
	return finding_note_set(note,
		"offered in %u earlier flow%s%s%s, last %s; now %s",
		memory->starttls_offers, memory->starttls_offers == 1 ? "" : "s",
		is_one_day ? "" : " since ", is_one_day ? "" : first, last, now);
}

/*
 * Gone for several clients in a row it may as well have been switched off; refused, the
 * server may have trouble of its own.
 */
bool finding_starttls_stripped(
	const struct judge_case *judged, struct finding_note *note)
{
	const uint32_t uses = judge_memory_of(judged)->starttls_uses;
	if (!is_offer_settled(judged)) {
		return false;
	}
	if (is_masked(judged)) {
		return finding_note_set(
			note, "keyword or command overwritten: a middlebox");
	}
	if (is_vanished_offer(judged)) {
		if (is_offer_of_others(judged)) {
			note->severity = SEVERITY_MEDIUM;
		} else if (judge_memory_of(judged)->starttls_missed_by > 1) {
			note->severity = SEVERITY_HIGH;
		}
		return note_vanished(judged, note);
	}
	note->severity = SEVERITY_HIGH;
	return is_refused_anew(judged) && facts_is_content_clear(judged->facts) &&
	       finding_note_set(note, "used in %u earlier flow%s, now refused", uses,
		       uses == 1 ? "" : "s");
}

/*
 * Where a handshake failed the client may say so, and leave; what it was for has to follow in
 * clear.
 */
static bool is_clear_after(const struct facts *facts)
{
	return (facts->starttls & FACTS_STARTTLS_CLEAR_AFTER) != 0 &&
	       ((facts->starttls & FACTS_STARTTLS_FAILED) == 0 ||
		       facts_is_content_clear(facts));
}

bool finding_starttls_injection(
	const struct judge_case *judged, struct finding_note *note)
{
	const unsigned seen = judged->facts->starttls;
	if ((seen & FACTS_STARTTLS_INJECTED_CLIENT) != 0) {
		return finding_note_set(note, "client bytes pipelined behind STARTTLS");
	}
	if ((seen & FACTS_STARTTLS_INJECTED_SERVER) != 0) {
		return finding_note_set(note, "clear server bytes after the go-ahead");
	}
	return is_clear_after(judged->facts) &&
	       finding_note_set(
		       note, "the dialogue went on in clear after the go-ahead");
}

bool finding_tls_version_obsolete(
	const struct judge_case *judged, struct finding_note *note)
{
	const uint16_t version = judged->facts->session.version;
	const uint16_t wanted = judged->row != NULL ? judged->row->min_tls : 0;
	if (version == 0) {
		return false;
	}
	if (wanted != 0 && version < wanted) {
		return finding_note_set(note, "%s, row %s asks %s",
			tls_version_name(version), judged->row->id,
			tls_version_name(wanted));
	}
	if (version >= 0x0303) {
		return false;
	}
	finding_note_grade(judged, note, SEVERITY_MEDIUM);
	return finding_note_set(note, "%s", tls_version_name(version));
}

/*
 * The version has its own finding, so grade the suite as if TLS 1.2 spoke it; that CBC
 * is not the best there is (B) was no choice of an older version.
 */
static enum severity suite_severity(const struct facts_tls_session *session)
{
	const bool is_lifted = session->version < 0x0303;
	const uint16_t version = is_lifted ? 0x0303 : session->version;
	switch (tls_grade(version, session->cipher_suite, session->dh_bits)) {
	case TLS_GRADE_B:
		return is_lifted ? SEVERITY_NONE : SEVERITY_LOW;
	case TLS_GRADE_C:
		return SEVERITY_MEDIUM;
	case TLS_GRADE_F:
		return SEVERITY_HIGH;
	default:
		return SEVERITY_NONE;
	}
}

bool finding_tls_cipher_weak(const struct judge_case *judged, struct finding_note *note)
{
	const struct facts_tls_session *session = &judged->facts->session;
	if (session->version == 0 || session->cipher_suite == 0) {
		return false;
	}
	const enum severity strict = suite_severity(session);
	if (strict == SEVERITY_NONE) {
		return false;
	}
	finding_note_grade(judged, note, strict);
	const char *name = tls_cipher_name(session->cipher_suite);
	if (name == NULL) {
		return finding_note_set(note, "suite 0x%04x", session->cipher_suite);
	}
	if (session->dh_bits > 0 && session->dh_bits < 2048) {
		return finding_note_set(
			note, "%s, DH of %u bits", name, session->dh_bits);
	}
	return finding_note_set(note, "%s", name);
}

bool finding_tls_client_certificate_missing(
	const struct judge_case *judged, struct finding_note *note)
{
	return judged->row != NULL && judged->row->is_client_certificate_required &&
	       judge_is_client_certificate_absent(judged->facts) &&
	       finding_note_set(note, "row %s asks for one, %s", judged->row->id,
		       judged->facts->session.is_client_certificate_asked
			       ? "the client gave none"
			       : "the server did not ask");
}

bool finding_requiretls_clear(
	const struct judge_case *judged, struct finding_note *note)
{
	(void)note;
	return judged->facts->has_requiretls_clear;
}

/* What was tried is worth telling whatever came of it: the next server may be another. */
bool finding_smtp_smuggling(const struct judge_case *judged, struct finding_note *note)
{
	static const char *const SEEN[] = {
		[FACTS_SMUGGLING_TRIED] = "; the server took one message",
		[FACTS_SMUGGLING_TAKEN] = "; the server took the commands behind it",
		[FACTS_SMUGGLING_BURST] = ", in one burst with the envelope",
	};
	const unsigned seen = judged->facts->smuggling;
	return seen != FACTS_SMUGGLING_NONE &&
	       finding_note_set(note, "an end of data without CRLF around the dot%s",
		       SEEN[seen]);
}
