#include "classify/traits.h"

#include <string.h>

bool traits_next_line(
	const struct side_bytes *side, size_t *offset, struct traits_line *line)
{
	if (*offset >= side->len) {
		return false;
	}
	const uint8_t *start = &side->bytes[*offset];
	const size_t left = side->len - *offset;
	const uint8_t *feed = memchr(start, '\n', left);
	size_t len = feed ? (size_t)(feed - start) : left;
	line->is_first = *offset == 0;
	line->is_ended = feed != NULL;
	line->is_whole = feed || side->is_last;
	*offset += feed ? len + 1 : left;
	if (len > 0 && start[len - 1] == '\r') {
		len--;
	}
	line->text = (struct text){.at = start, .len = len};
	return true;
}

struct text traits_word(const struct traits_line *line, struct text *rest)
{
	struct text word = text_word(rest);
	if (rest->len == 0 && !line->is_whole) {
		word.len = 0;
	}
	return word;
}

bool traits_is_hello(const struct traits_line *line, uint8_t type)
{
	enum {
		RECORD_HANDSHAKE = 22,
		RECORD_HEAD_BYTES = 5
	}; /* RFC 8446 section 5.1 */
	const struct text text = line->text;
	return text.len > RECORD_HEAD_BYTES && text.at[0] == RECORD_HANDSHAKE &&
	       text.at[1] == 3 && text.at[RECORD_HEAD_BYTES] == type && !line->is_first;
}

bool traits_contains(struct text text, const char *word)
{
	const uint8_t first = (uint8_t)word[0] | 0x20;
	for (; text.len > 0; text.at++, text.len--) {
		if ((text.at[0] | 0x20) == first && text_starts(text, word)) {
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

/* Never 0. Two tags of one hash would only make their own flow look like IMAP. */
static uint32_t hash_tag(struct text tag)
{
	const uint32_t hash = (uint32_t)text_hash(tag);
	return hash | (uint32_t)(hash == 0);
}

/* Tags are looked for in the lines alone that show one. */
static void read_line(const struct traits_line *line, struct traits_reading *reading,
	struct traits *traits)
{
	const uint64_t client = traits_client_line(line);
	uint64_t server = traits_server_line(line);
	if (!reading->is_after_250) {
		/* the first line of an EHLO reply is a name, no keyword: RFC 5321 4.1.1.1 */
		server &= ~SERVER_EHLO_REPLY;
	}
	if (line->is_first) {
		traits->client_first = client;
		traits->server_first = server;
	}
	traits->client |=
		seen_twice(traits->client, client, CLIENT_IMAP, CLIENT_IMAP_TWO);
	traits->client |=
		seen_twice(traits->client, client, CLIENT_POP3, CLIENT_POP3_TWO);
	traits->server |= seen_twice(
		traits->server, server, SERVER_ENHANCED, SERVER_ENHANCED_TWO);
	traits->server |=
		seen_twice(traits->server, server, SERVER_OK_WORDS, SERVER_OK_TWO);
	traits->server |= seen_twice(
		traits->server, server, SERVER_UNTAGGED, SERVER_UNTAGGED_TWO);
	traits->client |= client;
	traits->server |= server;
	reading->open_command =
		client & CLIENT_IMAP ? hash_tag(traits_imap_command(line)) : 0;
	reading->open_reply =
		server & SERVER_TAGGED ? hash_tag(traits_imap_reply(line)) : 0;
}

/* First lines that leave nothing open. */
static bool is_settled(const struct traits *traits)
{
	return ((traits->client & (CLIENT_HTTP | CLIENT_SSH | CLIENT_FOREIGN)) |
		       (traits->server & (SERVER_HTTP | SERVER_FOREIGN))) != 0;
}

/* The line is whole: its tags stay. */
static void keep_tags(struct traits_reading *reading)
{
	if (reading->open_command != 0) {
		reading->commands[reading->command_count++] = reading->open_command;
	}
	if (reading->open_reply != 0) {
		reading->replies[reading->reply_count++] = reading->open_reply;
	}
	reading->open_command = 0;
	reading->open_reply = 0;
}

void traits_read_lines(const struct side_bytes *side, struct traits_reading *reading,
	struct traits *traits)
{
	struct traits_line line;
	size_t offset = reading->offset;
	*traits = reading->traits;
	reading->open_command = 0;
	reading->open_reply = 0;
	while (traits->line_count < TRAITS_LINES_MAX &&
		(side->is_doubted || !is_settled(traits)) &&
		traits_next_line(side, &offset, &line)) {
		read_line(&line, reading, traits);
		traits->line_count++;
		if (!line.is_ended) {
			return; /* it may still grow: once more when it did, PREFIX_BYTES of it */
		}
		keep_tags(reading);
		reading->is_after_250 = is_reply_part(line.text);
		reading->offset = (uint16_t)offset;
		reading->traits = *traits;
	}
}

static bool is_among(uint32_t tag, const uint32_t *tags, size_t count, uint32_t open)
{
	if (tag == 0) {
		return false;
	}
	for (size_t i = 0; i < count; i++) { /* at most TRAITS_LINES_MAX */
		if (tags[i] == tag) {
			return true;
		}
	}
	return tag == open;
}

bool traits_tags_meet(
	const struct traits_reading *client, const struct traits_reading *server)
{
	const uint32_t *replies = server->replies;
	const size_t count = server->reply_count;
	for (size_t i = 0; i < client->command_count; i++) {
		if (is_among(client->commands[i], replies, count, server->open_reply)) {
			return true;
		}
	}
	return is_among(client->open_command, replies, count, server->open_reply);
}
