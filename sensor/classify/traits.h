/*
 * classify/traits - what the bytes of one side show, one bit per trait.
 *
 * In: the bytes of one side. Out: the traits it shows as a client and as a server,
 * kept apart, because who is who is not known yet. A trait never goes away when
 * more bytes come, so what was decided once stays right. The combination of both
 * sides names the protocol (rules.c), never one trait by itself.
 */
#pragma once

#include "base/text.h"

#include <stddef.h>

#define TRAIT(n) (UINT64_C(1) << (n))

/* As a client. */
#define CLIENT_EHLO         TRAIT(0) /* EHLO or HELO, RFC 5321 section 4.1.1.1 */
#define CLIENT_LHLO         TRAIT(1) /* RFC 2033 section 4.1 */
#define CLIENT_MAIL         TRAIT(2) /* MAIL FROM: */
#define CLIENT_RCPT         TRAIT(3) /* RCPT TO: */
#define CLIENT_STARTTLS     TRAIT(4)
#define CLIENT_SMTP_ONLY    TRAIT(5) /* VRFY, DATA, BDAT, ... */
#define CLIENT_AUTH         TRAIT(6) /* AUTH and a SASL mechanism */
#define CLIENT_SHARED       TRAIT(7) /* QUIT, NOOP, RSET, HELP: several protocols */
#define CLIENT_USER         TRAIT(8)
#define CLIENT_PASS         TRAIT(9)
#define CLIENT_FTP          TRAIT(10)
#define CLIENT_POP3         TRAIT(11)
#define CLIENT_POP3_TWO     TRAIT(12) /* two such commands */
#define CLIENT_POP3_SHARED  TRAIT(13) /* LIST, RETR, DELE, bare AUTH */
#define CLIENT_IMAP         TRAIT(14) /* a tagged command */
#define CLIENT_IMAP_TWO     TRAIT(15)
#define CLIENT_SIEVE        TRAIT(16)
#define CLIENT_NNTP         TRAIT(17)
#define CLIENT_IRC          TRAIT(18)
#define CLIENT_REDIS        TRAIT(19)
#define CLIENT_REDIS_INLINE TRAIT(20)
#define CLIENT_MEMCACHED    TRAIT(21)
#define CLIENT_HTTP         TRAIT(22)
#define CLIENT_SSH          TRAIT(23)
#define CLIENT_TLS          TRAIT(24) /* a ClientHello */
#define CLIENT_RECORD       TRAIT(25) /* one TLS record head */
#define CLIENT_RECORDS      TRAIT(26) /* two in a row */
#define CLIENT_DCERPC       TRAIT(27)
#define CLIENT_MAPI         TRAIT(28) /* a bind to an Exchange interface */
#define CLIENT_FOREIGN      TRAIT(29) /* the first line of a protocol without a name here */
#define CLIENT_TAG_MET      TRAIT(30) /* the server answered this side's IMAP tag */
#define CLIENT_SASL_QUOTED  TRAIT(31) /* AUTHENTICATE "MECH", RFC 5804 section 2.1 */
#define CLIENT_BIND         TRAIT(32) /* a DCE/RPC bind, perhaps not all of it */
#define CLIENT_RECORD_ONLY  TRAIT(33) /* one TLS record and not a byte more or less */
#define CLIENT_MAPI_HTTP    TRAIT(34) /* beside CLIENT_HTTP: the service asked for */
#define CLIENT_ANYWHERE     TRAIT(35)
#define CLIENT_EAS          TRAIT(36)
#define CLIENT_EWS          TRAIT(37)
#define CLIENT_EXCHANGE_WEB TRAIT(38) /* OWA, ECP, OAB, autodiscover */
#define CLIENT_PAGE         TRAIT(39) /* PAGE, RFC 1861 section 4.3.1 */
#define CLIENT_UPGRADE      TRAIT(40) /* a ClientHello behind a line */

/* As a server. */
#define SERVER_220          TRAIT(0)
#define SERVER_SMTP_TEXT    TRAIT(1) /* a greeting or refusal that says SMTP */
#define SERVER_LMTP_TEXT    TRAIT(2)
#define SERVER_EHLO_REPLY   TRAIT(3) /* 250 lines with known keywords */
#define SERVER_250          TRAIT(4)
#define SERVER_354          TRAIT(5)
#define SERVER_SASL_REPLY   TRAIT(6) /* 334 or 235, RFC 4954 section 6 */
#define SERVER_REPLY        TRAIT(7) /* any well-formed reply, 2xx to 5xx */
#define SERVER_ENHANCED     TRAIT(8) /* with a status of RFC 2034 */
#define SERVER_ENHANCED_TWO TRAIT(9)
#define SERVER_FTP_REPLY    TRAIT(10)
#define SERVER_FTP_TEXT     TRAIT(11)
#define SERVER_200          TRAIT(12) /* 200 or 201 as the first line */
#define SERVER_NNTP_TEXT    TRAIT(13)
#define SERVER_OK           TRAIT(14) /* +OK */
#define SERVER_OK_TEXT      TRAIT(15) /* the first line is +OK and speaks like POP3 */
#define SERVER_OK_TWO       TRAIT(16) /* two SERVER_OK_WORDS lines */
#define SERVER_ERR          TRAIT(17) /* -ERR */
#define SERVER_CAPA         TRAIT(18) /* a POP3 capability list */
#define SERVER_IMAP         TRAIT(19) /* the greeting, RFC 9051 section 7.1 */
#define SERVER_TAGGED       TRAIT(20) /* tag OK, tag NO, tag BAD */
#define SERVER_UNTAGGED     TRAIT(21)
#define SERVER_UNTAGGED_TWO TRAIT(22)
#define SERVER_SIEVE        TRAIT(23)
#define SERVER_HTTP         TRAIT(24)
#define SERVER_SSH          TRAIT(25)
#define SERVER_IRC          TRAIT(26)
#define SERVER_REDIS        TRAIT(27)
#define SERVER_MEMCACHED    TRAIT(28)
#define SERVER_FINGER       TRAIT(29)
#define SERVER_GOPHER       TRAIT(30)
#define SERVER_TLS          TRAIT(31) /* a ServerHello */
#define SERVER_RECORD       TRAIT(32)
#define SERVER_RECORDS      TRAIT(33)
#define SERVER_DCERPC       TRAIT(34)
#define SERVER_FOREIGN      TRAIT(35)
#define SERVER_OK_WORDS     TRAIT(36) /* +OK and more on the line */
#define SERVER_RECORD_ONLY  TRAIT(37)
#define SERVER_REFUSAL      TRAIT(38) /* the first line is a 4xx or 5xx */
#define SERVER_OK_BARE      TRAIT(39) /* +OK and nothing else on the line */
#define SERVER_OTHER_TEXT   TRAIT(40) /* a greeting of a service that looks alike */
#define SERVER_SIEVE_OK     TRAIT(41) /* OK and a string, as the first line */
#define SERVER_UPGRADE      TRAIT(42) /* a ServerHello behind a line */

/* Sets that rows of the rules share. */
#define CLIENT_SMTP_FIRST \
	(CLIENT_EHLO | CLIENT_MAIL | CLIENT_RCPT | CLIENT_SMTP_ONLY | CLIENT_STARTTLS)

#define CLIENT_SIEVE_FIRST \
	(CLIENT_SIEVE | CLIENT_SASL_QUOTED | CLIENT_SHARED | CLIENT_STARTTLS)
/* Whoever says so first speaks no mail: seen from its beginning, it might not be first. */
#define CLIENT_FOREIGN_FIRST (CLIENT_HTTP | CLIENT_SSH | CLIENT_FOREIGN | CLIENT_REDIS)

/* A mail server: it goes on whatever the client's first line was, which so names nothing. */
#define SERVER_OF_MAIL                                                             \
	(SERVER_SMTP_TEXT | SERVER_ENHANCED | SERVER_EHLO_REPLY | SERVER_OK_TEXT | \
		SERVER_IMAP | SERVER_SIEVE)
/* Who says so first is a client of something else, whatever its server greets with. */
#define CLIENT_NOT_POP3                                                 \
	(CLIENT_SMTP_FIRST | CLIENT_LHLO | CLIENT_IMAP | CLIENT_SIEVE | \
		CLIENT_FOREIGN_FIRST)
/* What a letter may quote that POP3 fetches. */
#define SERVER_IN_LETTERS (SERVER_REPLY | SERVER_TAGGED | SERVER_UNTAGGED)
/* 220 is a greeting of these as well. */
#define SERVER_NOT_SMTP                                                       \
	(SERVER_FTP_TEXT | SERVER_FTP_REPLY | SERVER_NNTP_TEXT | SERVER_200 | \
		SERVER_OTHER_TEXT)

struct traits {
	uint64_t client;
	uint64_t server;
	uint64_t client_first; /* those of the first line alone */
	uint64_t server_first;
	unsigned line_count;
};

/* No dialogue needs more lines before it has shown what it is: the others are not read. */
#define TRAITS_LINES_MAX 48

/*
 * What the whole lines of one side showed: each is read once, however small the pieces
 * it comes in. Zeroed at the start, and when bytes are taken off the side. IMAP tags are
 * kept as hashes, of commands and of tagged replies apart.
 */
struct traits_reading {
	struct traits traits;
	uint16_t offset; /* of the first byte that was not read */
	bool is_after_250;
	uint8_t command_count;
	uint8_t reply_count;
	uint32_t open_command; /* of the last line, which may still grow; 0: none */
	uint32_t open_reply;
	uint32_t commands[TRAITS_LINES_MAX];
	uint32_t replies[TRAITS_LINES_MAX];
};

/* Nothing was read yet. */
static inline void traits_reading_begin(struct traits_reading *reading)
{
	reading->traits = (struct traits){0};
	reading->offset = 0;
	reading->is_after_250 = false;
	reading->command_count = reading->reply_count = 0;
	reading->open_command = reading->open_reply = 0;
}

/* What one side has said so far. */
struct side_bytes {
	const uint8_t *bytes;
	size_t len;
	bool is_start;   /* the first byte is the first the side ever sent */
	bool is_last;    /* no further byte will be looked at */
	bool is_doubted; /* the other side speaks of mail, whatever the first line says */
};

/* One line, cut from the bytes; the last one may still grow. */
struct traits_line {
	struct text text; /* without CR and LF */
	bool is_whole;
	bool is_ended; /* by a line feed */
	bool is_first;
};

/* Lines in order: false at the end. offset starts at 0. */
bool traits_next_line(
	const struct side_bytes *side, size_t *offset, struct traits_line *line);

/* A word of a line that is there to its end; .len is 0 when it is missing or may grow. */
struct text traits_word(const struct traits_line *line, struct text *rest);

/* Text protocols: *traits of all lines there are; what is new of them is read. */
void traits_read_lines(const struct side_bytes *side, struct traits_reading *reading,
	struct traits *traits);

/* One of the server's replies carries one of the client's tags: RFC 9051 section 2.2.1. */
bool traits_tags_meet(
	const struct traits_reading *client, const struct traits_reading *server);

/* Binary protocols: adds to *traits. */
void traits_read_wire(const struct side_bytes *side, struct traits *traits);

/* Traits of one line as a client would send it; as a server would. */
uint64_t traits_client_line(const struct traits_line *line);
uint64_t traits_server_line(const struct traits_line *line);

/* The tag of an IMAP command or of a tagged reply; .len is 0 when the line is neither. */
struct text traits_imap_command(const struct traits_line *line);
struct text traits_imap_reply(const struct traits_line *line);

/* Behind an earlier line stands the head of a record with a handshake message of this type. */
bool traits_is_hello(const struct traits_line *line, uint8_t type);

/* A constant word somewhere in text, ASCII case apart. */
bool traits_contains(struct text text, const char *word);
