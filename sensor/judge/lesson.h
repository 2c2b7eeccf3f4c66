/*
 * judge/lesson - what one mail flow that ended teaches of its server, for the ledger.
 *
 * In: what was observed. Out: plain data that may cross to other processes, whose
 * ledgers learn it too. Keeps nothing.
 */
#pragma once

#include "judge/judge.h"

#define LEDGER_SNI_BYTES    64
#define LEDGER_KEY_BYTES    8
#define LEDGER_DIGEST_BYTES 65

enum ledger_lesson_flag {
	LEDGER_LESSON_OFFERED = 1 << 0, /* a list of capabilities had STARTTLS */
	LEDGER_LESSON_ABSENT = 1 << 1,  /* one went by without it */
	LEDGER_LESSON_USED = 1 << 2,
	LEDGER_LESSON_REFUSED = 1 << 3,
	LEDGER_LESSON_STRIPPED = 1 << 4,
	LEDGER_LESSON_AUTH_CLEAR = 1 << 5,
	LEDGER_LESSON_DECLARED =
		1 << 6, /* the matrix has the server, and this port of it */
	LEDGER_LESSON_KNOWN_CLIENT = 1 << 7, /* or the client */
	LEDGER_LESSON_EHLO_DENIED = 1 << 8,  /* and nothing else was taken */
	LEDGER_LESSON_FLAGS = (1 << 9) - 1,
};

/* What one mail flow that ended teaches of its server. */
struct ledger_lesson {
	struct address server;
	struct address client;
	uint64_t start_us;  /* never 0 */
	uint64_t name;      /* hash of the client's own, where EHLO was denied */
	uint32_t messages;  /* that crossed in clear, */
	uint32_t refusals;  /* and how often the server said no, */
	uint32_t deferrals; /* or not now */
	uint16_t port;
	uint16_t version;                      /* of TLS; 0: none, or not seen */
	uint16_t flags;                        /* enum ledger_lesson_flag */
	char fingerprint[LEDGER_DIGEST_BYTES]; /* "": no certificate was visible */
	char key_type[LEDGER_KEY_BYTES];
	char sni[LEDGER_SNI_BYTES];
};

/*
 * False: it teaches nothing. Only a handshake and both sides of a dialogue do, and only
 * what is sound. is_stripped: the flow was judged so.
 */
bool ledger_lesson_of(const struct observation *observation, uint64_t start_us,
	bool is_stripped, struct ledger_lesson *lesson);

/* Every text ends and is a word, nothing is odd: asked of all lessons, wherever from. */
bool ledger_lesson_is_sound(const struct ledger_lesson *lesson);

/* What the client calls itself, to know it again. */
uint64_t lesson_name(const struct facts *facts);

/* One word, as a line of the state file holds it. */
void lesson_word(char *field, size_t size, const char *word);

/* The certificate that a flow shows; NULL when none is visible. */
const struct facts_certificate *lesson_certificate(
	const struct observation *observation);
