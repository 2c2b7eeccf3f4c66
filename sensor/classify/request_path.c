#include "classify/request_path.h"

#include <string.h>

enum stage {
	STAGE_METHOD = 0,
	STAGE_BLANKS,
	STAGE_SCHEME, /* of a target in absolute form, if it is one */
	STAGE_HOST,
	STAGE_PATH,
	STAGE_DONE,
};

#define ESCAPE_OUT_BYTES \
	7 /* five that were no escape, a byte, and one more to be sure */

static const char *const SCHEMES[] = {"http://", "https://"};

static bool is_kept(const struct request_path *path)
{
	return path->lost == 0 &&
	       (size_t)path->len + path->segment < REQUEST_PATH_BYTES;
}

/* ".." takes the last whole segment off, wherever that is. */
static void drop_segment(struct request_path *path)
{
	if (path->lost > 0) {
		path->lost--;
	} else if (path->len > 1) {
		path->len--;
		while (path->len > 0 && path->bytes[path->len - 1] != '/') {
			path->len--;
		}
	}
}

/* The segment at hand is whole. */
static void end_segment(struct request_path *path)
{
	if (path->is_dots && path->segment == 2) {
		drop_segment(path);
	} else if (path->segment > 0 && !(path->is_dots && path->segment == 1)) {
		if (is_kept(path)) {
			path->len = (uint8_t)(path->len + path->segment + 1);
			path->bytes[path->len - 1] = '/';
		} else if (path->lost < UINT16_MAX) {
			path->lost++;
		}
	} else if (path->len == 0) {
		path->bytes[path->len++] = '/';
	}
	path->segment = 0;
}

static void put(struct request_path *path, uint8_t octet)
{
	if (octet == '/' || octet == '\\') { /* IIS takes one for the other */
		end_segment(path);
		return;
	}
	path->is_dots = octet == '.' && (path->segment == 0 || path->is_dots);
	if (is_kept(path)) {
		path->bytes[path->len + path->segment] = octet;
	}
	path->segment =
		(uint8_t)(path->segment < UINT8_MAX ? path->segment + 1 : UINT8_MAX);
}

static bool is_wide(const struct request_escape *escape)
{
	return escape->len > 1 && (escape->bytes[1] | 0x20) == 'u';
}

static bool is_whole(const struct request_escape *escape)
{
	return escape->len == (is_wide(escape) ? 6 : 3);
}

/* The octet that the escape stands for; '?' for what no path of mail has. */
static uint8_t octet_of(const struct request_escape *escape)
{
	unsigned value = 0;
	for (unsigned i = is_wide(escape) ? 2 : 1; i < escape->len; i++) {
		value = value * 16 + (unsigned)text_hex_digit(escape->bytes[i]);
	}
	return value < 0x80 ? (uint8_t)value : '?';
}

/* Of one byte come none, itself, what its escape stands for, or what was no escape. */
static size_t unescape(struct request_escape *escape, uint8_t byte, uint8_t *out)
{
	const bool is_part =
		escape->len > 0 && (text_hex_digit(byte) >= 0 ||
					   (escape->len == 1 && (byte | 0x20) == 'u'));
	size_t len = 0;
	if (!is_part) { /* it was none: as it stands */
		len = escape->len;
		memcpy(out, escape->bytes, len);
		escape->len = 0;
	}
	if (!is_part && byte != '%') {
		out[len++] = byte;
		return len;
	}
	escape->bytes[escape->len++] = byte;
	if (is_whole(escape)) {
		out[len++] = octet_of(escape);
		escape->len = 0;
	}
	return len;
}

/* No escape begins with it, and none is at hand. */
static bool is_itself(const struct request_escape *escape, uint8_t byte)
{
	return byte != '%' && escape->len == 0;
}

/* Through the second decoder. */
static void decode_again(struct request_path *path, const uint8_t *bytes, size_t len)
{
	uint8_t out[ESCAPE_OUT_BYTES];
	for (size_t i = 0; i < len; i++) { /* ESCAPE_OUT_BYTES at most */
		if (is_itself(&path->escapes[1], bytes[i])) {
			put(path, bytes[i]);
			continue;
		}
		const size_t count = unescape(&path->escapes[1], bytes[i], out);
		for (size_t at = 0; at < count; at++) {
			put(path, out[at]);
		}
	}
}

/* RFC 3986 section 2.1. */
static void decode(struct request_path *path, uint8_t byte)
{
	uint8_t out[ESCAPE_OUT_BYTES];
	if (is_itself(&path->escapes[0], byte)) {
		decode_again(path, &byte, 1);
		return;
	}
	decode_again(path, out, unescape(&path->escapes[0], byte, out));
}

/* What was taken for a scheme is kept in bytes; it is one, or the path has begun. */
static void take_scheme(struct request_path *path, uint8_t byte)
{
	uint8_t held[REQUEST_PATH_BYTES];
	path->bytes[path->len++] = byte;
	const struct text text = {path->bytes, path->len};
	for (size_t i = 0; i < sizeof(SCHEMES) / sizeof(SCHEMES[0]); i++) {
		if (text.len <= strlen(SCHEMES[i]) &&
			text_begins(text, SCHEMES[i], text.len)) {
			path->stage = text.len == strlen(SCHEMES[i]) ? STAGE_HOST
								     : STAGE_SCHEME;
			path->len = path->stage == STAGE_HOST ? 0 : path->len;
			return;
		}
	}
	memcpy(held, path->bytes, text.len);
	path->len = 0;
	path->stage = STAGE_PATH;
	for (size_t i = 0; i < text.len; i++) { /* eight at most */
		decode(path, held[i]);
	}
}

static bool is_end(uint8_t byte)
{
	return byte == '?' || byte == '#' || byte == ' ' || byte == '\t' ||
	       byte == '\r' || byte == '\n';
}

static void take(struct request_path *path, uint8_t byte)
{
	const bool is_blank = byte == ' ' || byte == '\t';
	if (path->stage == STAGE_METHOD && !is_blank) {
		if (path->method_len < REQUEST_METHOD_BYTES) {
			path->method[path->method_len++] = byte;
		}
	} else if (path->stage <= STAGE_BLANKS && is_blank) {
		path->stage = STAGE_BLANKS;
	} else if (is_end(byte)) {
		path->stage = STAGE_DONE;
	} else if (path->stage <= STAGE_SCHEME) {
		path->stage = STAGE_SCHEME;
		take_scheme(path, byte);
	} else if (path->stage == STAGE_PATH || byte == '/' || byte == '\\') {
		path->stage = STAGE_PATH;
		decode(path, byte);
	}
}

void request_path_add(struct request_path *path, struct text bytes)
{
	for (size_t i = 0; i < bytes.len && path->stage != STAGE_DONE; i++) {
		take(path, bytes.at[i]);
	}
}

void request_path_add_target(struct request_path *path, struct text target)
{
	path->stage = STAGE_BLANKS;
	request_path_add(path, target);
}

struct text request_path_method(const struct request_path *path)
{
	return (struct text){path->method, path->method_len};
}

struct text request_path_end(struct request_path *path)
{
	struct request_escape *last = &path->escapes[1];
	/* an escape that was cut is none */
	decode_again(path, path->escapes[0].bytes, path->escapes[0].len);
	for (unsigned i = 0; i < last->len; i++) {
		put(path, last->bytes[i]);
	}
	path->escapes[0].len = last->len = 0;
	if (path->is_dots && path->segment > 0 && path->segment <= 2) {
		end_segment(path);
	}
	const size_t room = REQUEST_PATH_BYTES - (size_t)path->len;
	const size_t open = path->lost > 0 ? 0 : path->segment;
	return (struct text){path->bytes, path->len + (open < room ? open : room)};
}
