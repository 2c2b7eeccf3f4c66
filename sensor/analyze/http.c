#include "analyze/http.h"

#include "analyze/dialogue.h"
#include "analyze/http_head.h"
#include "analyze/http_sign.h"
#include "analyze/note.h"
#include "analyze/sasl.h"
#include "classify/exchange.h"

#include <string.h>

#define STATUS_BYTES 12 /* "HTTP/1.1 200" */
#define REQUESTS_MAX 64 /* of one flow: the rest is of the same kind */

_Static_assert(sizeof(struct http) <= ANALYZER_STATE_BYTES, "fits the dialogue");

enum stage {
	STAGE_START = 0, /* request or status line */
	STAGE_HEAD,
	STAGE_BODY,
	STAGE_CHUNK_SIZE,
	STAGE_CHUNK,
	STAGE_TRAILER,
};

static void http_start(void *state, struct facts *facts)
{
	struct http *http = (struct http *)state;
	http->claimed = (uint8_t)facts->protocol;
	http->is_idle = facts->protocol == PROTOCOL_HTTP;
	http_begin_lines(http, facts);
	facts->is_unanswered = true;
}

/* These bytes cannot be followed: what was learnt stays, a mere claim falls. */
static void give_up(struct http *http, struct facts *facts)
{
	if (facts->is_unanswered) {
		facts->protocol = PROTOCOL_HTTP;
	}
	http->next = facts->is_unanswered ? ANALYZE_NOT_MINE : ANALYZE_FINISHED;
}

/* The first service names the flow; what only asks for the way gives way to what goes it. */
static void claim(struct http *http, struct facts *facts, enum protocol service)
{
	if (service == PROTOCOL_HTTP || service == (enum protocol)http->claimed) {
		return;
	}
	if (http->claimed == PROTOCOL_HTTP ||
		http->claimed == PROTOCOL_EXCHANGE_HTTPS) {
		http->claimed = (uint8_t)service;
		if (facts->protocol != PROTOCOL_HTTP) {
			facts->protocol = service;
		}
	}
}

/* Nobody asked for mail or a way out: what the server answers need not be read. */
static bool is_idle(const struct http *http)
{
	return http->is_idle && http->claimed == PROTOCOL_HTTP;
}

/* The answer to the request at hand is of interest: it stands behind those still due. */
static void wake(struct http *http)
{
	if (http->is_idle) {
		http->is_idle = false;
		http->sides[DIRECTION_TO_CLIENT].stage = STAGE_START;
		lines_gap(&http->sides[DIRECTION_TO_CLIENT].lines, 0);
	}
}

/* It answers before it has a body that the client held back: RFC 9110 section 10.1.1. */
static void note_refusal_of_body(struct http *http)
{
	struct http_side *side = &http->sides[DIRECTION_TO_SERVER];
	if (side->is_expecting && side->stage == STAGE_BODY &&
		side->lines.raw_left == side->length) {
		lines_gap(&side->lines, 0); /* or the body comes all the same */
		side->stage = STAGE_START;
	}
}

/* Answers are counted where a segment begins with one. Returns true to read on. */
static bool glance(struct http *http, struct text bytes)
{
	uint16_t status = 0;
	if (bytes.len < STATUS_BYTES && text_begins(bytes, "HTTP/1.1 200", bytes.len)) {
		wake(http); /* cut into small pieces */
		return true;
	}
	if (bytes.len < STATUS_BYTES ||
		!http_head_status(http_head_line(bytes), &status)) {
		return false;
	}
	if (status == 101) {
		wake(http);
		return true;
	}
	http->status = status;
	if (status >= 200) {
		(void)http_asked_take(http);
		note_refusal_of_body(http);
	}
	return false;
}

static bool read_request(
	struct http *http, struct facts *facts, const struct line *line)
{
	struct http_request request;
	if (!http_head_request(line, &request)) {
		return false;
	}
	const enum protocol service =
		line->is_cut ? exchange_of_path(request_path_method(&http->path),
				       request_path_end(&http->path))
			     : exchange_of_request(request.method, request.target);
	claim(http, facts, service);
	http->asking = 0;
	if (service != PROTOCOL_HTTP || text_is(request.method, "CONNECT")) {
		wake(http);
	}
	if (service != PROTOCOL_HTTP) {
		http->asking |= HTTP_ASKED_SERVICE;
	}
	if (text_is(request.method, "CONNECT")) {
		struct text target = request.target;
		http->asking |= HTTP_ASKED_TUNNEL;
		http->may_be_open = false;
		text_copy_letters(
			http->authority, sizeof(http->authority), text_word(&target));
	} else if (text_is(request.method, "HEAD")) {
		http->asking |= HTTP_ASKED_HEAD;
	} else if (!text_is(request.method, "OPTIONS")) {
		http->asking |= HTTP_ASKED_CONTENT;
	}
	return true;
}

static bool read_status(struct http *http, const struct line *line)
{
	if (!http_head_status(line->text, &http->status)) {
		return false;
	}
	http->is_exchange_s = http->is_other_s = false;
	if (http->status < 200) {
		http->answering = http->asked_count > 0 ? http->asked[0].flags : 0;
		return true;
	}
	http->answering = http_asked_take(http);
	http->is_challenging = false;
	note_refusal_of_body(http);
	/* where answers went by uncounted, this one may be a later request's */
	http->may_be_open |= http->status < 300 && http->asked_count > 0 &&
			     (http->asking & HTTP_ASKED_TUNNEL) != 0;
	return true;
}

static void note_sign(struct http *http, struct text line)
{
	const enum http_sign sign =
		http_sign_of_field(line, (enum protocol)http->claimed);
	http->is_exchange_s |= sign == HTTP_SIGN_EXCHANGE;
	http->is_other_s |= sign == HTTP_SIGN_OTHER;
}

/* Framing: RFC 9112 section 6. */
static void read_field(struct http *http, struct facts *facts, enum direction way,
	const struct line *line)
{
	struct http_side *side = &http->sides[way];
	struct text value;
	if (way == DIRECTION_TO_CLIENT && facts->is_unanswered) {
		note_sign(http, line->text);
	}
	const bool is_folded = line->text.at[0] == ' ' || line->text.at[0] == '\t';
	if (is_folded) { /* RFC 9112 section 5.2: goes on with the field before */
		value = text_trim(line->text);
	} else {
		side->field = (uint8_t)http_head_field(line->text, &value);
	}
	switch ((enum http_field)side->field) {
	case HTTP_FIELD_CONTENT_LENGTH:
		side->has_length = text_number(value, UINT64_MAX / 2, &side->length);
		break;
	case HTTP_FIELD_TRANSFER_ENCODING:
		side->is_chunked = http_head_is_chunked(value);
		break;
	case HTTP_FIELD_EXPECT:
		side->is_expecting = text_is(value, "100-continue");
		break;
	case HTTP_FIELD_UPGRADE:
		http->is_websocket =
			way == DIRECTION_TO_CLIENT && text_is(value, "websocket");
		break;
	case HTTP_FIELD_AUTHORIZATION:
		if (way == DIRECTION_TO_SERVER && value.len > 0) {
			http_login_asked(http, facts, value);
		}
		break;
	case HTTP_FIELD_AUTHENTICATE:
		if (way == DIRECTION_TO_CLIENT) {
			http_login_offered(http, facts, value);
		}
		break;
	case HTTP_FIELD_OTHER:
		break;
	}
}

static void to_body(struct http_side *side, uint64_t length)
{
	side->stage = STAGE_BODY;
	lines_raw(&side->lines, length);
}

static void end_request(struct http *http, struct facts *facts)
{
	struct http_side *side = &http->sides[DIRECTION_TO_SERVER];
	if (http->asked_count > 0) {
		wake(http); /* pipelined: answers may begin anywhere */
	}
	if (http->asked_count < UINT16_MAX) {
		http_asked_put(http, http->asking);
	}
	if (!facts->is_unanswered && ++http->requests > REQUESTS_MAX) {
		give_up(http, facts);
	}
	if ((http->asking & HTTP_ASKED_TUNNEL) != 0) {
		to_body(side, UINT64_MAX); /* no request, before the answer */
	} else if (side->is_chunked) {
		side->stage = STAGE_CHUNK_SIZE;
	} else if (side->has_length && side->length > 0) {
		to_body(side, side->length);
	}
}

/* A service that only sends elsewhere (to HTTPS, mostly) serves nothing here. */
static void note_served(struct http *http, struct facts *facts)
{
	if (!facts->is_unanswered || http->status < 200) {
		return;
	}
	if (!http_head_is_served(http->status, (enum protocol)http->claimed)) {
		facts->protocol = PROTOCOL_HTTP;
		return;
	}
	facts->protocol = (enum protocol)http->claimed;
	facts->is_unanswered = false;
}

/* Visibly no Exchange. ActiveSync is spoken by others too: Z-Push, SOGo, Horde. */
static bool is_of_another(const struct http *http)
{
	return http->claimed != PROTOCOL_EAS && http->is_other_s &&
	       !http->is_exchange_s;
}

static void note_answer(struct http *http, struct facts *facts)
{
	const unsigned flags = http->answering;
	const bool is_success = http->status >= 200 && http->status < 300;
	if ((flags & HTTP_ASKED_SERVICE) == 0) {
		return;
	}
	if (facts->is_unanswered &&
		(http_head_is_missing(http->status) || is_of_another(http))) {
		http->claimed =
			PROTOCOL_HTTP; /* until one asks for a service that is */
		facts->protocol = PROTOCOL_HTTP;
		return;
	}
	note_served(http, facts);
	if ((flags & HTTP_ASKED_LOGIN) != 0 && http->status >= 200) {
		http_login_answered(http, facts);
	}
	if (is_success && (flags & HTTP_ASKED_CONTENT) != 0 &&
		http->claimed != PROTOCOL_OUTLOOK_ANYWHERE) {
		note_content(facts);
	}
}

/* The proxy refused: the client goes on with HTTP. */
static void stay(struct http *http)
{
	struct http_side *side = &http->sides[DIRECTION_TO_SERVER];
	side->lines.raw_left = 0;
	side->stage = STAGE_START;
}

/* RFC 9110 sections 9.3.6 and 15.2.2. A flow that has shown its service keeps that name. */
static bool is_tunnel(const struct http *http, const struct facts *facts)
{
	const bool is_opened = (http->answering & HTTP_ASKED_TUNNEL) != 0 &&
			       http->status >= 200 && http->status < 300;
	return facts->is_unanswered && (is_opened || http->status == 101);
}

static void end_response(struct http *http, struct facts *facts)
{
	struct http_side *side = &http->sides[DIRECTION_TO_CLIENT];
	const unsigned status = http->status;
	note_answer(http, facts);
	if (is_tunnel(http, facts)) {
		facts->protocol = PROTOCOL_HTTP;
		http->next = ANALYZE_TUNNEL;
		return;
	}
	if (status >= 200 && (http->answering & HTTP_ASKED_TUNNEL) != 0) {
		stay(http);
	}
	if (status == 101) {
		give_up(http, facts); /* another protocol goes on */
	} else if (status < 200 || status == 204 || status == 304 ||
		   (http->answering & HTTP_ASKED_HEAD) != 0) {
		return;
	} else if (side->is_chunked) {
		side->stage = STAGE_CHUNK_SIZE;
	} else if (!side->has_length) {
		to_body(side, UINT64_MAX); /* until the connection closes */
	} else if (side->length > 0) {
		to_body(side, side->length);
	}
}

static void end_head(struct http *http, struct facts *facts, enum direction way)
{
	http->sides[way].stage = STAGE_START;
	if (way == DIRECTION_TO_SERVER) {
		end_request(http, facts);
	} else {
		end_response(http, facts);
	}
}

/* RFC 9112 section 7.1 */
static void read_chunk_size(
	struct http *http, struct facts *facts, enum direction way, struct text text)
{
	struct http_side *side = &http->sides[way];
	uint64_t size = 0;
	if (!http_head_chunk(text, &size)) {
		give_up(http, facts);
	} else if (size == 0) {
		side->stage = STAGE_TRAILER;
	} else {
		side->stage = STAGE_CHUNK;
		lines_raw(&side->lines, size + 2); /* its CR LF */
	}
}

static void begin_message(struct http *http, struct facts *facts, enum direction way,
	const struct line *line)
{
	struct http_side *side = &http->sides[way];
	const bool is_read = way == DIRECTION_TO_SERVER
				     ? read_request(http, facts, line)
				     : read_status(http, line);
	if (is_read) {
		side->has_length = false;
		side->is_chunked = false;
		side->is_expecting = false;
		side->field = HTTP_FIELD_OTHER;
		side->stage = STAGE_HEAD;
	} else if (line->is_doubtful) {
		side->lines.is_doubtful = true; /* in the middle of something */
	} else {
		http->is_http2 = text_is(line->text, "PRI * HTTP/2.0");
		give_up(http, facts);
	}
}

static void take_line(struct http *http, struct facts *facts, enum direction way,
	const struct line *line)
{
	struct http_side *side = &http->sides[way];
	const bool is_empty = line->text.len == 0;
	if (line->is_doubtful && side->stage != STAGE_START) {
		return;
	}
	switch ((enum stage)side->stage) {
	case STAGE_START:
		if (!is_empty) { /* RFC 9112 section 2.2 */
			begin_message(http, facts, way, line);
		}
		break;
	case STAGE_HEAD:
		if (is_empty) {
			end_head(http, facts, way);
		} else {
			read_field(http, facts, way, line);
		}
		break;
	case STAGE_CHUNK_SIZE:
		read_chunk_size(http, facts, way, line->text);
		break;
	case STAGE_TRAILER:
		side->stage = is_empty ? STAGE_START : STAGE_TRAILER;
		break;
	case STAGE_BODY:
	case STAGE_CHUNK:
		break;
	}
}

/* It goes on in RPC, whose answer may be hours away: MS-RPCH section 3.2.2.3. */
static void note_channel(struct facts *facts)
{
	facts->protocol = PROTOCOL_OUTLOOK_ANYWHERE;
	facts->is_unanswered = false;
}

/* PDUs in the bodies of RPC over HTTP: MS-RPCH section 3.2. */
static void read_pdus(
	struct http *http, struct facts *facts, enum direction way, struct text bytes)
{
	struct rpc_pdus *pdus = &http->pdus[way];
	struct text body;
	enum rpc_item item = rpc_pdus_next(pdus, &bytes, &body);
	for (; item != RPC_ITEM_MORE; item = rpc_pdus_next(pdus, &bytes, &body)) {
		if (item == RPC_ITEM_END) {
			note_channel(facts);
		}
		if (item == RPC_ITEM_END && rpc_pdus_is_content(pdus)) {
			rpc_pdus_note_content(pdus, facts, RPC_LEVEL_UNKNOWN);
		}
	}
}

/* Bytes of a body that the next item will pass. */
static void look_into_body(struct http *http, struct facts *facts, enum direction way,
	const struct text *bytes)
{
	const struct http_side *side = &http->sides[way];
	if (http->claimed != PROTOCOL_OUTLOOK_ANYWHERE || side->stage != STAGE_BODY) {
		return;
	}
	struct text body = *bytes;
	if (body.len > side->lines.raw_left) {
		body.len = (size_t)side->lines.raw_left;
	}
	read_pdus(http, facts, way, body);
}

/* Of a request line that outgrows what is kept the path is read as it goes by. */
static void look_at_long_line(
	struct http *http, struct text bytes, size_t kept, bool is_begun)
{
	if (!is_begun) {
		http->path = (struct request_path){.stage = 0};
		const struct lines *lines = &http->sides[DIRECTION_TO_SERVER].lines;
		request_path_add(&http->path, (struct text){lines->bytes, kept});
	}
	request_path_add(&http->path, bytes);
}

/* One line, or one run of a body. */
static enum lines_item take_item(
	struct http *http, struct facts *facts, enum direction way, struct text *bytes)
{
	struct http_side *side = &http->sides[way];
	struct line line;
	look_into_body(http, facts, way, bytes);
	lines_make_room(
		&side->lines, &http->sides[direction_reverse(way)].lines, bytes->len);
	const struct text before = *bytes;
	const size_t kept = side->lines.len;
	const bool was_cut = side->lines.is_cut;
	const enum lines_item item = lines_next(&side->lines, bytes, &line);
	const bool is_cut = item == LINES_LINE ? line.is_cut : side->lines.is_cut;
	if (is_cut && way == DIRECTION_TO_SERVER && side->stage == STAGE_START) {
		look_at_long_line(http,
			(struct text){before.at, before.len - bytes->len}, kept,
			was_cut);
	}
	if (item == LINES_RAW_END) {
		side->stage =
			side->stage == STAGE_CHUNK ? STAGE_CHUNK_SIZE : STAGE_START;
	}
	if (item == LINES_LINE) {
		take_line(http, facts, way, &line);
		lines_forget(&side->lines, &line);
	}
	return item;
}

/* A body may hide the loss. A head that lost bytes is skipped, and asked all the same. */
static void http_gap(
	void *state, struct facts *facts, enum direction way, uint64_t missing)
{
	struct http *http = (struct http *)state;
	struct http_side *side = &http->sides[way];
	const bool is_body = side->lines.raw_left > missing && missing > 0;
	const bool is_request = way == DIRECTION_TO_SERVER && side->stage == STAGE_HEAD;
	rpc_pdus_gap(&http->pdus[way], missing);
	lines_gap(&side->lines, missing);
	if (!is_body) {
		side->stage = STAGE_START;
	}
	if (is_request) {
		side->has_length = false;
		side->is_chunked = false;
		end_request(http, facts);
	}
}

/* Lines enough: all else here, or of a CONNECT's head to its end or to the last few bytes. */
static void pass_lines(
	struct http *http, struct facts *facts, enum direction way, struct text *bytes)
{
	struct http_side *side = &http->sides[way];
	note_unread(facts, way);
	if (way == DIRECTION_TO_CLIENT || side->stage != STAGE_HEAD ||
		(http->asking & HTTP_ASKED_TUNNEL) == 0) {
		http_gap(http, facts, way, 0);
		bytes->len = 0;
		return;
	}
	lines_gap(&side->lines, 0);
	if (http_head_pass(bytes)) {
		end_head(http, facts, way);
	}
}

static size_t http_bytes(void *state, struct facts *facts, enum direction way,
	struct text bytes, enum analyze_next *next)
{
	struct http *http = (struct http *)state;
	const size_t len = bytes.len;
	const struct lines *lines = &http->sides[way].lines;
	ptrdiff_t left = LINES_AT_ONCE(len);
	if (way == DIRECTION_TO_CLIENT && is_idle(http) && !glance(http, bytes)) {
		return len;
	}
	if (way == DIRECTION_TO_SERVER && http->may_be_open) {
		http->answering =
			HTTP_ASKED_TUNNEL; /* who waits for the way goes it now */
		http->next = facts->is_unanswered ? ANALYZE_TUNNEL : ANALYZE_FINISHED;
	}
	while (bytes.len > 0 && http->next == ANALYZE_GO_ON) {
		left -= lines_cost(take_item(http, facts, way, &bytes));
		if (left <= 0 && bytes.len > 0 && !lines_is_passing(lines)) {
			pass_lines(http, facts, way, &bytes);
			left = LINES_AT_ONCE(bytes.len);
		}
	}
	*next = (enum analyze_next)http->next;
	return http->next == ANALYZE_TUNNEL ? len - bytes.len : len;
}

static bool is_between_messages(const struct http_side *side)
{
	return side->stage == STAGE_START && lines_at_start(&side->lines) &&
	       !side->lines.is_doubtful;
}

bool http_is_between_requests(const void *state)
{
	const struct http *http = (const struct http *)state;
	return http->claimed == PROTOCOL_HTTP && http->status >= 200 &&
	       http->asked_count == 0 && http->next == ANALYZE_GO_ON &&
	       !http->may_be_open &&
	       is_between_messages(&http->sides[DIRECTION_TO_SERVER]) &&
	       (http->is_idle ||
		       is_between_messages(&http->sides[DIRECTION_TO_CLIENT]));
}

const struct analyzer ANALYZER_HTTP = {
	.name = "http",
	.state_bytes = sizeof(struct http),
	.start = http_start,
	.bytes = http_bytes,
	.gap = http_gap,
};
