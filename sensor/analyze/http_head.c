#include "analyze/http_head.h"

#include "analyze/facts.h"

#include <string.h>

#define TAIL_BYTES 4 /* hold what may begin the end of a head */

#define CHUNK_DIGITS_MAX 12

bool http_head_request(const struct line *line, struct http_request *request)
{
	struct text rest = line->text;
	request->method = text_word(&rest);
	request->target = text_trim(rest);
	struct text tail = text_trim(line->tail);
	if (tail.len < sizeof("HTTP/1.1") - 1 || request->target.len == 0) {
		return false;
	}
	tail.at += tail.len - (sizeof("HTTP/1.1") - 1);
	tail.len = sizeof("HTTP/1.1") - 1;
	return text_starts(tail, "HTTP/1.");
}

bool http_head_status(struct text line, uint16_t *status)
{
	uint64_t number = 0;
	if (!text_starts(line, "HTTP/1.")) {
		return false;
	}
	(void)text_word(&line);
	if (!text_number(text_word(&line), 999, &number) || number < 100) {
		return false;
	}
	*status = (uint16_t)number;
	return true;
}

enum http_field http_head_field(struct text line, struct text *value)
{
	static const struct {
		const char *name;
		size_t len;
		enum http_field field;
	} FIELDS[] = {
		{"content-length", 14, HTTP_FIELD_CONTENT_LENGTH},
		{"transfer-encoding", 17, HTTP_FIELD_TRANSFER_ENCODING},
		{"authorization", 13, HTTP_FIELD_AUTHORIZATION},
		{"www-authenticate", 16, HTTP_FIELD_AUTHENTICATE},
		{"expect", 6, HTTP_FIELD_EXPECT},
		{"upgrade", 7, HTTP_FIELD_UPGRADE},
	};
	const uint8_t *colon = memchr(line.at, ':', line.len);
	if (!colon) {
		return HTTP_FIELD_OTHER;
	}
	struct text name = {.at = line.at, .len = (size_t)(colon - line.at)};
	const size_t value_len = line.len - name.len - 1;
	name = text_trim(name); /* blanks in front of the colon: some servers take it */
	for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++) {
		if (name.len == FIELDS[i].len && text_is(name, FIELDS[i].name)) {
			*value = text_trim(
				(struct text){.at = colon + 1, .len = value_len});
			return FIELDS[i].field;
		}
	}
	return HTTP_FIELD_OTHER;
}

bool http_head_is_chunked(struct text codings)
{
	const uint8_t *comma = memrchr(codings.at, ',', codings.len);
	if (comma) {
		codings.len -= (size_t)(comma + 1 - codings.at);
		codings.at = comma + 1;
	}
	return text_is(text_trim(codings), "chunked");
}

bool http_head_chunk(struct text line, uint64_t *size)
{
	size_t digits = 0;
	*size = 0;
	while (digits < line.len && text_hex_digit(line.at[digits]) >= 0) {
		*size = *size * 16 + (uint64_t)text_hex_digit(line.at[digits]);
		if (++digits > CHUNK_DIGITS_MAX) {
			return false;
		}
	}
	return digits > 0;
}

unsigned http_head_mechanism(struct text scheme)
{
	static const struct {
		const char *scheme;
		unsigned mechanism;
	} SCHEMES[] = {
		{"Basic", FACTS_MECHANISM_BASIC},
		{"Bearer", FACTS_MECHANISM_OAUTHBEARER},
		{"NTLM", FACTS_MECHANISM_NTLM},
		{"Negotiate", FACTS_MECHANISM_GSSAPI},
		{"Kerberos", FACTS_MECHANISM_GSSAPI},
		{"Digest", FACTS_MECHANISM_DIGEST_MD5},
	};
	for (size_t i = 0; i < sizeof(SCHEMES) / sizeof(SCHEMES[0]); i++) {
		if (text_is(scheme, SCHEMES[i].scheme)) {
			return SCHEMES[i].mechanism;
		}
	}
	return FACTS_MECHANISM_OTHER;
}

struct text http_head_line(struct text bytes)
{
	const uint8_t *end = memchr(bytes.at, '\n', bytes.len);
	return (struct text){bytes.at, end ? (size_t)(end - bytes.at) : bytes.len};
}

bool http_head_pass(struct text *bytes)
{
	struct text rest = *bytes;
	while (rest.len > 0) {
		const size_t cr = rest.at[0] == '\r';
		if (rest.len > cr && rest.at[cr] == '\n') {
			text_advance(&rest, cr + 1);
			*bytes = rest;
			return true;
		}
		text_advance(&rest, http_head_line(rest).len);
		text_advance(&rest, rest.len > 0);
	}
	text_advance(bytes, bytes->len > TAIL_BYTES ? bytes->len - TAIL_BYTES : 0);
	return false;
}

bool http_head_is_served(unsigned status, enum protocol claimed)
{
	return (status >= 200 && status < 300) || status == 401 || status == 449 ||
	       (status >= 500 && claimed != PROTOCOL_EXCHANGE_HTTPS && status != 501);
}

bool http_head_is_missing(unsigned status)
{
	return status == 400 || (status >= 403 && status <= 405) || status == 410 ||
	       status == 501;
}

static bool is_body_told(struct text line)
{
	struct text value;
	const uint8_t first = line.len > 0 ? line.at[0] | 0x20 : 0;
	if (first >= 'a' && first <= 'z' && first != 'c' && first != 't') {
		return false; /* begins as neither of them does: most */
	}
	const enum http_field field = http_head_field(line, &value);
	return field == HTTP_FIELD_CONTENT_LENGTH ||
	       field == HTTP_FIELD_TRANSFER_ENCODING;
}

bool http_head_is_exchange(struct text request, struct text answer)
{
	uint16_t status = 0;
	if (!http_head_status(http_head_line(answer), &status) || status < 200) {
		return false;
	}
	struct text line = http_head_line(request);
	while (line.len < request.len && !is_body_told(line)) {
		request.at += line.len + 1;
		request.len -= line.len + 1;
		line = http_head_line(request);
		if (line.len == 0 || (line.len == 1 && line.at[0] == '\r')) {
			return line.len + 1 == request.len;
		}
	}
	return false;
}
