/*
 * analyze/http_head - the lines of an HTTP/1.x head, each by itself.
 *
 * In: one line. Out: its parts. Keeps nothing. RFC 9110, RFC 9112.
 */
#pragma once

#include "analyze/lines.h"
#include "classify/protocol.h"

struct http_request {
	struct text method; /* borrowed from the line */
	struct text target; /* and what follows it */
};

enum http_field {
	HTTP_FIELD_OTHER = 0,
	HTTP_FIELD_CONTENT_LENGTH,
	HTTP_FIELD_TRANSFER_ENCODING,
	HTTP_FIELD_AUTHORIZATION,
	HTTP_FIELD_AUTHENTICATE,
	HTTP_FIELD_EXPECT,
	HTTP_FIELD_UPGRADE,
};

/* RFC 9112 section 3; a line that is cut is judged by its two ends. */
bool http_head_request(const struct line *line, struct http_request *request);

/* RFC 9112 section 4 */
bool http_head_status(struct text line, uint16_t *status);

/* RFC 9112 section 5; *value is trimmed and borrowed. */
enum http_field http_head_field(struct text line, struct text *value);

/* The last one of the transfer codings is chunked: RFC 9112 section 6.1. */
bool http_head_is_chunked(struct text codings);

/* The size of a chunk, RFC 9112 section 7.1; false when it is none. */
bool http_head_chunk(struct text line, uint64_t *size);

/* The enum facts_mechanism flag of an authentication scheme, RFC 9110 section 11.1. */
unsigned http_head_mechanism(struct text scheme);

/* The first line, up to its line feed, or as much as is there. */
struct text http_head_line(struct text bytes);

/*
 * Pass over the rest of a head, from the start of a line. True: to behind the empty line
 * that ends it; false: to the last few bytes, which may begin that line.
 */
bool http_head_pass(struct text *bytes);

/* The status shows that the service is there; 449 is ActiveSync's (MS-ASHTTP 2.2.2.1.1). */
bool http_head_is_served(unsigned status, enum protocol claimed);

/* The server does not know the service: RFC 9110 section 15.5. */
bool http_head_is_missing(unsigned status);

/*
 * One request without a body and the beginning of what answers it: nothing of them is left
 * to be read, so that the next byte of the client begins another request.
 */
bool http_head_is_exchange(struct text request, struct text answer);
