#include "judge/lesson.h"

#include "analyze/header.h"
#include "base/text.h"
#include "judge/evidence.h"

#include <string.h>

#define LAST_TIME_US UINT64_C(253402300799999999) /* of the year 9999 */

const struct facts_certificate *lesson_certificate(
	const struct observation *observation)
{
	const struct facts_certificate *certificate =
		&observation->facts->session.server_certificate;
	return certificate->visibility == FACTS_SEEN &&
			       certificate->fingerprint[0] != '\0'
		       ? certificate
		       : NULL;
}

void lesson_word(char *field, size_t size, const char *word)
{
	text_copy(field, size, (struct text){(const uint8_t *)word, strlen(word)});
	for (char *blank = strchr(field, ' '); blank; blank = strchr(blank, ' ')) {
		*blank = '?';
	}
}

uint64_t lesson_name(const struct facts *facts)
{
	return header_word_hash(
		(struct text){(const uint8_t *)facts->helo, strlen(facts->helo)});
}

static bool is_ehlo_denied(const struct facts *facts)
{
	return facts->is_ehlo_denied && !facts->is_ehlo_refused;
}

static uint16_t lesson_flags(const struct facts *facts, bool is_stripped)
{
	unsigned flags = 0;
	if (facts->starttls_offered == FACTS_YES) {
		flags |= LEDGER_LESSON_OFFERED;
	} else if (judge_is_starttls_absent(facts)) {
		flags |= LEDGER_LESSON_ABSENT;
	}
	if (facts->tls == FACTS_TLS_STARTTLS) {
		flags |= LEDGER_LESSON_USED;
	}
	if ((facts->starttls & FACTS_STARTTLS_REFUSED) != 0) {
		flags |= LEDGER_LESSON_REFUSED;
	}
	if (is_stripped) {
		flags |= LEDGER_LESSON_STRIPPED;
	}
	if (facts->auth_secret != 0) {
		flags |= LEDGER_LESSON_AUTH_CLEAR;
	}
	if (is_ehlo_denied(facts)) {
		flags |= LEDGER_LESSON_EHLO_DENIED;
	}
	return (uint16_t)flags;
}

/* It ends within its field, and as it is a state file's line may hold it. */
static bool is_word(const char *field, size_t size)
{
	const size_t len = strnlen(field, size);
	char again[LEDGER_DIGEST_BYTES];
	if (len == size) {
		return false;
	}
	lesson_word(again, sizeof(again), field);
	return strcmp(again, field) == 0;
}

static bool is_digest(const char *field)
{
	const size_t len = strnlen(field, LEDGER_DIGEST_BYTES);
	return len == 0 || (len == LEDGER_DIGEST_BYTES - 1 &&
				   strspn(field, "0123456789abcdef") == len);
}

bool ledger_lesson_is_sound(const struct ledger_lesson *lesson)
{
	return lesson->start_us != 0 && lesson->start_us <= LAST_TIME_US &&
	       lesson->port != 0 &&
	       (lesson->flags & ~(unsigned)LEDGER_LESSON_FLAGS) == 0 &&
	       (lesson->flags & (LEDGER_LESSON_OFFERED | LEDGER_LESSON_ABSENT)) !=
		       (LEDGER_LESSON_OFFERED | LEDGER_LESSON_ABSENT) &&
	       is_digest(lesson->fingerprint) &&
	       is_word(lesson->key_type, sizeof(lesson->key_type)) &&
	       is_word(lesson->sni, sizeof(lesson->sni));
}

bool ledger_lesson_of(const struct observation *observation, uint64_t start_us,
	bool is_stripped, struct ledger_lesson *lesson)
{
	const struct facts *facts = observation->facts;
	const struct facts_certificate *certificate = lesson_certificate(observation);
	/* one side alone, or without its handshake, is anybody's packet */
	if (!facts->has_server_bytes || !facts->has_client_bytes ||
		facts->is_midstream) {
		return false;
	}
	/* whole, with what lies between its members: it leaves the process */
	memset(lesson, 0, sizeof(*lesson));
	lesson->server = observation->server;
	lesson->client = observation->client;
	lesson->start_us = start_us > 0 ? start_us : 1; /* 0 is never */
	lesson->port = observation->server_port;
	lesson->version = facts->session.version;
	lesson->flags = lesson_flags(facts, is_stripped);
	lesson->messages = facts->messages;
	lesson->refusals = facts->refusals;
	lesson->deferrals = facts->deferrals;
	lesson->name = is_ehlo_denied(facts) ? lesson_name(facts) : 0;
	if (certificate) {
		lesson_word(lesson->sni, sizeof(lesson->sni), facts->session.sni);
		lesson_word(lesson->key_type, sizeof(lesson->key_type),
			certificate->key_type);
		lesson_word(lesson->fingerprint, sizeof(lesson->fingerprint),
			certificate->fingerprint);
	}
	/* what a state file cannot hold: a server on port 0, a time past its years */
	return ledger_lesson_is_sound(lesson);
}
