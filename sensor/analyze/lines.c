#include "analyze/lines.h"

#include <string.h>

static enum lines_item raw_next(struct lines *lines, struct text *rest)
{
	const size_t len =
		rest->len < lines->raw_left ? rest->len : (size_t)lines->raw_left;
	text_advance(rest, len);
	lines->raw_left -= len;
	return lines->raw_left == 0 ? LINES_RAW_END : LINES_MORE;
}

/* A dot behind it may begin a line, for servers that are lenient (CVE-2023-51764). */
static bool is_break(uint8_t byte)
{
	return byte == '\n' || byte == '\r' || byte == '\0';
}

/* The first dot that may begin a line of bytes, or NULL; dots are rarer than lines. */
static const uint8_t *body_dot(struct text bytes)
{
	const uint8_t *end = bytes.at + bytes.len;
	const uint8_t *dot = bytes.at;
	while ((dot = memchr(dot, '.', (size_t)(end - dot))) != NULL) {
		if (dot > bytes.at && is_break(dot[-1])) {
			return dot;
		}
		dot++;
	}
	return NULL;
}

/* Where the line stands behind bytes that were passed; *is_cr is of their last LF. */
static enum lines_body body_behind(struct text passed, bool *is_cr)
{
	size_t len = passed.len;
	while (len > 0 && passed.at[len - 1] == '\0') { /* each byte is passed once */
		len--;
	}
	if (len == 0 || !is_break(passed.at[len - 1])) {
		*is_cr = false;
		return LINES_BODY_INSIDE;
	}
	if (passed.at[len - 1] == '\r') {
		*is_cr = len == passed.len;
		return LINES_BODY_CR;
	}
	*is_cr = (len > 1 ? passed.at[len - 2] == '\r' : *is_cr) && len == passed.len;
	return LINES_BODY_START;
}

/* Pass the body up to a dot at the start of a line; the one loop that long messages cost. */
static void body_inside(struct lines *lines, struct text *rest)
{
	const uint8_t *dot = body_dot(*rest);
	const size_t len = dot != NULL ? (size_t)(dot - rest->at) : rest->len;
	lines->body = body_behind((struct text){rest->at, len}, &lines->is_cr);
	text_advance(rest, len);
}

/* The byte at hand, where a line begins. */
static void body_start(struct lines *lines, uint8_t byte)
{
	const bool is_behind_cr = lines->body == LINES_BODY_CR;
	if (byte == '.') {
		lines->is_odd_end = is_behind_cr || !lines->is_cr;
		lines->body = lines->is_odd_end && lines->is_strict ? LINES_BODY_INSIDE
								    : LINES_BODY_DOT;
	} else if (byte == '\n' && is_behind_cr) {
		lines->body = LINES_BODY_START;
	} else if (byte == '\0') {
		lines->is_cr = false;
	} else {
		lines->is_cr = byte == '\r';
		lines->body = byte == '\r' ? LINES_BODY_CR : LINES_BODY_INSIDE;
	}
}

/* The same behind a dot there: true when it was the end of the body. */
static bool body_dotted(struct lines *lines, uint8_t byte)
{
	const bool is_behind_cr = lines->body == LINES_BODY_DOT_CR;
	if (byte == '\0') {
		lines->is_odd_end = true;
		return false;
	}
	if (byte == '\r' && !is_behind_cr) {
		lines->body = LINES_BODY_DOT_CR;
		return false;
	}
	lines->is_odd_end |= !is_behind_cr || byte != '\n';
	const bool is_end = (is_behind_cr || byte == '\n') &&
			    !(lines->is_odd_end && lines->is_strict);
	lines->body = is_end ? LINES_BODY_NONE : LINES_BODY_INSIDE;
	return is_end;
}

/* RFC 5321 section 4.1.1.4: CRLF "." CRLF; what a lenient server ends on ends here too. */
static enum lines_item body_next(struct lines *lines, struct text *rest)
{
	while (rest->len > 0) {
		const uint8_t byte = rest->at[0];
		if (lines->body == LINES_BODY_INSIDE) {
			body_inside(lines, rest);
			continue;
		}
		if (lines->body <= LINES_BODY_CR) {
			body_start(lines, byte);
			text_advance(rest, 1);
			continue;
		}
		const bool is_end = body_dotted(lines, byte);
		/* behind ".", CR the byte is of the next line, and of this one behind "." */
		if (lines->body != LINES_BODY_INSIDE && (!is_end || byte == '\n')) {
			text_advance(rest, 1);
		}
		if (is_end) {
			return LINES_BODY_END;
		}
	}
	return LINES_MORE;
}

/* Keep the last bytes of what does not fit. */
static void tail_keep(struct lines *lines, const uint8_t *bytes, size_t len)
{
	if (len >= LINES_TAIL_BYTES) {
		memcpy(lines->tail, bytes + len - LINES_TAIL_BYTES, LINES_TAIL_BYTES);
	} else if (len > 0) {
		memmove(lines->tail, lines->tail + len, LINES_TAIL_BYTES - len);
		memcpy(lines->tail + LINES_TAIL_BYTES - len, bytes, len);
	}
}

/* One blank for many; of a long word the first bytes and the last one. */
static void squeeze_byte(struct lines *lines, uint8_t byte)
{
	const bool is_cr = byte == '\r'; /* where a lenient server ends a line */
	const bool is_blank = byte == ' ' || byte == '\t';
	if (is_blank && lines->word == 0 && lines->len > 0) {
		return;
	}
	if (is_cr && lines->len > 0 && lines->bytes[lines->len - 1] == '\r') {
		return;
	}
	if (!is_blank && !is_cr && lines->word == LINES_WORD_BYTES) {
		lines->bytes[lines->len - 1] = byte;
		return;
	}
	lines->word = is_blank || is_cr ? 0 : (uint8_t)(lines->word + 1);
	lines->bytes[lines->len++] = byte;
}

static void squeeze(struct lines *lines, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len && lines->len < lines->room; i++) {
		squeeze_byte(lines, bytes[i]);
	}
}

/* What IMAP servers send untagged is long and never looked for words far behind. */
static bool is_squeezed(const struct lines *lines, const uint8_t *line)
{
	return lines->is_squeezing && line[0] != '*';
}

/* In place, never longer than it was. */
static void squeeze_kept(struct lines *lines, size_t kept)
{
	lines->len = 0;
	lines->word = 0;
	squeeze(lines, lines->bytes, kept);
}

/* The line outgrows bytes: what is kept of it is squeezed. */
static void line_squeeze(struct lines *lines, const uint8_t *bytes, size_t len)
{
	if (!lines->is_cut) {
		const size_t kept = lines->len;
		lines->is_cut = true;
		tail_keep(lines, lines->bytes, kept);
		squeeze_kept(lines, kept);
	}
	squeeze(lines, bytes, len);
	tail_keep(lines, bytes, len);
	lines->is_cr = bytes[len - 1] == '\r';
}

static void line_keep(struct lines *lines, const uint8_t *bytes, size_t len)
{
	if (len == 0) {
		return;
	}
	if ((lines->is_cut || lines->len + len > lines->room) &&
		is_squeezed(lines, lines->len > 0 ? lines->bytes : bytes)) {
		line_squeeze(lines, bytes, len);
		return;
	}
	const size_t room = lines->is_cut ? 0 : (size_t)lines->room - lines->len;
	const size_t kept = len < room ? len : room;
	memcpy(lines->bytes + lines->len, bytes, kept);
	lines->len = (uint16_t)(lines->len + kept);
	if (kept < len && !lines->is_cut) {
		lines->is_cut = true;
		tail_keep(lines, lines->bytes, lines->room);
	}
	tail_keep(lines, bytes + kept, len - kept);
	lines->is_cr = bytes[len - 1] == '\r';
}

static struct text without_cr(struct text text)
{
	text.len -= text.len > 0 && text.at[text.len - 1] == '\r';
	return text;
}

/* text: the whole line, or what was kept of it. */
static void line_give(struct lines *lines, struct text text, struct line *line)
{
	line->is_cut = lines->is_cut;
	line->is_bare = false;
	line->is_doubtful = lines->is_doubtful;
	line->tail = (struct text){.at = lines->tail, .len = LINES_TAIL_BYTES};
	if (text.len > LINES_BYTES) { /* borrowed whole */
		line->is_cut = true;
		line->tail.at = text.at + text.len - LINES_TAIL_BYTES;
		if (is_squeezed(lines, text.at)) {
			lines->word = 0;
			squeeze(lines, text.at, text.len);
			text = (struct text){.at = lines->bytes, .len = lines->len};
		} else {
			text.len = LINES_BYTES;
		}
	}
	/* what was cut off has the CR, unless the line was squeezed */
	const size_t most = text.at == lines->bytes ? lines->room : LINES_BYTES;
	line->text = text.len == most && line->is_cut ? text : without_cr(text);
	line->tail = without_cr(line->is_cut ? line->tail : text);
	lines->len = 0;
	lines->is_cut = false;
	lines->is_doubtful = false;
	lines->is_cr = false;
}

static enum lines_item line_next(
	struct lines *lines, struct text *rest, struct line *line)
{
	const uint8_t *lf = memchr(rest->at, '\n', rest->len);
	const size_t len = lf != NULL ? (size_t)(lf - rest->at) : rest->len;
	struct text text = {.at = rest->at, .len = len};
	if (lf == NULL) {
		line_keep(lines, rest->at, len);
		text_advance(rest, len);
		return LINES_MORE;
	}
	const bool is_cr = len > 0 ? rest->at[len - 1] == '\r' : lines->is_cr;
	lines->has_bare_lf |= !is_cr && !lines->is_doubtful;
	if (lines->len > 0) {
		line_keep(lines, rest->at, len);
		text = (struct text){.at = lines->bytes, .len = lines->len};
	}
	text_advance(rest, len + 1);
	line_give(lines, text, line);
	line->is_bare = !is_cr;
	return LINES_LINE;
}

enum lines_item lines_next(struct lines *lines, struct text *rest, struct line *line)
{
	if (rest->len == 0) {
		return LINES_MORE;
	}
	if (lines->raw_left > 0) {
		return raw_next(lines, rest);
	}
	if (lines->body != LINES_BODY_NONE) {
		return body_next(lines, rest);
	}
	return line_next(lines, rest, line);
}

void lines_raw(struct lines *lines, uint64_t count)
{
	lines->raw_left = count;
}

void lines_body(struct lines *lines, bool is_strict)
{
	lines->is_strict = is_strict;
	lines->body = LINES_BODY_START;
	lines->is_cr = true; /* of the line before */
}

/* A line that was squeezed left more behind than is given of it. */
static void wipe(struct lines *lines, size_t len, bool is_cut)
{
	explicit_bzero(lines->bytes, is_cut ? lines->room : len);
	if (is_cut) {
		explicit_bzero(lines->tail, LINES_TAIL_BYTES);
	}
}

void lines_drop(struct lines *lines)
{
	wipe(lines, lines->len, lines->is_cut);
	lines->len = 0;
	lines->is_cut = false;
}

/* What is kept will stand in a room of this size. */
static void line_fit(struct lines *lines, uint16_t room)
{
	if (lines->len > room && !lines->is_cut) {
		const size_t kept = lines->len;
		lines->is_cut = true;
		tail_keep(lines, lines->bytes, kept);
		if (is_squeezed(lines, lines->bytes)) {
			squeeze_kept(lines, kept);
		}
	}
	lines->len = lines->len < room ? lines->len : room;
	if (lines->is_cut) { /* what was squeezed left more behind */
		explicit_bzero(
			lines->bytes + lines->len, (size_t)lines->room - lines->len);
	}
}

/* Move what is kept to another room; nothing of it is left behind. */
static void line_move(uint8_t *to, uint8_t *from, size_t len)
{
	memcpy(to, from, len);
	explicit_bzero(from, len);
}

void lines_exchange(struct lines *lines, struct lines *other)
{
	uint8_t kept[LINES_BYTES];
	uint8_t *bytes = lines->bytes;
	const uint16_t room = lines->room;
	line_fit(lines, other->room);
	line_fit(other, room);
	if (lines->len > 0 || other->len > 0) {
		line_move(kept, bytes, lines->len);
		line_move(bytes, other->bytes, other->len);
		line_move(other->bytes, kept, lines->len);
	}
	lines_begin(lines, other->bytes, other->room);
	lines_begin(other, bytes, room);
}

void lines_forget(struct lines *lines, const struct line *line)
{
	if (line->text.at == lines->bytes) {
		wipe(lines, line->text.len, line->is_cut);
	}
}

void lines_gap(struct lines *lines, uint64_t missing)
{
	if (lines->raw_left > 0 && missing > 0 && missing < lines->raw_left) {
		lines->raw_left -= missing;
		return;
	}
	wipe(lines, lines->len, lines->is_cut);
	lines->raw_left = 0;
	lines->body = LINES_BODY_NONE;
	lines->len = 0;
	lines->is_cut = false;
	lines->is_cr = false;
	lines->is_doubtful = true;
}

bool lines_at_start(const struct lines *lines)
{
	return lines->raw_left == 0 && lines->body == LINES_BODY_NONE &&
	       lines->len == 0 && !lines->is_cut;
}

bool lines_flush(struct lines *lines, struct line *line)
{
	if (lines->len == 0) {
		return false;
	}
	line_give(lines, (struct text){.at = lines->bytes, .len = lines->len}, line);
	return true;
}
