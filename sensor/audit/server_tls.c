/* Which versions and suites of TLS a server takes when nothing else is offered. */
#include "audit/server_visit.h"

#include "analyze/tls.h"

#include <stdio.h>
#include <string.h>

static const struct version_row {
	enum tls_offer offer;
	uint16_t version;
} VERSIONS[] = {{TLS_OFFER_1_0, 0x0301}, {TLS_OFFER_1_1, 0x0302},
	{TLS_OFFER_1_2, 0x0303}, {TLS_OFFER_1_3, 0x0304}};

#define VERSION_COUNT (sizeof(VERSIONS) / sizeof(VERSIONS[0]))

/* PROBE_DONE: it is taken; PROBE_REFUSED: it is not. */
static enum probe_result try_offer(struct server_visit *visit, enum tls_offer offer)
{
	if (!tls_offers_can(visit->asking->offers, offer)) {
		(void)reason_set(&visit->link.why, "the TLS library here has none");
		return PROBE_ODD;
	}
	if (server_visit_is_over(visit)) {
		(void)reason_set(&visit->link.why, "its answers take too long");
		return PROBE_LATE;
	}
	const enum probe_result result =
		server_visit_open(visit, SERVER_STAGE_TLS, offer);
	if (result == PROBE_DONE) {
		server_visit_leave(visit);
	}
	return result;
}

static void add_word(char *list, size_t size, const char *word)
{
	const size_t used = strlen(list);
	(void)snprintf(list + used, size - used, "%s%s", used > 0 ? ", " : "", word);
}

void server_ask_versions(struct server_visit *visit)
{
	char low[64] = "";
	char unknown[64] = "";
	struct reason why = {.text = ""};
	enum probe_result result = PROBE_ODD;
	for (size_t i = 0; i < VERSION_COUNT; i++) {
		const struct version_row *row = &VERSIONS[i];
		result = try_offer(visit, row->offer);
		if (row->version >= visit->target->min_tls) {
			continue;
		}
		if (result == PROBE_DONE) {
			add_word(low, sizeof(low), tls_version_name(row->version));
		} else if (result != PROBE_REFUSED) {
			add_word(unknown, sizeof(unknown),
				tls_version_name(row->version));
			why = visit->link.why;
		}
	}
	const char *also = unknown[0] != '\0' ? "; could not be asked: " : "";
	if (low[0] != '\0') {
		server_tell(visit, SERVER_TLS_LOWEST, AUDIT_NO, "%s accepted%s%s", low,
			also, unknown);
	} else if (unknown[0] != '\0') {
		server_tell(visit, SERVER_TLS_LOWEST, AUDIT_UNASKED, "%s: %.120s",
			unknown, why.text);
	} else {
		server_tell(visit, SERVER_TLS_LOWEST, AUDIT_YES,
			"%s is the lowest allowed; SSL 3.0 cannot be offered from here",
			tls_version_name(visit->target->min_tls));
	}
	/* the last one */
	server_tell(visit, SERVER_TLS_1_3,
		result == PROBE_DONE      ? AUDIT_YES
		: result == PROBE_REFUSED ? AUDIT_NO
					  : AUDIT_UNASKED,
		"%s",
		result == PROBE_DONE || result == PROBE_REFUSED ? ""
								: visit->link.why.text);
}

void server_ask_weak_suites(struct server_visit *visit)
{
	const enum probe_result result = try_offer(visit, TLS_OFFER_WEAK);
	if (result == PROBE_DONE) {
		server_tell(visit, SERVER_SUITES_WEAK, AUDIT_NO,
			"one without forward secrecy, encryption or authentication, or "
			"with 3DES, is accepted when nothing better is offered");
	} else if (result == PROBE_REFUSED) {
		server_tell(visit, SERVER_SUITES_WEAK, AUDIT_YES, "%s", "");
	} else {
		server_tell(visit, SERVER_SUITES_WEAK, AUDIT_UNASKED, "%s",
			visit->link.why.text);
	}
}
