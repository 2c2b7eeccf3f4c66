/*
 * engine/private - what the files of this folder share: the engine itself, the
 * conversation of a watched flow, and the way to get at it. For nobody else; engine.h
 * is the door.
 *
 * The life of a conversation. It lives in its flow's area, from the first payload
 * (conversation_opened) until the flow is released or has ended; then the area is
 * another flow's.
 *
 *  phase     holds     left in          to        when
 *  --------  --------  ---------------  --------  ----------------------------------
 *  CLASSIFY  prefix    _bytes, _ended   DIALOGUE  mail, TLS, RPC or HTTP is recognised
 *                                       LOOKUPS   a query, on the port of DNS
 *                                       FOREIGN   another protocol on a mail port
 *                                       GONE      anything else
 *  DIALOGUE  dialogue  _bytes           SETTLED   its facts are final
 *                      _bytes           CLASSIFY  the server never went along, or a
 *                                                 proxy opened the way for another
 *                      _bytes, _ended   FOREIGN   not mail after all, on a mail port
 *                                       GONE      the same elsewhere
 *                      _ended           GONE      told as mail
 *  SETTLED   dialogue  _ended           GONE      told as mail
 *  FOREIGN   nothing   _packet, _ended  GONE      told under the name it has by then
 *  LOOKUPS   lookups   _bytes           CLASSIFY  a side does not speak DNS
 *                      _gap, _ended     GONE      a query was lost, or all were read
 *  GONE      no area                              never: its flow is only counted
 *
 * A connection of the web is GONE between two requests as well; _opened begins it again,
 * as a DIALOGUE (engine/web).
 *
 * One call may go several steps. FOREIGN is waited in for the second opinion only; where
 * there is none to wait for it is told at once and GONE. What may change the phase takes
 * a struct watch and returns the phase that holds behind it; what the phase before held
 * is gone with it. Behind _ended the area is not the conversation's any more.
 *
 * Where packets wait for our word, passage_tell may end a conversation from outside:
 * it has a blocked flow cut (_ended is called), or one whose packets vanish muted (it
 * stays in its phase until its end, and gets no byte more).
 */
#pragma once

#include "analyze/dialogue.h"
#include "analyze/dns.h"
#include "analyze/endpoint_map.h"
#include "base/quota.h"
#include "classify/classify.h"
#include "classify/second_opinion.h"
#include "decode/decode.h"
#include "engine/engine.h"
#include "engine/record.h"
#include "engine/timeline.h"
#include "engine/ways.h"
#include "judge/asked.h"
#include "judge/structure.h"

#include <assert.h>

enum conversation_phase {
	CONVERSATION_CLASSIFY = 0, /* nobody knows yet what it is */
	CONVERSATION_DIALOGUE,     /* mail, or TLS that may be */
	CONVERSATION_SETTLED, /* the same, and no byte of it is looked at any more */
	CONVERSATION_FOREIGN, /* not mail, on a mail port: waits for its name */
	CONVERSATION_LOOKUPS, /* queries to a name server, one after the other */
	CONVERSATION_GONE,    /* returned, never stored: there is no conversation */
} __attribute__((packed));

#define CACHE_LINE_BYTES 64

/* One side went on for so long and nothing was recognised: what was said first must do. */
#define CONVERSATION_BULK_BYTES (UINT32_C(16) << 10)

/* What a name server is asked over TCP, and what it answers. */
struct lookups {
	struct dns_stream queries;
	struct dns_stream answers;
	uint8_t query[DNS_QUERY_BYTES];
	uint8_t answer[DNS_ANSWER_BYTES];
	bool is_answer_lost; /* where the next one begins is not known */
	uint8_t waiting; /* queries without an answer; as many as there is room for */
	uint16_t ids;    /* the sum of theirs: 0 where each has got its own answer */
};

struct conversation {
	enum conversation_phase phase;
	bool is_opinion_closed;
	bool is_safe;         /* nothing it may still show would be blocked */
	bool is_to_relay;     /* its messages are remembered one by one */
	bool is_login_told;   /* that credentials in clear let somebody in */
	bool is_lookup_read;  /* its queries, where it goes to a name server's port */
	bool is_start_lost;   /* bytes in front of what was recognised are missing */
	bool is_turned;       /* as last judged: facts.is_turned */
	bool is_mail_by_name; /* nothing but a name of the matrix says that it is mail */
	uint8_t restarts;     /* times it was classified anew */
	uint8_t holder;       /* whose share of what is scarce it takes */
	uint8_t turn;         /* engine.turn when last judged */
	uint8_t ethers;       /* bit per side: its addresses are in .ether */
	uint16_t source;
	struct facts_news judged_news; /* when last judged; all zero: never */
	uint32_t signs;      /* senders and sets of header fields, as last judged */
	uint64_t reported;   /* findings given out, FINDING_BIT of each */
	uint32_t learnt;     /* of facts->transaction_count, by structure */
	uint32_t dropped[2]; /* bytes behind a full prefix, by side */
	struct flow_ambiguity ambiguity; /* the first one of its bytes */
	struct way way; /* of the client's packets, once one carried bytes */
	struct record_ether ether[2]; /* by side */
	struct second_opinion_flow *opinion;
	const char *opinion_name;
	struct classification classification;
	/* by phase: see conversation_prefix, conversation_dialogue */
	union {
		struct prefix prefix;
		struct dialogue dialogue;
		struct lookups lookups;
	};
};

/*
 * Servers whose mail nDPI was asked about lately: asking costs more than all our own
 * analysis, and its answer about one server hardly changes from flow to flow.
 */
#define OPINIONS_ASKED_SLOTS 4096 /* by server address and port, one way associative */
#define OPINIONS_ASKED_FIRST 4    /* flows of a server that are all asked about */
#define OPINIONS_ASKED_EVERY 64   /* then one flow in so many */
#define OPINIONS_A_SECOND    512  /* however many servers there are */

struct opinions_asked {
	struct address server;
	uint16_t port;
	uint16_t protocol; /* enum protocol; another one starts anew */
	uint32_t flows;
};

/* What flows go on as and is not looked into: engine/opaque. */
enum engine_opaque {
	ENGINE_OPAQUE_SOCKS,
	ENGINE_OPAQUE_WEBSOCKET,
	ENGINE_OPAQUE_HTTP2,
	ENGINE_OPAQUE_COMPRESSED,
	ENGINE_OPAQUE_COUNT
};

/* A decoded packet that waits for its turn. */
struct waiting {
	uint64_t now_us; /* the clock when its frame came */
	size_t frame;    /* its place among those given */
	struct flow_key key;
	uint32_t source;
	bool is_ended;    /* the frame's */
	bool is_returned; /* the same */
	struct packet packet;
	struct way way; /* where packet.way says that there is one */
};

struct engine {
	struct engine_settings settings;
	struct engine_outputs outputs;
	struct decoder *decoder;
	struct flow_table *flows;
	struct second_opinion *opinion;
	struct opinions_asked asked[OPINIONS_ASKED_SLOTS];
	struct quota asking; /* about mail, for all in common */
	struct tls_context tls;
	struct endpoint_map endpoints;
	struct fold *fold;
	struct ledger *ledger;
	struct structure *structure;
	struct names *names;
	struct timeline timeline; /* the frames' clock: of all that were taken */
	/* the engine's clock; while a packet has its turn, that of its frame */
	uint64_t now_us;
	uint64_t frames;
	uint64_t frame_bytes;
	uint64_t packets_udp;
	uint64_t opaque[ENGINE_OPAQUE_COUNT];
	uint64_t mail_flows;
	uint64_t attempts;
	uint64_t accepted; /* findings that the matrix accepts, of flows that ended */
	uint64_t alerts;
	uint64_t folded;
	uint64_t sequence;
	uint64_t packets_in_tunnels; /* that the matrix does not declare */
	uint64_t packets;            /* decoded */
	struct way last_foreign;     /* of those in tunnels */
	bool is_pushed_out; /* the flow at hand gives way to another one, and goes on */
	bool is_refusing;   /* the flow at hand is not to begin: its sender is banned */
	uint8_t turn;       /* goes on with each matrix */
	uint8_t greeted[(UINT16_MAX + 1) / 8]; /* bit per port (engine/early) */
	const struct frame *given;             /* while at_hand has one: these */
	const struct waiting *at_hand;         /* whose turn it is, or NULL */
	struct way way;                        /* the same one's, where it has one */
	struct ways ways;
	struct shunt *shunt; /* or NULL */
	uint32_t source;
	struct judge_memory memory; /* for the flow at hand */
	struct asked answers;       /* of the matrix of the settings */
	/* of the flow at hand: too large for the stack of every call */
	struct judgement judgement;
};

/*
 * A flow in the hands of one call, with its conversation while it has one. Made where a
 * call begins and handed down by address, so that all its callees see the same; never
 * kept.
 */
struct watch {
	struct engine *engine;
	struct flow *flow;
	struct conversation *conversation; /* NULL: gone */
};

static inline struct watch watch_begin(struct engine *engine, struct flow *flow)
{
	struct conversation *conversation = flow_area(engine->flows, flow);
	return (struct watch){engine, flow, conversation};
}

static inline enum conversation_phase watch_phase(const struct watch *watch)
{
	return watch->conversation ? watch->conversation->phase : CONVERSATION_GONE;
}

/* What a packet shows too late cannot be undone. */
static inline bool engine_is_enforcing(const struct engine *engine)
{
	const struct action_table *table = engine->settings.actions;
	return table && table->is_enforcing;
}

static inline bool conversation_has_dialogue(const struct conversation *conversation)
{
	return conversation->phase == CONVERSATION_DIALOGUE ||
	       conversation->phase == CONVERSATION_SETTLED;
}

static inline struct prefix *conversation_prefix(struct conversation *conversation)
{
	assert(conversation->phase == CONVERSATION_CLASSIFY);
	return &conversation->prefix;
}

static inline struct dialogue *conversation_dialogue(struct conversation *conversation)
{
	assert(conversation_has_dialogue(conversation));
	return &conversation->dialogue;
}
