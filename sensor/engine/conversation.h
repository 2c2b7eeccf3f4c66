/*
 * engine/conversation - one watched flow from its first byte to its record.
 *
 * Joins classify, analyze and judge: holds the prefix while the protocol is unknown,
 * the dialogue after. Lives in the flow's area. Private to engine/.
 */
#pragma once

#include "analyze/dialogue.h"
#include "analyze/endpoint_map.h"
#include "classify/classify.h"
#include "classify/second_opinion.h"
#include "engine/engine.h"
#include "engine/timeline.h"
#include "judge/ledger.h"
#include "judge/structure.h"

enum conversation_phase {
	CONVERSATION_CLASSIFY = 0,
	CONVERSATION_DIALOGUE, /* mail, or TLS that may be */
	CONVERSATION_FOREIGN,  /* not mail, on a mail port: wait for its name */
};

struct conversation {
	enum conversation_phase phase;
	bool is_settled; /* the facts are final */
	bool is_opinion_closed;
	bool is_safe;       /* nothing it may still show would be blocked */
	bool is_to_relay;   /* its messages are remembered one by one */
	bool is_start_lost; /* bytes in front of what was recognised are missing */
	uint16_t source;
	uint64_t judged_facts; /* verdicts_facts when last judged; 0: never */
	uint64_t reported;     /* findings given out, FINDING_BIT of each */
	uint32_t learnt;       /* of facts->transaction_count, by structure */
	uint32_t dropped[2];   /* bytes behind a full prefix, by side */
	struct second_opinion_flow *opinion;
	const char *opinion_name;
	struct classification classification;
	union {
		struct prefix prefix;
		struct dialogue dialogue;
	};
};

/*
 * Servers whose mail nDPI was asked about lately: asking costs more than all our own
 * analysis, and its answer about one server hardly changes from flow to flow.
 */
#define OPINIONS_ASKED_SLOTS 4096 /* by server address and port, one way associative */
#define OPINIONS_ASKED_FIRST 4    /* flows of a server that are all asked about */
#define OPINIONS_ASKED_EVERY 64   /* then one flow in so many */

struct opinions_asked {
	struct address server;
	uint16_t port;
	uint16_t protocol; /* enum protocol; another one starts anew */
	uint32_t flows;
};

struct engine {
	struct engine_settings settings;
	struct engine_outputs outputs;
	struct decoder *decoder;
	struct flow_table *flows;
	struct second_opinion *opinion;
	struct opinions_asked asked[OPINIONS_ASKED_SLOTS];
	struct tls_context tls;
	struct endpoint_map endpoints;
	struct fold *fold;
	struct ledger *ledger;
	struct structure *structure;
	struct timeline timeline; /* of all frames taken */
	uint64_t now_us;          /* when the packet at hand came */
	uint64_t frames;
	uint64_t frame_bytes;
	uint64_t packets_udp;
	uint64_t mail_flows;
	uint64_t attempts;
	uint64_t alerts;
	uint64_t folded;
	uint64_t sequence;
	uint32_t source;
	struct judge_memory memory; /* for the flow at hand */
	/* of the flow at hand: too large for the stack of every call */
	struct judgement judgement;
};

bool conversation_opened(void *context, struct flow *flow, uint64_t now_us);
void conversation_bytes(
	void *context, struct flow *flow, unsigned side, struct text bytes);
void conversation_gap(
	void *context, struct flow *flow, unsigned side, uint64_t missing);
void conversation_ended(void *context, struct flow *flow, enum flow_end end);

/* A packet of a watched flow, for the second opinion. */
void conversation_packet(
	struct engine *engine, struct flow *flow, const struct packet *packet);
