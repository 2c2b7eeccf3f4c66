/*
 * judge/ledger - what each mail server offered before: STARTTLS and certificates.
 *
 * In: finished flows, by server (address and port), as lessons. Out: struct
 * judge_memory for a flow at hand. Bounded: a full ledger gives up the server idle
 * longest, and one that the matrix declares only when there are no others. Time is a parameter; no I/O (report/servers_file reads and writes it).
 * A lesson is plain data: it may cross to other processes, whose ledgers learn it too.
 */
#pragma once

#include "base/hash.h"
#include "base/reason.h"
#include "judge/judge.h"

struct ledger; /* opaque */

#define LEDGER_CERTIFICATES 4
#define LEDGER_CLIENTS      4
#define LEDGER_SNI_BYTES    64
#define LEDGER_KEY_BYTES    8
#define LEDGER_DIGEST_BYTES 65

/* What was seen longer ago accuses nobody. */
#define LEDGER_MEMORY_US (UINT64_C(30) * 24 * 3600 * 1000000)

/* STARTTLS gone for so many flows, clients and so long is how the server is now. */
#define LEDGER_CHANGE_FLOWS 16
#define LEDGER_CHANGE_US    (UINT64_C(24) * 3600 * 1000000)

enum ledger_version { /* flags, TLS versions negotiated */
	LEDGER_VERSION_SSL3 = 1 << 0,
	LEDGER_VERSION_TLS10 = 1 << 1,
	LEDGER_VERSION_TLS11 = 1 << 2,
	LEDGER_VERSION_TLS12 = 1 << 3,
	LEDGER_VERSION_TLS13 = 1 << 4,
};
#define LEDGER_VERSIONS 5

struct ledger_certificate {
	/* SHA-256, lower-case hex; "": no entry */
	char fingerprint[LEDGER_DIGEST_BYTES];
	char key_type[LEDGER_KEY_BYTES];
	char sni[LEDGER_SNI_BYTES]; /* name the clients asked for, cut to fit, or "" */
	uint32_t flows;
	uint64_t first_us;
	uint64_t last_us;
	struct address client; /* the last one it was shown to */
};

/* Offers missing in a row, since the last one that was seen. */
struct ledger_absence {
	uint32_t flows;
	uint32_t client_count; /* different ones, counted up to LEDGER_CLIENTS */
	uint64_t first_us;
	uint64_t last_us;
	struct address clients[LEDGER_CLIENTS];
};

struct ledger_server {
	struct address address;
	uint16_t port;
	uint16_t versions; /* enum ledger_version flags */
	uint32_t flows;
	uint32_t offered; /* flows in which a list of capabilities had STARTTLS */
	uint32_t not_offered;
	uint32_t used;
	uint32_t refused;
	uint32_t stripped;
	uint32_t auth_clear; /* flows in which a reusable secret crossed in clear */
	uint64_t first_us;
	uint64_t last_us;
	uint64_t offered_first_us; /* 0: never */
	uint64_t offered_last_us;
	struct ledger_absence absence;
	struct ledger_certificate certificates[LEDGER_CERTIFICATES];
};

struct ledger *ledger_new(uint32_t servers, struct hash_seed seed, struct reason *why);
void ledger_free(struct ledger *ledger);

/* Something was seen that earlier flows may explain: no offer, a refusal, or a certificate. */
static inline bool ledger_is_of_use(const struct facts *facts)
{
	return facts->starttls_offered == FACTS_NO || facts->is_ehlo_refused ||
	       (facts->starttls & FACTS_STARTTLS_REFUSED) != 0 ||
	       facts->session.server_certificate.visibility == FACTS_SEEN;
}

/* Fill the server's part of *memory for a flow that began at start_us. */
void ledger_recall(const struct ledger *ledger, const struct observation *observation,
	uint64_t start_us, struct judge_memory *memory);

enum ledger_lesson_flag {
	LEDGER_LESSON_OFFERED = 1 << 0, /* a list of capabilities had STARTTLS */
	LEDGER_LESSON_ABSENT = 1 << 1,  /* one went by without it */
	LEDGER_LESSON_USED = 1 << 2,
	LEDGER_LESSON_REFUSED = 1 << 3,
	LEDGER_LESSON_STRIPPED = 1 << 4,
	LEDGER_LESSON_AUTH_CLEAR = 1 << 5,
	LEDGER_LESSON_DECLARED = 1 << 6, /* the matrix has the server in a group */
	LEDGER_LESSON_FLAGS = (1 << 7) - 1,
};

/* What one mail flow that ended teaches of its server. */
struct ledger_lesson {
	struct address server;
	struct address client;
	uint64_t start_us; /* never 0 */
	uint16_t port;
	uint16_t version;                      /* of TLS; 0: none, or not seen */
	uint16_t flags;                        /* enum ledger_lesson_flag */
	char fingerprint[LEDGER_DIGEST_BYTES]; /* "": no certificate was visible */
	char key_type[LEDGER_KEY_BYTES];
	char sni[LEDGER_SNI_BYTES];
};

/* False: it teaches nothing. Only a handshake and both sides of a dialogue do. is_stripped: the flow was judged so. */
bool ledger_lesson_of(const struct observation *observation, uint64_t start_us,
	bool is_stripped, struct ledger_lesson *lesson);

/* Of a lesson from another process: every text ends and is a word, nothing is odd. */
bool ledger_lesson_is_sound(const struct ledger_lesson *lesson);

/* Each flow once. */
void ledger_learn(struct ledger *ledger, const struct ledger_lesson *lesson);

/* NULL when nothing is known of it. */
const struct ledger_server *ledger_find(
	const struct ledger *ledger, const struct address *address, uint16_t port);

/* Put a server in as it was saved; it counts as the one seen last. */
void ledger_put(struct ledger *ledger, const struct ledger_server *server);

size_t ledger_count(const struct ledger *ledger);

/* Servers forgotten for want of room: by this ledger, and with those of runs before. */
uint64_t ledger_given_up(const struct ledger *ledger);
uint64_t ledger_given_up_ever(const struct ledger *ledger);
void ledger_add_given_up_before(struct ledger *ledger, uint64_t count);

/* Every server: those not declared, then the others, the one idle longest first. */
typedef void ledger_visit(void *context, const struct ledger_server *server);
void ledger_walk(const struct ledger *ledger, ledger_visit *visit, void *context);

/* "1.2"; index: 0 to LEDGER_VERSIONS - 1, the number of the flag. */
const char *ledger_version_name(unsigned index);
