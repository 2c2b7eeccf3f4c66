/*
 * analyze/http - the mail services of Exchange over HTTP/1.x in clear.
 *
 * Reads heads line by line and passes bodies by their length (RFC 9112). A request
 * names the service; it counts once the server serves it: until then the facts are
 * unanswered, and where it never does the flow is plain HTTP. Of Authorization only the
 * scheme is kept. The bodies of RPC over HTTP are looked at for their protection.
 * Requests for no such service are read for one that is, or for a way out of HTTP:
 * CONNECT and 101 end in ANALYZE_TUNNEL (RFC 9110 sections 9.3.6 and 15.2.2).
 */
#pragma once

#include "analyze/analyzer.h"
#include "analyze/lines.h"
#include "analyze/rpc_pdus.h"

#define HTTP_AUTHORITY_BYTES 136
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

/* Requests in a row of which the same is to be known when their answers come. */
struct http_asked {
	uint16_t count;
	uint8_t flags; /* private */
};

struct http {
	struct http_side sides[2];               /* by enum direction */
	struct rpc_pdus pdus[2];                 /* inside bodies of RPC over HTTP */
	uint16_t status;                         /* of the response at hand */
	uint16_t asked_count;                    /* requests without an answer yet */
	struct http_asked asked[HTTP_ASKED_MAX]; /* those, the oldest first */
	uint8_t asked_runs;
	uint8_t requests;  /* that were read, up to a limit */
	uint8_t asking;    /* flags of the request at hand */
	uint8_t answering; /* flags of the request that is answered */
	uint8_t next;      /* enum analyze_next */
	uint8_t claimed;   /* enum protocol that the requests ask for */
	bool is_way_asked; /* a CONNECT or an upgrade, once */
	bool is_http2;     /* the client began so */
	bool is_websocket; /* the last upgrade that a server took */
	bool may_be_open;  /* a 2xx came behind a CONNECT, perhaps not its own */
	bool is_idle;      /* no request was for mail yet: answers are only counted */
	char authority[HTTP_AUTHORITY_BYTES]; /* of the last CONNECT, NUL-terminated */
};

/* A status line was read: the server speaks HTTP. */
bool http_has_answer(const void *state);

/*
 * One request without a body and the beginning of what answers it: nothing of them is left
 * to be read, so that the next byte of the client begins another request.
 */
bool http_is_exchange(struct text request, struct text answer);

/* The same of all that was read, none of it for a service. */
bool http_is_between_requests(const void *state);

/* A CONNECT or an upgrade was asked for: what comes of it may be anything. */
bool http_may_lead_on(const void *state);

/* HTTP/2 without an upgrade: RFC 9113 section 3.3. */
bool http_is_http2(const void *state);

/* What follows the upgrade are WebSocket frames: RFC 6455. */
bool http_is_websocket(const void *state);

/* Behind ANALYZE_TUNNEL: "host:port" of the CONNECT that opened it; empty for an upgrade. */
struct text http_authority(const void *state);
