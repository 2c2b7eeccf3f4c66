/*
 * audit/server - what declared mail servers answer when they are asked.
 *
 * In: the servers that a matrix declares, address by address and port by port, and no
 * others. Out: answers, each yes (as it should be), no, or could not be had and why. One
 * connection after the other, with a pause between, and a longer one where a server says
 * 421; a time for all. Asks for no mail and no account: audit/probe_words has all that is
 * said. Touches the network; reads no file but when it begins.
 */
#pragma once

#include "audit/answers.h"
#include "audit/dns.h"
#include "audit/tls_offer.h"
#include "base/address.h"
#include "judge/catalogue.h"
#include "judge/ledger.h"
#include "matrix/matrix.h"

#include <stddef.h>
#include <stdint.h>

enum server_question {
	SERVER_CONNECTION = 0,
	SERVER_GREETING,
	SERVER_SIGN_IN_CLEAR,
	SERVER_STARTTLS,
	SERVER_STARTTLS_OBSERVED,
	SERVER_STARTTLS_INJECTION,
	SERVER_TLS,
	SERVER_TLS_LOWEST,
	SERVER_TLS_1_3,
	SERVER_SUITE,
	SERVER_SUITES_WEAK,
	SERVER_CERTIFICATE_CHAIN,
	SERVER_CERTIFICATE_NAME,
	SERVER_CERTIFICATE_DATES,
	SERVER_CERTIFICATE_KEY,
	SERVER_CERTIFICATE_OBSERVED,
	SERVER_CERTIFICATE_MTASTS,
	SERVER_DANE,
	SERVER_REQUIRETLS,
	SERVER_CHUNKING,
	SERVER_BARE_LF,
	SERVER_QUESTION_COUNT
};

/*
 * The question; of a "no" the severity is this one: it is told to clients otherwise than
 * between servers, where R42 tolerates more.
 */
const struct audit_check *server_check(
	enum server_question question, enum severity severity);

/* The severity of its "no". */
enum severity server_severity(enum server_question question, bool is_between);

/* One service of one server. */
struct server_target {
	struct address address;
	uint16_t port;
	uint16_t min_tls;  /* 0x0303: lower is not allowed by any row, or by R41 */
	uint8_t protocol;  /* enum protocol */
	bool is_between;   /* of servers among themselves */
	bool is_tls_asked; /* some row does not leave it open */
	bool is_ambiguous; /* rows name several protocols for this port */
	const struct matrix_group *group;
	const struct ledger_server *observed; /* what the wire showed of it, or NULL */
};

struct server_targets {
	struct server_target *list; /* list_room; by address, then port */
	size_t count;
	struct ledger_server *observed; /* count of them, or NULL; owned */
	size_t left_out; /* networks with too many addresses, targets beyond the most */
};

#define SERVER_MEMBER_ADDRESSES 256
#define SERVER_TARGETS_MAX      4096

/* From rows that hold at now_s. False: no memory. */
bool server_targets_make(
	struct server_targets *targets, const struct matrix *matrix, int64_t now_s);
void server_targets_free(struct server_targets *targets);

/*
 * Keep those of these addresses, groups or declared names. NULL, or the first word that is
 * none of a target; then all are kept.
 */
const char *server_targets_keep(
	struct server_targets *targets, const char *const *words, size_t count);

/* Copy what the ledger knows of each. False: no memory. */
bool server_targets_observe(
	struct server_targets *targets, const struct ledger *ledger);

/* The stricter of two policies is the greater one. */
enum server_pin_kind {
	SERVER_PIN_TLSA = 0, /* a record that is signed, so that senders heed it */
	SERVER_PIN_TESTED,   /* an MTA-STS policy, mode: testing */
	SERVER_PIN_ENFORCED, /* mode: enforce */
};

/* What senders want of the certificate of an MX host, at one address of it. Plain data. */
struct server_pin {
	uint8_t kind; /* enum server_pin_kind */
	struct address address;
	char host[RR_NAME_BYTES];
	/* of a record of DANE-TA: whose MX host it is; else "" */
	char domain[RR_NAME_BYTES];
	struct tls_pin pin; /* of a record */
};

#define SERVER_PINS_MAX 4096

struct server_pins {
	struct server_pin *list; /* list_room */
	size_t count;
};

bool server_pin_equal(const struct server_pin *one, const struct server_pin *other);

/* What another process says is one: its names end, its data has its length. */
bool server_pin_is_whole(const struct server_pin *pin);

/* Plain data: it may come from another process. */
struct server_answer {
	struct address address;
	uint16_t port;
	uint8_t protocol; /* enum protocol */
	uint8_t question; /* enum server_question */
	uint8_t state;    /* enum audit_state */
	uint8_t severity; /* enum severity; of a no */
	char key[8];      /* kind of the certificate's key, or "" */
	char why[240];    /* what was seen, or what was in the way; may be "" */
};

/* What another process says is one; then its texts end. */
bool server_answer_is_whole(const struct server_answer *answer);

/* "192.0.2.25:25 smtp", "[2001:db8::1]:993 imaps, RSA" */
#define SERVER_SUBJECT_BYTES 96
void server_subject(
	const struct server_answer *answer, char text[SERVER_SUBJECT_BYTES]);

typedef void server_told(void *context, const struct server_answer *answer);

struct server_patience {
	uint64_t answer_us; /* for one answer */
	uint64_t all_us;    /* for all servers */
	uint64_t pause_us;  /* between two connections */
	uint64_t busy_us;   /* behind a 421; then twice that .. */
};

struct server_asking {
	const struct tls_offers *offers;
	const struct server_pins *pins; /* of those and of others */
	struct server_patience patience;
	int64_t now_s; /* for dates */
	server_told *told;
	void *context;
};

/* False: no memory; nothing was asked. */
bool audit_servers(
	const struct server_asking *asking, const struct server_targets *targets);
