#include "report/seen.h"

#include <assert.h>

static const struct {
	const char *words;
	const char *key;
} NAMES[SEEN_COUNT] = {
	[SEEN_ENOUGH] = {"far enough", "enough"},
	[SEEN_ONE_WAY] = {"in one direction only", "one_direction"},
	[SEEN_NO_START] = {"without their start", "no_start"},
	[SEEN_MISSING] = {"with bytes missing", "bytes_missing"},
	[SEEN_NO_HELLO] = {"without the server's hello", "no_hello"},
	[SEEN_UNDECIDED] = {"undecided", "undecided"},
};

const char *seen_words(enum seen seen)
{
	assert(seen < SEEN_COUNT);
	return NAMES[seen].words;
}

const char *seen_key(enum seen seen)
{
	assert(seen < SEEN_COUNT);
	return NAMES[seen].key;
}

static bool is_one_way(const struct record *record)
{
	return record->packets[0] == 0 || record->packets[1] == 0;
}

enum seen seen_ends(const struct record *record)
{
	if (is_one_way(record)) {
		return SEEN_ONE_WAY;
	}
	return record->judgement->verdict == VERDICT_UNDECIDED ? SEEN_UNDECIDED
							       : SEEN_ENOUGH;
}

enum seen seen_text(const struct record *record)
{
	const struct facts *facts = record->observation->facts;
	if (is_one_way(record)) {
		return SEEN_ONE_WAY;
	}
	if (facts->is_midstream) {
		return SEEN_NO_START;
	}
	return facts->is_clear_cut ? SEEN_MISSING : SEEN_ENOUGH;
}

enum seen seen_tls(const struct record *record)
{
	const struct facts *facts = record->observation->facts;
	const bool is_encrypted =
		facts->tls == FACTS_TLS_STARTTLS || facts->tls == FACTS_TLS_IMPLICIT;
	if (is_one_way(record)) {
		return SEEN_ONE_WAY;
	}
	if (is_encrypted && !facts->session.has_server_hello) {
		return SEEN_NO_HELLO;
	}
	/* of TLS from the first byte on the hello is all there is to see */
	return facts->tls == FACTS_TLS_IMPLICIT ? SEEN_ENOUGH : seen_text(record);
}
