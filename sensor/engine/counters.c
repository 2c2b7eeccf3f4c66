#include "engine/counters.h"

#include "engine/private.h"

#include <string.h>

/* The first of ENGINE_COUNTERS_MAX; the others are of flows. */
#define ENGINE_DECODE_COUNTERS_MAX 48

/* What was not looked into, by kind: frames, and their bytes (engine/blindness). */
#define BLIND(name, kind)                                         \
	{"blind." name, decode->blind[kind].frames},              \
	{                                                         \
		"blind." name "_bytes", decode->blind[kind].bytes \
	}

/* Of frames and what was found in them. */
static size_t decode_counters(const struct engine *engine, struct counter *list)
{
	const struct decode_counters *decode = decoder_counters(engine->decoder);
	const struct counter all[] = {
		{"frames", engine->frames},
		{"bytes", engine->frame_bytes},
		{"packets.udp", engine->packets_udp},
		{"decode.ok", decode->results[DECODE_OK]},
		{"decode.unwanted", decode->results[DECODE_UNWANTED]},
		{"decode.fragment", decode->results[DECODE_FRAGMENT]},
		{"decode.truncated", decode->results[DECODE_TRUNCATED]},
		{"decode.malformed", decode->results[DECODE_MALFORMED]},
		{"decode.too_deep", decode->results[DECODE_TOO_DEEP]},
		{"decode.checksum", decode->results[DECODE_CHECKSUM]},
		{"decode.unknown_link", decode->results[DECODE_UNKNOWN_LINK]},
		{"decode.fragments_reassembled", decode->fragments_reassembled},
		{"decode.fragments_overlapping", decode->fragments_overlapping},
		{"decode.fragments_evicted", decode->fragments_evicted},
		BLIND("esp", DECODE_BLIND_ESP),
		BLIND("macsec", DECODE_BLIND_MACSEC),
		BLIND("ethertype", DECODE_BLIND_ETHERTYPE),
		BLIND("protocol", DECODE_BLIND_PROTOCOL),
		BLIND("udp", DECODE_BLIND_UDP),
		BLIND("nat_t", DECODE_BLIND_NAT_T),
		BLIND("capwap", DECODE_BLIND_CAPWAP),
		BLIND("wireguard", DECODE_BLIND_WIREGUARD),
		BLIND("openvpn", DECODE_BLIND_OPENVPN),
		BLIND("quic", DECODE_BLIND_QUIC),
		BLIND("gre", DECODE_BLIND_GRE),
		BLIND("ppp", DECODE_BLIND_PPP),
		BLIND("too_deep", DECODE_BLIND_TOO_DEEP),
		BLIND("cut", DECODE_BLIND_CUT),
		BLIND("link", DECODE_BLIND_LINK),
		/* flows, where those above are frames */
		{"blind.socks", engine->opaque[ENGINE_OPAQUE_SOCKS]},
		{"blind.websocket", engine->opaque[ENGINE_OPAQUE_WEBSOCKET]},
		{"blind.http2", engine->opaque[ENGINE_OPAQUE_HTTP2]},
		{"blind.compressed", engine->opaque[ENGINE_OPAQUE_COMPRESSED]},
	};
	_Static_assert(sizeof(all) / sizeof(all[0]) <= ENGINE_DECODE_COUNTERS_MAX,
		"what follows has no room");
	memcpy(list, all, sizeof(all));
	return sizeof(all) / sizeof(all[0]);
}

size_t engine_counters(const struct engine *engine, struct counter *list)
{
	const struct flow_counters *flow = flow_table_counters(engine->flows);
	const struct names_counters *names = names_counters(engine->names);
	const size_t count = decode_counters(engine, list);
	const struct counter all[] = {
		{"flow.opened", flow->opened},
		{"flow.closed", flow->ended[FLOW_END_CLOSED]},
		{"flow.reset", flow->ended[FLOW_END_RESET]},
		{"flow.reused", flow->ended[FLOW_END_REUSED]},
		{"flow.idle", flow->ended[FLOW_END_IDLE]},
		{"flow.evicted", flow->ended[FLOW_END_EVICTED]},
		{"flow.drained", flow->ended[FLOW_END_DRAINED]},
		{"flow.midstream", flow->midstream},
		{"flow.unwatched", flow->unwatched},
		{"tcp.retransmitted", flow->retransmitted},
		{"tcp.out_of_order", flow->out_of_order},
		{"tcp.out_of_window", flow->out_of_window},
		{"tcp.overlaps_conflicting", flow->overlaps_conflicting},
		{"tcp.gaps", flow->gaps},
		{"tcp.gap_bytes", flow->gap_bytes},
		{"tcp.segments_refused", flow->segments_refused},
		{"tcp.set_aside", flow->set_aside},
		{"tcp.not_taken", flow->not_taken},
		{"tcp.ambiguous", flow->ambiguous},
		{"tls.handshakes_refused", engine->tls.handshakes_refused},
		{"ledger.given_up", ledger_given_up(engine->ledger)},
		{"structure.given_up", structure_given_up(engine->structure)},
		{"dns.answers", names->answers},
		{"dns.unasked", names->unasked},
		{"dns.not_believed", names->not_believed},
		{"dns.refused", names->refused},
		{"mail.flows", engine->mail_flows},
		{"mail.attempts", engine->attempts},
		{"alerts.accepted", engine->accepted},
		{"alerts.given", engine->alerts},
		{"alerts.folded", engine->folded},
	};
	_Static_assert(sizeof(all) / sizeof(all[0]) <=
			       ENGINE_COUNTERS_MAX - ENGINE_DECODE_COUNTERS_MAX,
		"who asks has no room for more");
	memcpy(list + count, all, sizeof(all));
	return count + sizeof(all) / sizeof(all[0]);
}
