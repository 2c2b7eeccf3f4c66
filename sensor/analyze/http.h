/*
 * analyze/http - the mail services of Exchange over HTTP/1.x in clear.
 *
 * Reads heads line by line and passes bodies by their length (RFC 9112). A request
 * names the service; it counts once a server that may be Exchange serves it: until then the
 * facts are unanswered, and where none does the flow is plain HTTP. Of Authorization only the
 * scheme is kept. The bodies of RPC over HTTP are looked at for their protection.
 * Requests for no such service are read for one that is, or for a way out of HTTP:
 * CONNECT and 101 end in ANALYZE_TUNNEL (RFC 9110 sections 9.3.6 and 15.2.2).
 */
#pragma once

#include "analyze/analyzer.h"
#include "analyze/lines.h"
#include "analyze/rpc_pdus.h"
#include "classify/request_path.h"

#include <string.h>

#define HTTP_AUTHORITY_BYTES 136
#define HTTP_ROOM_BYTES      256
#define HTTP_ASKED_MAX       8 /* runs of requests whose answers are told apart */

struct http_side {
	struct lines lines;
	uint64_t length; /* of the body, where .has_length */
	uint8_t stage;   /* private */
	uint8_t field;   /* enum http_field, of the line before */
	bool has_length;
	bool is_chunked;
	bool is_expecting; /* 100-continue: the body may never come */
};

enum http_asked_flag { /* what is to be known of a request when its answer comes */
	HTTP_ASKED_SERVICE = 1 << 0, /* of mail */
	HTTP_ASKED_HEAD = 1 << 1,    /* the answer has no body */
	HTTP_ASKED_LOGIN = 1 << 2,   /* with an Authorization field */
	HTTP_ASKED_TUNNEL = 1 << 4,  /* CONNECT: what follows a 2xx is not HTTP */
	HTTP_ASKED_CONTENT =
		1 << 3, /* it is there to carry content, not to ask for means */
};

/* Requests in a row of which the same is to be known when their answers come. */
struct http_asked {
	uint16_t count;
	uint8_t flags; /* enum http_asked_flag */
};

struct http {
	struct http_side sides[2]; /* by enum direction */
	/* of one side's lines; the other's is in the facts, where no certificate will be */
	uint8_t room[HTTP_ROOM_BYTES];
	struct rpc_pdus pdus[2];                 /* inside bodies of RPC over HTTP */
	uint16_t status;                         /* of the response at hand */
	uint16_t asked_count;                    /* requests without an answer yet */
	struct http_asked asked[HTTP_ASKED_MAX]; /* those, the oldest first */
	uint8_t asked_runs;
	uint8_t requests;      /* that were read, up to a limit */
	uint8_t asking;        /* flags of the request at hand */
	uint8_t answering;     /* flags of the request that is answered */
	uint8_t next;          /* enum analyze_next */
	uint8_t claimed;       /* enum protocol that the requests ask for */
	bool is_http2 : 1;     /* the client began so */
	bool is_websocket : 1; /* the last upgrade that a server took */
	bool may_be_open : 1;  /* a 2xx came behind a CONNECT, perhaps not its own */
	bool is_idle : 1; /* no request was for mail yet: answers are only counted */
	bool is_challenging : 1; /* the answer at hand goes on with a login of several legs */
	bool is_exchange_s : 1; /* the answer at hand has a sign of Exchange */
	bool is_other_s : 1;    /* of a server that is none */
	union {
		/* of the last CONNECT, with its NUL */
		char authority[HTTP_AUTHORITY_BYTES];
		/* of a request line too long to keep */
		struct request_path path;
	};
};

/* http_asked.c, for the analyzer alone. One more request. */
void http_asked_put(struct http *http, uint8_t flags);
/* The oldest is answered; its flags, 0 when there is none. */
uint8_t http_asked_take(struct http *http);

/* http_login.c, likewise. Authorization of a request: its mechanism; what follows it is dropped. */
void http_login_asked(struct http *http, struct facts *facts, struct text value);
/* WWW-Authenticate of an answer. */
void http_login_offered(struct http *http, struct facts *facts, struct text value);
/* A request with a login has its answer: .status. */
void http_login_answered(const struct http *http, struct facts *facts);

/* Of what is zeroed. */
static inline void http_begin_lines(struct http *http, struct facts *facts)
{
	lines_begin(
		&http->sides[DIRECTION_TO_SERVER].lines, http->room, HTTP_ROOM_BYTES);
	lines_begin(&http->sides[DIRECTION_TO_CLIENT].lines,
		facts->session.server_certificate.room, FACTS_ROOM_BYTES);
	if (facts->is_midstream) { /* the first line may be a part of one */
		lines_gap(&http->sides[DIRECTION_TO_SERVER].lines, 0);
		lines_gap(&http->sides[DIRECTION_TO_CLIENT].lines, 0);
	}
}

/* A status line was read: the server speaks HTTP. */
static inline bool http_has_answer(const void *state)
{
	return ((const struct http *)state)->status != 0;
}

/* Nothing is left to be read of what was asked for, none of it for a service. */
bool http_is_between_requests(const void *state);

/* HTTP/2 without an upgrade: RFC 9113 section 3.3. */
static inline bool http_is_http2(const void *state)
{
	return ((const struct http *)state)->is_http2;
}

/* What follows the upgrade are WebSocket frames: RFC 6455. */
static inline bool http_is_websocket(const void *state)
{
	const struct http *http = (const struct http *)state;
	return http->is_websocket && http->status == 101;
}

/* A CONNECT, to http_asked_authority(), has no answer yet. */
static inline bool http_is_asked(const void *state)
{
	const struct http *http = (const struct http *)state;
	return (http->asking & HTTP_ASKED_TUNNEL) != 0 &&
	       http->sides[DIRECTION_TO_SERVER].lines.raw_left > UINT64_MAX / 2;
}

/* And the client went on behind it. */
static inline bool http_is_ahead(const void *state)
{
	const struct http *http = (const struct http *)state;
	return http_is_asked(state) &&
	       http->sides[DIRECTION_TO_SERVER].lines.raw_left < UINT64_MAX;
}

static inline struct text http_asked_authority(const void *state)
{
	const struct http *http = (const struct http *)state;
	return (struct text){
		.at = (const uint8_t *)http->authority, .len = strlen(http->authority)};
}

/* Behind ANALYZE_TUNNEL: "host:port" of the CONNECT that opened it; empty for an upgrade. */
static inline struct text http_authority(const void *state)
{
	const struct http *http = (const struct http *)state;
	const bool is_asked = (http->answering & HTTP_ASKED_TUNNEL) != 0;
	return is_asked ? http_asked_authority(state) : (struct text){.len = 0};
}
