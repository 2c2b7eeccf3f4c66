#include "classify/marks.h"

#include <string.h>

/* No dialogue needs more before it has shown what it is. */
#define LINES_MAX 48

bool marks_next_line(
	const struct side_bytes *side, size_t *offset, struct marks_line *line)
{
	if (*offset >= side->len) {
		return false;
	}
	const uint8_t *start = &side->bytes[*offset];
	const size_t left = side->len - *offset;
	const uint8_t *feed = memchr(start, '\n', left);
	size_t len = feed ? (size_t)(feed - start) : left;
	line->is_first = *offset == 0;
	line->is_whole = feed || side->is_last;
	*offset += feed ? len + 1 : left;
	if (len > 0 && start[len - 1] == '\r') {
		len--;
	}
	line->text = (struct text){.at = start, .len = len};
	return true;
}

struct text marks_word(const struct marks_line *line, struct text *rest)
{
	struct text word = text_word(rest);
	if (rest->len == 0 && !line->is_whole) {
		word.len = 0;
	}
	return word;
}

bool marks_contains(struct text text, const char *word)
{
	const uint8_t upper = (uint8_t)word[0];
	const uint8_t lower = upper | 0x20;
	for (; text.len > 0; text.at++, text.len--) {
		const bool may_start = text.at[0] == upper || text.at[0] == lower;
		if (may_start && text_starts(text, word)) {
			return true;
		}
	}
	return false;
}

/* A second line of one kind is a trait of its own. */
static uint64_t seen_twice(uint64_t before, uint64_t now, uint64_t once, uint64_t twice)
{
	return (before & now & once) != 0 ? twice : 0;
}

static bool is_reply_part(struct text line)
{
	return text_starts(line, "250-");
}

static void read_line(
	const struct marks_line *line, bool is_after_250, struct marks *marks)
{
	const uint64_t client = marks_client_line(line);
	uint64_t server = marks_server_line(line);
	if (!is_after_250) {
		/* the first line of an EHLO reply is a name, no keyword: RFC 5321 4.1.1.1 */
		server &= ~SERVER_EHLO_REPLY;
	}
	if (line->is_first) {
		marks->client_first = client;
		marks->server_first = server;
	}
	marks->client |=
		seen_twice(marks->client, client, CLIENT_IMAP, CLIENT_IMAP_TWO);
	marks->client |=
		seen_twice(marks->client, client, CLIENT_POP3, CLIENT_POP3_TWO);
	marks->server |=
		seen_twice(marks->server, server, SERVER_ENHANCED, SERVER_ENHANCED_TWO);
	marks->server |=
		seen_twice(marks->server, server, SERVER_OK_WORDS, SERVER_OK_TWO);
	marks->server |=
		seen_twice(marks->server, server, SERVER_UNTAGGED, SERVER_UNTAGGED_TWO);
	marks->client |= client;
	marks->server |= server;
}

/* First lines that leave nothing open. */
static bool is_settled(const struct marks *marks)
{
	return ((marks->client & (CLIENT_HTTP | CLIENT_SSH | CLIENT_FOREIGN)) |
		       (marks->server & (SERVER_HTTP | SERVER_FOREIGN))) != 0;
}

void marks_read_lines(const struct side_bytes *side, struct marks *marks)
{
	struct marks_line line;
	size_t offset = 0;
	bool is_after_250 = false;
	while (marks->line_count < LINES_MAX && !is_settled(marks) &&
		marks_next_line(side, &offset, &line)) {
		read_line(&line, is_after_250, marks);
		is_after_250 = is_reply_part(line.text);
		marks->line_count++;
	}
}
