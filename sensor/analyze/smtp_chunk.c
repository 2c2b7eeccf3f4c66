/* The octets of a BDAT that a server refused: it may discard them, or read them as commands. */
#include "analyze/smtp.h"

void smtp_chunk_refused(struct smtp *smtp, struct facts *facts, uint16_t code)
{
	struct lines *lines = &smtp->clear.lines[DIRECTION_TO_SERVER];
	const bool is_unknown = code >= 500 && code <= 502;
	if (lines->raw_left == 0) {
		return;
	}
	const uint64_t left = lines->raw_left;
	lines_gap(lines, 0);
	if (is_unknown || !smtp->has_chunking) {
		return; /* a server that does not know BDAT takes them for commands */
	}
	smtp_text_lost(smtp);
	if (smtp->claims.is_open) {
		smtp_claims_drop(smtp, facts);
	}
	smtp->claims = (struct smtp_claims){.is_open = true, .is_chunk = true};
	smtp->octets = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
	smtp->has_text &= !smtp->is_last_chunk;
}

/* They were passed, and nobody answered what is in them: the next byte begins a command. */
static void chunk_passed(struct smtp *smtp, struct facts *facts)
{
	struct lines *lines = &smtp->clear.lines[DIRECTION_TO_SERVER];
	smtp_claims_drop(smtp, facts);
	smtp->claims = (struct smtp_claims){.is_open = false};
	lines_drop(lines);
	lines->is_doubtful = false;
}

static void chunk_command(
	struct smtp *smtp, struct facts *facts, const struct smtp_command *command)
{
	struct text rest = command->argument;
	switch (command->verb) {
	case SMTP_VERB_BDAT:
		return; /* of a mail: its reply would end what is due */
	case SMTP_VERB_AUTH: {
		const struct text mechanism = text_word(&rest);
		sasl_start(&smtp->clear.sasl, facts, mechanism, text_trim(rest));
		break;
	}
	case SMTP_VERB_STARTTLS:
		clear_starttls_request(&smtp->clear, facts);
		break;
	case SMTP_VERB_MAIL:
		smtp_sender_note(smtp, facts, rest);
		break;
	default:
		break;
	}
	pending_add(&smtp->pending, command->verb);
}

/* Held back until a reply fits; of other commands nothing is known but that they stand here. */
static void chunk_line(struct smtp *smtp, struct facts *facts, const struct line *line)
{
	struct sasl *sasl = &smtp->clear.sasl;
	const struct smtp_command command = smtp_command_parse(line->text);
	if (command.is_certain) {
		chunk_command(smtp, facts, &command);
	} else if (sasl->mechanism != 0 && sasl_is_response(line->text)) {
		sasl_response(sasl, facts, line->text);
	} else {
		smtp_claims_drop(smtp, facts);
	}
}

/* Lines of the chunk, at most as many as are read of what comes at once. */
static void chunk_lines(struct smtp *smtp, struct facts *facts, struct text bytes)
{
	struct lines *lines = &smtp->clear.lines[DIRECTION_TO_SERVER];
	struct smtp_held held;
	struct line line;
	ptrdiff_t left = LINES_AT_ONCE(bytes.len);
	for (; left > 0 && lines_next(lines, &bytes, &line) == LINES_LINE; left--) {
		smtp_claims_hold(facts, &held);
		chunk_line(smtp, facts, &line);
		smtp_claims_take(smtp, facts, &held);
		lines_forget(lines, &line);
	}
	if (bytes.len > 0) {
		lines_gap(lines, 0);
	}
}

size_t smtp_chunk_bytes(struct smtp *smtp, struct facts *facts, struct text bytes)
{
	if (bytes.len > smtp->octets) {
		bytes.len = smtp->octets;
	}
	chunk_lines(smtp, facts, bytes);
	smtp->octets -= (uint32_t)bytes.len;
	if (smtp->octets == 0) {
		chunk_passed(smtp, facts);
	}
	return bytes.len;
}
