/*
 * classify/rules - which traits of both sides together name a protocol.
 *
 * In: the traits of the side taken for the client and of the other one. Out: the
 * row of one table that fits, the first in its order. Reads no bytes.
 */
#pragma once

#include "classify/protocol.h"
#include "classify/traits.h"

/* What is known of the bytes besides their traits. */
struct rules_state {
	bool is_last;         /* no more bytes will come: weak rows count too */
	bool is_server_first; /* the very first bytes of the flow were the server's */
	bool is_client_full;
	bool is_turned; /* the sides were exchanged against what the handshake said */
	bool is_against_port; /* so they were by the port, and no handshake was seen */
	bool is_client_known; /* by the handshake */
	bool is_answer_whole; /* has_answer, and nothing is missing in front of it */
	bool has_answer;      /* the server's first line, or enough of it to know */
	bool is_answer_to_come; /* it said nothing yet, and will be heard */
	bool is_client_mute;    /* it said nothing, or not yet */
	bool is_client_captured;
	bool is_unasked;     /* what the server says answers no command */
	bool is_server_mute; /* it is heard, and says nothing */
	/* the clear protocol of the server's port, or UNKNOWN */
	enum protocol port_owner;
};

struct rule {
	uint64_t client_any;   /* one of these, where not 0 */
	uint64_t client_and;   /* and one of these */
	uint64_t client_first; /* and one of these in the very first line */
	uint64_t client_none;  /* none of these */
	uint64_t server_any;
	uint64_t server_and;
	uint64_t server_none;  /* none of these */
	uint64_t server_first; /* one of these in the very first line */
	bool needs_last;
	bool needs_last_or_full;
	bool needs_server_first;
	bool needs_asking; /* no server says it unasked: the client, where captured, spoke */
	bool needs_answer; /* the server's first line, one that no mail server says */
	bool is_server_unheard; /* unless the server said something no mail server says */
	bool is_off_the_mail;   /* on no port of mail */
	bool needs_known_client; /* the handshake told who it is */
	bool is_role_unsure;     /* both sides may say this */
	/* on a port of this protocol only, where not UNKNOWN */
	enum protocol port_owner;
	enum protocol protocol;
	const char *evidence;
};

#define RULES_RANK_NONE SIZE_MAX

/*
 * What a mail server may say first, whatever the client said before: such a server is
 * heard out. FTP, NNTP and redis answer alike.
 */
#define SERVER_LIKE_MAIL                                                           \
	(SERVER_REPLY | SERVER_OK | SERVER_ERR | SERVER_UNTAGGED | SERVER_TAGGED | \
		SERVER_SIEVE | SERVER_SMTP_TEXT | SERVER_LMTP_TEXT)

/* All rows, in order of weight. */
const struct rule *rules_table(size_t *count);

/*
 * The first row that fits and stands before *rank in the table, whose place *rank
 * becomes; NULL when there is none.
 */
const struct rule *rules_match(const struct traits *client, const struct traits *server,
	const struct rules_state *state, size_t *rank);
