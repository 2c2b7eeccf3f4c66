#include "observed/rejudge.h"

/* Those that a verdict depends on; what nobody saw is as at the start of a flow. */
static void fill_facts(const struct sighting *sighting, struct facts *facts)
{
	const unsigned shown = sighting->shown;
	struct facts_tls_session *session = &facts->session;
	struct facts_certificate *certificate = &session->server_certificate;
	facts->protocol = (enum protocol)sighting->protocol;
	facts->tls = (enum facts_tls)sighting->tls;
	facts->starttls_offered = (enum facts_answer)sighting->starttls_offered;
	facts->has_content_clear = (shown & SIGHTING_CONTENT_CLEAR) != 0;
	/* else it is neither of the two */
	facts->has_server_bytes = (shown & (SIGHTING_PROBE | SIGHTING_OTHER_TALK)) != 0;
	facts->is_other_talk = (shown & SIGHTING_OTHER_TALK) != 0;
	facts->has_said_more = facts->is_other_talk;
	facts->is_turned = (shown & SIGHTING_TURNED) != 0;
	facts->rpc_protection = sighting->rpc_protection;
	session->version = sighting->tls_version;
	session->is_established = (shown & SIGHTING_ESTABLISHED) != 0;
	if ((shown & SIGHTING_CLIENT_CERTIFICATE) != 0) {
		session->client_certificate = FACTS_YES;
	} else if ((shown & SIGHTING_NO_CLIENT_CERTIFICATE) != 0) {
		session->client_certificate = FACTS_NO;
	}
	memcpy(session->sni, sighting->sni, sizeof(session->sni));
	certificate->visibility = (enum facts_visibility)sighting->certificate;
	certificate->name_matches =
		(shown & SIGHTING_CERTIFICATE_FITS) != 0 ? FACTS_YES : FACTS_UNKNOWN;
	certificate->is_self_signed = (shown & SIGHTING_CERTIFICATE_SELF_SIGNED) != 0;
	memcpy(certificate->names, sighting->certificate_names,
		sizeof(certificate->names));
}

static void fill_name(const char *text, bool is_asked, struct host_names *names)
{
	if (text[0] != '\0') {
		names->text[0] = text;
		names->count = 1;
		names->asked = is_asked;
	}
}

/* A tunnel that this matrix does not declare, or that nobody remembers, is a claim. */
static void fill_way(const struct matrix *matrix, const struct way *way,
	struct observation *observation)
{
	const struct matrix_tunnel *declared =
		way->depth > 0 ? matrix_tunnel_of(matrix, &way->tunnel) : NULL;
	observation->way = *way;
	if (declared) {
		observation->way.tag &= ~WAY_FOREIGN;
		observation->zone_inside = declared->zone;
	} else if (way->tag != 0) {
		observation->way.tag |= WAY_FOREIGN;
	}
}

void rejudge_fill(const struct matrix *matrix, const struct sighting *sighting,
	uint64_t now_us, struct rejudge_flow *flow)
{
	static const struct flow_ambiguity AMBIGUITY = {.doubt = FLOW_DOUBT_NONE};
	const unsigned shown = sighting->shown;
	const bool is_attempt = sighting->protocol == PROTOCOL_ATTEMPT;
	flow->facts = (struct facts){.protocol = PROTOCOL_UNKNOWN};
	flow->observation = (struct observation){
		.facts = is_attempt ? NULL : &flow->facts,
		.protocol = (enum protocol)sighting->protocol,
		.client = sighting->client,
		.server = sighting->server,
		.client_port = sighting->client_port,
		.server_port = sighting->server_port,
		.confidence = (enum direction_confidence)sighting->confidence,
		.is_ended = true,
		.is_mail_by_name = (shown & SIGHTING_BY_NAME) != 0,
		.ambiguity = (shown & SIGHTING_AMBIGUOUS) != 0 ? &AMBIGUITY : NULL,
		.now_us = now_us > 0 ? now_us : sighting->time_us,
	};
	fill_way(matrix, &sighting->way, &flow->observation);
	if (!is_attempt) {
		fill_facts(sighting, &flow->facts);
	}
	fill_name(sighting->names[0], (shown & SIGHTING_CLIENT_NAME_ASKED) != 0,
		&flow->observation.names[0]);
	fill_name(sighting->names[1], (shown & SIGHTING_SERVER_NAME_ASKED) != 0,
		&flow->observation.names[1]);
}

void rejudge_sighting(const struct matrix *matrix, const struct sighting *sighting,
	uint64_t now_us, struct judgement *judgement)
{
	struct rejudge_flow flow;
	rejudge_fill(matrix, sighting, now_us, &flow);
	judge_flow_briefly(matrix, &flow.observation, judgement);
}
