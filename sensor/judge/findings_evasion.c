/* The finding about bytes that may be read in two ways (R37). */
#include "base/text.h"
#include "judge/findings.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const KINDS[FLOW_DOUBT_COUNT] = {
	[FLOW_DOUBT_NONE] = "",
	[FLOW_DOUBT_SYN] = "data in a SYN, not taken",
	[FLOW_DOUBT_NO_ACK] = "a segment without ACK",
	[FLOW_DOUBT_UNSENT] = "a segment that acknowledges too much",
	[FLOW_DOUBT_CHECKSUM] = "a wrong checksum",
	[FLOW_DOUBT_TTL] = "a segment with fewer hops left",
	[FLOW_DOUBT_WINDOW] = "a segment outside the window",
	[FLOW_DOUBT_TIMESTAMP] = "an old or missing timestamp",
	[FLOW_DOUBT_SIGNED] = "a signature nobody agreed on",
	[FLOW_DOUBT_VERSIONS] = "two versions of a segment",
	[FLOW_DOUBT_FRAGMENTS] = "two versions of a fragment",
	[FLOW_DOUBT_URGENT] = "an urgent byte",
	[FLOW_DOUBT_AHEAD] = "much ahead of a hole",
	[FLOW_DOUBT_CONNECTION] = "another connection's handshake",
};

/* What may be shown of a peer's bytes: they may be a secret. */
static const char *const WORDS[] = {"AUTH", "BDAT", "CONNECT", "DATA", "EHLO", "GET",
	"HELO", "LHLO", "LIST", "MAIL", "NOOP", "OPTIONS", "PASS", "POST", "QUIT",
	"RCPT", "RSET", "STARTTLS", "STLS", "USER", "VRFY"};

static const char *word_of(const struct flow_reading *reading)
{
	for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
		const size_t len = strlen(WORDS[i]);
		const bool is_word =
			reading->kept > len &&
			strncasecmp((const char *)reading->bytes, WORDS[i], len) == 0 &&
			(reading->bytes[len] == ' ' || reading->bytes[len] == '\r' ||
				reading->bytes[len] == '\n');
		if (is_word) {
			return WORDS[i];
		}
	}
	return NULL;
}

/* "EHLO (23 bytes)"; text holds 32 bytes. Returns text. */
static const char *reading_text(const struct flow_reading *reading, char *text)
{
	const char *word = word_of(reading);
	(void)snprintf(text, 32, word ? "%s (%u bytes)" : "%s%u bytes",
		word ? word : "", reading->len);
	return text;
}

/* A receiver that believes first lines has another flow before it than the two ends. */
static bool note_early_talk(const struct judge_case *judged, struct finding_note *note)
{
	return finding_note_set(note, "early talker: %s, or %s",
		opening_name((enum opening)judged->facts->opening),
		protocol_name(judged->observation->protocol));
}

/* The server took nothing of it, or has yet to say so: then nobody was fooled. */
static bool is_in_vain(const struct judge_case *judged)
{
	return judged->observation->is_ended ? judge_is_other_talk(judged->facts)
					     : judge_may_stay_attempt(judged->facts);
}

bool finding_evasion_ambiguous(
	const struct judge_case *judged, struct finding_note *note)
{
	const struct flow_ambiguity *ambiguity = judged->observation->ambiguity;
	char first[32];
	char second[32];
	if (ambiguity == NULL || ambiguity->doubt == FLOW_DOUBT_NONE) {
		return judged->facts->has_unread_lines
			       ? finding_note_set(
					 note, "more lines at once than are read")
			       : facts_is_early_talk(judged->facts) &&
					 !is_in_vain(judged) &&
					 note_early_talk(judged, note);
	}
	const char *kind = KINDS[ambiguity->doubt];
	if (ambiguity->second.len == 0) {
		return finding_note_set(note, "%s", kind);
	}
	return finding_note_set(note, "%s: %s, or %s", kind,
		reading_text(&ambiguity->first, first),
		reading_text(&ambiguity->second, second));
}
