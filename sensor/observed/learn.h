/*
 * observed/learn - the first draft of a flow matrix, out of what was observed.
 *
 * In: an observed matrix, which networks are ours, and perhaps the declared matrix, of
 * which only what differs is proposed then. Out: hosts with a role each, groups of equal
 * behaviour inside one zone, rows with the strictest TLS that their flows kept, and for
 * each pair one of the baskets covered, proposed, ask, refused with the reason.
 *
 * Never proposes what carries a finding of medium severity or more, what breaks R34 to
 * R42, or anything of a host that was refused as a sender; the proposal is loaded and
 * each pair judged under it before it is given out. The same input gives the same bytes.
 * No I/O, reads no clock.
 */
#pragma once

#include "base/arena.h"
#include "matrix/load.h"
#include "matrix/lookup.h"
#include "observed/answers.h"
#include "observed/observed.h"

#define LEARN_DAYS      5
#define LEARN_SESSIONS  3
#define LEARN_FILL      50 /* percent of a prefix that must be members */
#define LEARN_KEPT_DAYS 30 /* a proposed row ends after them */
#define LEARN_FAN_OUT   5  /* servers that one sender reaches at most */
#define LEARN_WITNESSES 3  /* clients that make a server one that counts */
#define LEARN_ROUNDS    8  /* of proving; then what is left is refused */
#define LEARN_NONE      UINT32_MAX
#define LEARN_INTERNET  0 /* its host, its group and its zone */

enum learn_basket {
	LEARN_OPEN = 0, /* nothing speaks against it so far */
	LEARN_COVERED,  /* a declared row allows it */
	LEARN_PROPOSED,
	LEARN_ASK,
	LEARN_REFUSED,
	LEARN_BASKETS
};

/* What a host was seen to do, as flags; by flows that nothing speaks against. */
enum learn_does {
	LEARN_STORES = 1 << 0,         /* others read mail from it */
	LEARN_FRONTS = 1 << 1,         /* the same inside HTTPS */
	LEARN_TAKES_LOGIN = 1 << 2,    /* others sign in to send */
	LEARN_TAKES_INTERNET = 1 << 3, /* mail from the Internet */
	LEARN_TAKES_INSIDE = 1 << 4,   /* mail from our hosts */
	LEARN_SENDS_INTERNET = 1 << 5,
	LEARN_SENDS_INSIDE = 1 << 6,
	LEARN_READS = 1 << 7,
	LEARN_READS_WEB = 1 << 8,
	LEARN_FED = 1 << 9,        /* one of our servers hands it mail */
	LEARN_HANDS_ON = 1 << 10,  /* it hands mail to one of our servers */
	LEARN_WITNESSED = 1 << 11, /* enough of our hosts use it, or a server that is */
};

struct learn_settings {
	const struct network *internal; /* without a matrix: these are ours */
	size_t internal_count;
	const struct network *gateway;
	size_t gateway_count;
	const struct matrix *matrix; /* declared, or NULL; and its files */
	const struct matrix_source *sources;
	size_t source_count;
	const struct answers *answers; /* or NULL */
	uint32_t min_days;
	uint32_t min_sessions;
	uint32_t fill;   /* percent */
	int64_t today_s; /* first second of the day of learning */
};

struct learn_host {
	struct address address; /* of [LEARN_INTERNET]: all zero */
	const struct matrix_group *declared;
	uint32_t zone; /* in .zones */
	uint32_t group;
	uint16_t does;   /* enum learn_does */
	uint8_t role;    /* enum matrix_role */
	bool is_refused; /* as a sender */
	bool is_open;    /* some pair of it is */
};

/* One entry of the observed matrix, between two hosts. */
struct learn_edge {
	const struct observed_entry *entry;
	uint32_t client;
	uint32_t server;
	uint32_t row;
	uint8_t basket;
	const char *recommendation; /* "R37", or NULL */
	const char *reason;
};

struct learn_zone {
	const char *name;
	const struct network *networks; /* NULL: declared */
	size_t network_count;
};

struct learn_group {
	const char *name;
	const struct matrix_group *declared;
	uint32_t zone;
	uint8_t role;
	struct network *networks; /* in the arena; of a declared one none */
	size_t network_count;
	uint32_t member_count;
	uint32_t first;   /* host */
	double addresses; /* that it admits */
	uint64_t colour;  /* of equal behaviour */
	unsigned line;    /* of the proof */
	bool is_proposed; /* a proposed row names it */
};

/*
 * Days since 1970 as an entry has them: of the last one and those before it that
 * OBSERVED_DAYS hold. What another one's last day makes too old counts no more.
 */
struct learn_days {
	uint8_t bits[OBSERVED_DAYS / 8];
	uint64_t last;
};

struct learn_row {
	uint32_t from; /* groups */
	uint32_t to;
	uint32_t protocols;
	uint8_t tls; /* enum matrix_tls */
	uint16_t min_tls;
	uint8_t basket;
	bool is_merged;  /* into another one */
	unsigned number; /* of its id; 0: none */
	unsigned line;   /* of the proof */
	const char *recommendation;
	const char *reason;
	uint64_t flows;
	uint64_t pairs;
	uint32_t clients;
	uint32_t servers;
	struct learn_days days;
	uint32_t first_s;
	uint64_t last_us;
	/* while it is gathered */
	uint8_t versions;
	uint8_t offered;
	uint8_t states; /* 1 << enum facts_tls */
};

struct learn {
	const struct learn_settings *settings;
	const struct observed *observed;
	struct arena arena;
	struct observed_list list;
	struct lookup lookup; /* of the zones without a matrix */
	struct learn_zone *zones;
	size_t zone_count;
	struct learn_host *hosts;
	size_t host_count;
	struct learn_edge *edges;
	size_t edge_count;
	struct learn_group *groups;
	size_t group_count;
	struct learn_row *rows;
	size_t row_count;
	uint64_t flows;
	uint64_t flows_in[LEARN_BASKETS]; /* by basket */
};

/* False: why. learn_free in either case. settings and observed are borrowed until then. */
bool learn_all(struct learn *learn, const struct observed *observed,
	const struct learn_settings *settings, struct reason *why);
void learn_free(struct learn *learn);

/* Address pairs that it admits for each that was seen. */
double learn_permissiveness(const struct learn *learn, const struct learn_row *row);

/* Days on which it was seen. */
unsigned learn_row_days(const struct learn_row *row);

/* Between our hosts, and some of its flows were in clear. */
bool learn_row_is_clear(const struct learn_row *row);

/*
 * Words that name a row whatever its id: "192.0.2.64/26 > 192.0.2.10 imaps". What is
 * allowed in clear says so: who accepts a row under TLS did not accept it without. Allocated.
 */
#define LEARN_IN_CLEAR " in clear"
char *learn_row_key(const struct learn *learn, const struct learn_row *row);

/* "25200 flows of 60 clients to 2 servers on 7 days ...", and one pair with the reason; a line each. */
void learn_print_evidence(
	const struct learn *learn, const struct learn_row *row, FILE *out);
void learn_print_pair(
	const struct learn *learn, const struct learn_edge *edge, FILE *out);

/* The proposal as a matrix file, with its evidence; rows to ask and what was refused as comments. */
void learn_print(const struct learn *learn, FILE *out);
