/*
 * analyze/smtp - the state that the SMTP analyzer's files share.
 *
 * smtp.c reads the client's lines, smtp_reply.c the server's, smtp_command.c cuts
 * one command line, smtp_text.c sees the messages go by, smtp_claims.c holds back what
 * may be text, smtp_chunk.c reads what a server discards. Private to these files. RFC 5321, RFC 2033 (LMTP), RFC 2920,
 * RFC 3030, RFC 3207, RFC 4954.
 */
#pragma once

#include "analyze/clear.h"
#include "analyze/header.h"
#include "analyze/pending.h"

enum smtp_verb {
	SMTP_VERB_OTHER = 0, /* no verb known here; the server answers all the same */
	SMTP_VERB_EHLO,
	SMTP_VERB_HELO,
	SMTP_VERB_LHLO,
	SMTP_VERB_MAIL,
	SMTP_VERB_RCPT,
	SMTP_VERB_DATA,
	SMTP_VERB_BDAT,
	SMTP_VERB_BURL,
	SMTP_VERB_RSET,
	SMTP_VERB_QUIT,
	SMTP_VERB_KNOWN, /* NOOP, VRFY, HELP, ... : nothing to learn */
	SMTP_VERB_AUTH,
	SMTP_VERB_STARTTLS,
	SMTP_VERB_XCLIENT,
	SMTP_VERB_XFORWARD,
	SMTP_VERB_XEXCH50,
	SMTP_VERB_MASKED, /* overwritten with X */
	SMTP_VERB_BODY,   /* the end of a message: its reply is pending */
};

struct smtp_command {
	enum smtp_verb verb;
	bool is_certain; /* the whole line has the shape of this verb */
	struct text argument;
};

enum smtp_expect {
	SMTP_EXPECT_COMMAND = 0,
	SMTP_EXPECT_DATA,   /* DATA was sent: 354 and text, or a refusal */
	SMTP_EXPECT_TEXT,   /* 354 came while a line was being put together */
	SMTP_EXPECT_OCTETS, /* XEXCH50 was sent: 354 and octets, or a refusal */
};

enum smtp_text {
	SMTP_TEXT_NONE = 0, /* no message is under way, or its beginning was lost */
	SMTP_TEXT_OPEN,
	SMTP_TEXT_ENDED, /* the answer has not come */
};

/*
 * What was read where mail text may stand as well: behind lost bytes, at a start in
 * mid-stream, in octets that the server refused, behind an odd end of data. Anybody may
 * write commands into a mail: they count with the reply that fits.
 */
struct smtp_claims {
	uint16_t auth_tried;
	uint16_t auth_secret;
	uint16_t starttls; /* enum facts_starttls flags */
	uint8_t protocol;  /* enum protocol; PROTOCOL_UNKNOWN: none claimed */
	uint8_t replies;   /* since the odd end */
	bool is_open : 1;
	bool is_behind_data : 1; /* DATA has no reply yet: text, or commands if it is refused */
	bool is_odd : 1;         /* the text ended as only a lenient server takes it */
	bool has_end : 1;     /* and then as every server takes it */
	bool has_command : 1; /* one stood in between */
	bool has_odd_end : 1; /* behind DATA that waits: the text ended as .is_odd has it */
	bool is_behind_bare : 1; /* the line before ended by LF alone */
	bool has_requiretls : 1;
	bool is_letter_s : 1; /* a reply came that a letter may have, too */
	bool has_helo : 1;    /* these two stand in the facts, */
	bool has_domain : 1;  /* from where they can be taken back */
	bool is_chunk : 1;    /* .octets of a chunk that was refused are due */
};

struct smtp {
	struct clear clear; /* first member */
	struct smtp_claims claims;
	struct pending pending;
	struct header header; /* of the message that goes by */
	uint64_t text_bytes;  /* of it */
	/* domain of the last MAIL, in lower case; "": null or none */
	char sender[FACTS_DOMAIN_BYTES];
	uint32_t octets;        /* announced by XEXCH50, or of a refused chunk */
	uint32_t recipients_ok; /* of this transaction, for the replies of LMTP */
	uint16_t reply_code;
	uint8_t reply_verb;  /* enum smtp_verb of the reply being read */
	uint8_t reply_lines; /* of it, saturating */
	uint8_t expect;      /* enum smtp_expect */
	uint8_t text_state;  /* enum smtp_text */
	uint8_t unheard;    /* messages counted by 354, ahead of their sender's bytes */
	bool is_last_chunk; /* BDAT with LAST: the message ends with its octets */
	bool has_sender;    /* MAIL named one: neither lost nor null */
	bool is_synced;     /* client lines are known to be commands */
	bool is_crlf;       /* so ended the line of DATA */
	uint8_t turn_verb;  /* enum smtp_verb that the server said, or OTHER */
	bool has_greeting;
	bool is_greeting_lost; /* it may be: bytes of the server were, before its first reply */
	bool has_ehlo;         /* EHLO or LHLO was sent and not refused */
	bool is_ehlo_plain; /* behind the greeting, with a plain name */
	bool is_helo_again; /* HELO followed such a one that was refused, with its name */
	bool is_go_ahead_odd; /* STARTTLS was answered, though not with 220 nor a refusal */
	bool has_text;        /* the current message was counted */
	bool is_answered;     /* the server answered a message whose end was not seen */
	bool is_list_whole; /* no line of the capability list was lost or cut */
	bool has_list;      /* a whole list of capabilities was seen */
	bool has_chunking;  /* the list names CHUNKING */
	bool is_foreign;    /* a verb of another protocol came before any HELO: an SMTP
			       server refuses it and goes on */
};

/* Cut one line of the client. */
struct smtp_command smtp_command_parse(struct text line);

/* What follows the colon of FROM: or ADDR=: the domain behind the last '@', empty when there is none. */
struct text smtp_path_domain(struct text path);

/* What follows name ("NAME=") in blank-separated arguments, empty when there is none. */
struct text smtp_attribute(struct text arguments, const char *name);

/* RFC 5321 section 4.2: three digits, then SP (last line), '-' (more) or nothing. */
bool smtp_reply_parse(struct text line, uint16_t *code, bool *is_last);

/* One line of the server. */
void smtp_reply_line(struct smtp *smtp, struct facts *facts, const struct line *line);

/* The argument of MAIL: whom it names, and how it is to go. */
void smtp_sender_note(struct smtp *smtp, struct facts *facts, struct text argument);

/* DATA: the message text begins with the next line of the client. */
void smtp_data_begin(struct smtp *smtp, struct facts *facts);

/* smtp_text.c. One more message, unless its 354 counted it. */
void smtp_message_note(struct smtp *smtp, struct facts *facts);
/* A message begins; is_stuffed: as DATA sends it. */
void smtp_text_begin(struct smtp *smtp, struct facts *facts, bool is_stuffed);
/* Its octets, those of its end with them. */
void smtp_text_bytes(struct smtp *smtp, struct facts *facts, struct text bytes);
void smtp_text_end(struct smtp *smtp, struct facts *facts);
/* It was given up, or octets of it were lost. */
void smtp_text_lost(struct smtp *smtp);
/* The server's last word about the message that ended; answer: what follows the code. */
void smtp_text_answer(
	struct smtp *smtp, struct facts *facts, uint16_t code, struct text answer);

/* smtp_chunk.c. BDAT was refused: its octets are discarded (RFC 3030 section 2), if the server knows it. */
void smtp_chunk_refused(struct smtp *smtp, struct facts *facts, uint16_t code);
/* Bytes of the client while .claims.is_chunk; how many were of the chunk. */
size_t smtp_chunk_bytes(struct smtp *smtp, struct facts *facts, struct text bytes);

/* smtp_claims.c. From here on lines may be text, until a reply fits. */
void smtp_claims_open(struct smtp *smtp);
/* The same where DATA waits for its reply, which tells. */
void smtp_claims_behind_data(struct smtp *smtp, const struct facts *facts);
/* Bytes were lost, and the replies to what was claimed are no longer known. */
void smtp_claims_lost(struct smtp *smtp, struct facts *facts);
/* They are over, but for what was hidden in a letter behind DATA that waits. */
void smtp_claims_forget(struct smtp *smtp);
/* A line behind DATA that waits. */
void smtp_claims_burst_line(struct smtp *smtp, const struct line *line);
/* A command that is worth hiding behind an odd end. */
bool smtp_is_smuggled(const struct smtp_command *command);
/* The text ended, for lenient servers alone. */
void smtp_claims_odd_end(struct smtp *smtp);
/* A line of the client: true when it says nothing but where the text ends. */
bool smtp_claims_end_line(struct smtp *smtp, struct facts *facts, struct text line);
/* Around the reading of a line: what it taught becomes a claim. */
struct smtp_held {
	struct smtp_claims facts;
	bool has_helo;
	bool has_domain;
	char helo[FACTS_HOST_BYTES];
};
void smtp_claims_hold(const struct facts *facts, struct smtp_held *held);
void smtp_claims_take(
	struct smtp *smtp, struct facts *facts, const struct smtp_held *held);
/* It was text. */
void smtp_claims_drop(struct smtp *smtp, struct facts *facts);
/* A reply began, of one line when is_last; smtp->reply_verb is what it would answer. */
void smtp_claims_reply(
	struct smtp *smtp, struct facts *facts, uint16_t code, bool is_last);
/* Nothing more comes. */
void smtp_claims_end(struct smtp *smtp, struct facts *facts);
