#include "audit/archive_mail.h"

#include "audit/archive.h"

#define VALUE_BYTES    1024
#define BOUNDARY_BYTES 74 /* "--" and 70 (RFC 2046 section 5.1.1), its NUL */

/* What a part says of itself. */
struct part {
	char type[VALUE_BYTES];
	char encoding[VALUE_BYTES];
};

/* One pass over the lines; the parts that are open, each by the line that ends it. */
struct walk {
	struct text rest;
	uint8_t *room;
	unsigned parts;
	unsigned depth;
	char boundaries[ARCHIVE_MAIL_DEPTH][BOUNDARY_BYTES]; /* with "--" in front */
};

/* Cut the next line off, without its end. */
static struct text next_line(struct text *rest)
{
	const uint8_t *end = rest->len > 0 ? memchr(rest->at, '\n', rest->len) : NULL;
	struct text line = {rest->at, end ? (size_t)(end - rest->at) : rest->len};
	text_advance(rest, end ? line.len + 1 : line.len);
	if (line.len > 0 && line.at[line.len - 1] == '\r') {
		line.len--;
	}
	return line;
}

/* 0: the line is no header field (RFC 5322 section 2.2) */
static size_t field_name_len(struct text line)
{
	size_t len = 0;
	while (len < line.len && line.at[len] > ' ' && line.at[len] < 0x7f &&
		line.at[len] != ':') {
		len++;
	}
	return len < line.len && line.at[len] == ':' ? len : 0;
}

bool archive_is_mail(struct text file)
{
	const struct text line = next_line(&file);
	return text_starts(line, "From ") || field_name_len(line) > 0;
}

bool archive_is_mailbox(struct text file)
{
	return text_starts(file, "From ");
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* "From relay@example.net Mon Nov 30 12:00:00 2026": prose may begin with that word, too. */
static bool has_time(struct text line)
{
	for (size_t i = 2; i + 2 < line.len; i++) {
		if (line.at[i] == ':' && is_digit(line.at[i - 2]) &&
			is_digit(line.at[i - 1]) && is_digit(line.at[i + 1]) &&
			is_digit(line.at[i + 2])) {
			return true;
		}
	}
	return false;
}

/* The line that ends here is an empty one. */
static bool is_empty_line(const uint8_t *text, size_t end)
{
	const size_t before = end > 0 && text[end - 1] == '\r' ? end - 1 : end;
	return before > 0 && text[before - 1] == '\n';
}

size_t archive_mailbox_first(struct text text)
{
	static const char NEXT[] = "\nFrom ";
	struct text rest = text;
	for (;;) { /* each time behind where it was */
		const uint8_t *end =
			rest.len > 0 ? memmem(rest.at, rest.len, NEXT, sizeof(NEXT) - 1)
				     : NULL;
		if (!end) {
			return text.len;
		}
		const size_t at = (size_t)(end - text.at);
		rest = text;
		text_advance(&rest, at + 1);
		struct text line = rest;
		if (is_empty_line(text.at, at) && has_time(next_line(&line))) {
			return at + 1;
		}
	}
}

static void add(char value[VALUE_BYTES], struct text more)
{
	const size_t len = strlen(value);
	text_copy(value + len, VALUE_BYTES - len, more);
}

/* Where the value of this field is kept; NULL: it does not matter here. */
static char *value_of(struct part *part, struct text field)
{
	return text_starts(field, "Content-Type:")                ? part->type
	       : text_starts(field, "Content-Transfer-Encoding:") ? part->encoding
								  : NULL;
}

/* Header fields up to the empty line behind them, or to what is none. */
static void read_header(struct walk *walk, struct part *part)
{
	char *value = NULL; /* of the field whose lines are read */
	*part = (struct part){.type = ""};
	while (walk->rest.len > 0) {
		struct text behind = walk->rest;
		struct text line = next_line(&behind);
		const size_t name = field_name_len(line);
		const bool is_folded =
			line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t');
		if (!is_folded && name == 0) {
			walk->rest = line.len == 0 ? behind : walk->rest;
			return;
		}
		walk->rest = behind;
		if (!is_folded) {
			value = value_of(part, line);
			text_advance(&line, name + 1);
			line = text_trim(line);
		}
		if (value) {
			add(value, line);
		}
	}
}

/* text_copy made '"' a '?', which no boundary may begin or end with but as a quote. */
static bool read_boundary(const char *type, char boundary[BOUNDARY_BYTES])
{
	const char *at = strcasestr(type, "boundary=");
	if (!at) {
		return false;
	}
	at += strlen("boundary=");
	const bool is_quoted = *at == '?';
	at += is_quoted;
	const size_t len = strcspn(at, is_quoted ? "?" : "; \t");
	if (len == 0 || len > BOUNDARY_BYTES - 3) {
		return false;
	}
	boundary[0] = boundary[1] = '-';
	memcpy(boundary + 2, at, len);
	boundary[len + 2] = '\0';
	return true;
}

/* The part that this line ends, counted from 1; 0: none. */
static unsigned ended_part(const struct walk *walk, struct text line, bool *is_last)
{
	if (line.len < 2 || line.at[0] != '-' || line.at[1] != '-') {
		return 0;
	}
	for (unsigned depth = walk->depth; depth > 0;
		depth--) { /* ARCHIVE_MAIL_DEPTH */
		const char *boundary = walk->boundaries[depth - 1];
		const size_t len = strlen(boundary);
		if (line.len < len || memcmp(line.at, boundary, len) != 0) {
			continue;
		}
		struct text tail = line;
		text_advance(&tail, len);
		tail = text_trim(tail);
		*is_last = text_is(tail, "--");
		if (*is_last || tail.len == 0) {
			return depth;
		}
	}
	return 0;
}

/* Up to the header of the next part; false: that was the last. */
static bool read_body(struct walk *walk, struct text *body)
{
	*body = (struct text){walk->rest.at, 0};
	bool is_in_part = true;
	while (walk->rest.len > 0) {
		bool is_last = false;
		const struct text line = next_line(&walk->rest);
		const unsigned depth = ended_part(walk, line, &is_last);
		is_in_part = is_in_part && depth == 0;
		if (is_in_part) {
			body->len = (size_t)(walk->rest.at - body->at);
		}
		if (depth > 0) {
			walk->depth = is_last ? depth - 1 : depth;
		}
		if (depth > 0 && !is_last) {
			return true;
		}
	}
	return false;
}

static int base64_digit(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z'   ? byte - 'A'
	       : byte >= 'a' && byte <= 'z' ? byte - 'a' + 26
	       : byte >= '0' && byte <= '9' ? byte - '0' + 52
	       : byte == '+'                ? 62
	       : byte == '/'                ? 63
					    : -1;
}

/* RFC 2045 section 6.8: what is no digit is passed over, "=" ends it. */
static size_t decode_base64(struct text text, uint8_t *to)
{
	size_t len = 0;
	uint32_t bits = 0;
	unsigned count = 0;
	for (size_t i = 0; i < text.len && text.at[i] != '='; i++) {
		const int digit = base64_digit(text.at[i]);
		if (digit < 0) {
			continue;
		}
		bits = bits << 6 | (uint32_t)digit;
		count += 6;
		if (count >= 8) {
			count -= 8;
			to[len++] = (uint8_t)(bits >> count);
		}
	}
	return len;
}

/* RFC 2045 section 6.7: "=3D", and "=" before a line end that is none. */
static size_t decode_quoted(struct text text, uint8_t *to)
{
	size_t len = 0;
	while (text.len > 0) {
		const size_t left = text.len;
		const int high = left > 2 ? text_hex_digit(text.at[1]) : -1;
		const int low = left > 2 ? text_hex_digit(text.at[2]) : -1;
		if (text.at[0] != '=') {
			to[len++] = text.at[0];
			text_advance(&text, 1);
		} else if (high >= 0 && low >= 0) {
			to[len++] = (uint8_t)(high << 4 | low);
			text_advance(&text, 3);
		} else {
			(void)next_line(&text);
		}
	}
	return len;
}

static bool is_wanted(const char *type)
{
	const struct text text = text_from(type);
	return text_starts(text, "application/") || text_starts(text, "text/xml");
}

static struct text decode(
	const struct walk *walk, const char *encoding, struct text body)
{
	const struct text name = text_from(encoding);
	if (text_starts(name, "base64")) {
		return (struct text){walk->room, decode_base64(body, walk->room)};
	}
	if (text_starts(name, "quoted-printable")) {
		return (struct text){walk->room, decode_quoted(body, walk->room)};
	}
	return body;
}

static bool open_parts(struct walk *walk, const char *type)
{
	return walk->depth < ARCHIVE_MAIL_DEPTH &&
	       read_boundary(type, walk->boundaries[walk->depth]) && ++walk->depth > 0;
}

bool archive_mail_read(
	struct text mail, uint8_t *room, archive_mail_take *take, void *context)
{
	struct walk walk = {.rest = mail};
	struct text behind = mail;
	walk.room = room;
	if (text_starts(next_line(&behind), "From ")) {
		walk.rest = behind;
	}
	for (bool is_more = true; is_more;) { /* each time at least a line */
		struct part part;
		struct text body;
		if (++walk.parts > ARCHIVE_MEMBERS_MAX) {
			return false;
		}
		read_header(&walk, &part);
		const struct text type = text_from(part.type);
		if (text_starts(type, "message/rfc822") && walk.rest.len > 0) {
			continue;
		}
		if (text_starts(type, "multipart/") && !open_parts(&walk, part.type)) {
			return false;
		}
		is_more = read_body(&walk, &body);
		if (is_wanted(part.type) &&
			!take(context, decode(&walk, part.encoding, body))) {
			return false;
		}
	}
	return true;
}
