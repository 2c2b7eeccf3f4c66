/*
 * judge/ledger - what each mail server offered before: STARTTLS and certificates.
 *
 * In: finished flows, by server (address and port), as lessons. Out: struct
 * judge_memory for a flow at hand. Bounded: a full ledger gives up, of what is worth least
 * and of whoever taught most of that, the server idle longest; one that the matrix declares
 * never for one that it does not. Time is a parameter; no I/O (report/servers_file reads
 * and writes it).
 */
#pragma once

#include "base/hash.h"
#include "base/reason.h"
#include "judge/judge.h"
#include "judge/lesson.h"
#include "judge/offered_to.h"

struct ledger; /* opaque */

#define LEDGER_CERTIFICATES 4
#define LEDGER_CLIENTS      4

/* What was seen longer ago accuses nobody. */
#define LEDGER_MEMORY_US (UINT64_C(30) * 24 * 3600 * 1000000)

/* STARTTLS gone for so many flows, clients and so long is how the server is now. */
#define LEDGER_CHANGE_FLOWS 16
#define LEDGER_CHANGE_US    (UINT64_C(24) * 3600 * 1000000)

/* Who was refused EHLO and comes back with HELO does so at once, or at the next try. */
#define LEDGER_DENIALS   4
#define LEDGER_DENIAL_US (UINT64_C(3600) * 1000000)

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

/* EHLO refused to a client that then left; forgotten with the process. */
struct ledger_denial {
	struct address client;
	uint64_t name;    /* what it called itself, as lesson_name has it */
	uint64_t time_us; /* 0: no entry */
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
	uint32_t messages;   /* that crossed in clear, */
	uint32_t refusals;   /* and how often it said no for good, */
	uint32_t deferrals;  /* or temporarily */
	uint64_t first_us;
	uint64_t last_us;
	uint64_t offered_first_us; /* 0: never */
	uint64_t offered_last_us;
	/* when it was last told that some clients are offered it and others never; 0: never */
	uint64_t partly_us;
	struct offered_to offered_to;
	struct ledger_absence absence;
	struct ledger_certificate certificates[LEDGER_CERTIFICATES];
	struct ledger_denial denials[LEDGER_DENIALS]; /* of different clients */
};

struct ledger *ledger_new(uint32_t servers, struct hash_seed seed, struct reason *why);
void ledger_free(struct ledger *ledger);

/* Something was seen that earlier flows may explain: no offer, HELO, a refusal, a certificate. */
static inline bool ledger_is_of_use(const struct facts *facts)
{
	return facts->starttls_offered == FACTS_NO || facts->is_helo_only ||
	       facts->is_ehlo_refused ||
	       (facts->starttls & FACTS_STARTTLS_REFUSED) != 0 ||
	       facts->session.server_certificate.visibility == FACTS_SEEN;
}

/* Fill the server's part of *memory for a flow that began at start_us. */
void ledger_recall(const struct ledger *ledger, const struct observation *observation,
	uint64_t start_us, struct judge_memory *memory);

/* Each flow once. Not learnt, and counted, where all the room is of servers worth more. */
void ledger_learn(struct ledger *ledger, const struct ledger_lesson *lesson);

/* NULL when nothing is known of it. */
const struct ledger_server *ledger_find(
	const struct ledger *ledger, const struct address *address, uint16_t port);

/* Put a server in as it was saved; it counts as the one seen last, and as not declared. */
void ledger_put(struct ledger *ledger, const struct ledger_server *server);

/* Once a matrix holds, or another one: which of the servers known it declares. */
typedef bool ledger_is_declared(
	void *context, const struct address *server, uint16_t port);
void ledger_declare(
	struct ledger *ledger, ledger_is_declared *is_declared, void *context);

size_t ledger_count(const struct ledger *ledger);

/* Servers forgotten for want of room: by this ledger, and with those of runs before. */
uint64_t ledger_given_up(const struct ledger *ledger);
uint64_t ledger_given_up_ever(const struct ledger *ledger);
void ledger_add_given_up_before(struct ledger *ledger, uint64_t count);

/* Every server: those worth least first, of these the one idle longest. */
typedef void ledger_visit(void *context, const struct ledger_server *server);
void ledger_walk(const struct ledger *ledger, ledger_visit *visit, void *context);

/* "1.2"; index: 0 to LEDGER_VERSIONS - 1, the number of the flag. */
const char *ledger_version_name(unsigned index);
