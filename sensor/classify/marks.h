/*
 * classify/marks - what the bytes of one side show, one bit per trait.
 *
 * In: the bytes of one side. Out: the traits it shows as a client and as a server,
 * kept apart, because who is who is not known yet. A trait never goes away when
 * more bytes come, so what was decided once stays right. The combination of both
 * sides names the protocol (rules.c), never one trait by itself.
 */
#pragma once

#include "base/text.h"

#define MARK(n) (UINT64_C(1) << (n))

/* As a client. */
#define CLIENT_EHLO         MARK(0) /* EHLO or HELO, RFC 5321 section 4.1.1.1 */
#define CLIENT_LHLO         MARK(1) /* RFC 2033 section 4.1 */
#define CLIENT_MAIL         MARK(2) /* MAIL FROM: */
#define CLIENT_RCPT         MARK(3) /* RCPT TO: */
#define CLIENT_STARTTLS     MARK(4)
#define CLIENT_SMTP_ONLY    MARK(5) /* VRFY, DATA, BDAT, ... */
#define CLIENT_AUTH         MARK(6) /* AUTH and a SASL mechanism */
#define CLIENT_SHARED       MARK(7) /* QUIT, NOOP, RSET, HELP: several protocols */
#define CLIENT_USER         MARK(8)
#define CLIENT_PASS         MARK(9)
#define CLIENT_FTP          MARK(10)
#define CLIENT_POP3         MARK(11)
#define CLIENT_POP3_TWO     MARK(12) /* two such commands */
#define CLIENT_POP3_SHARED  MARK(13) /* LIST, RETR, DELE, bare AUTH */
#define CLIENT_IMAP         MARK(14) /* a tagged command */
#define CLIENT_IMAP_TWO     MARK(15)
#define CLIENT_SIEVE        MARK(16)
#define CLIENT_NNTP         MARK(17)
#define CLIENT_IRC          MARK(18)
#define CLIENT_REDIS        MARK(19)
#define CLIENT_REDIS_INLINE MARK(20)
#define CLIENT_MEMCACHED    MARK(21)
#define CLIENT_HTTP         MARK(22)
#define CLIENT_SSH          MARK(23)
#define CLIENT_TLS          MARK(24) /* a ClientHello */
#define CLIENT_RECORD       MARK(25) /* one TLS record head */
#define CLIENT_RECORDS      MARK(26) /* two in a row */
#define CLIENT_DCERPC       MARK(27)
#define CLIENT_MAPI         MARK(28) /* a bind to an Exchange interface */
#define CLIENT_FOREIGN      MARK(29) /* the first line of a protocol without a name here */
#define CLIENT_TAG_MET      MARK(30) /* the server answered this side's IMAP tag */
#define CLIENT_SASL_QUOTED  MARK(31) /* AUTHENTICATE "MECH", RFC 5804 section 2.1 */
#define CLIENT_BIND         MARK(32) /* a DCE/RPC bind, perhaps not all of it */
#define CLIENT_RECORD_ONLY  MARK(33) /* one TLS record and not a byte more or less */
#define CLIENT_MAPI_HTTP    MARK(34) /* beside CLIENT_HTTP: the service asked for */
#define CLIENT_ANYWHERE     MARK(35)
#define CLIENT_EAS          MARK(36)
#define CLIENT_EWS          MARK(37)
#define CLIENT_EXCHANGE_WEB MARK(38) /* OWA, ECP, OAB, autodiscover */

/* As a server. */
#define SERVER_220          MARK(0)
#define SERVER_SMTP_TEXT    MARK(1) /* a greeting or refusal that says SMTP */
#define SERVER_LMTP_TEXT    MARK(2)
#define SERVER_EHLO_REPLY   MARK(3) /* 250 lines with known keywords */
#define SERVER_250          MARK(4)
#define SERVER_354          MARK(5)
#define SERVER_SASL_REPLY   MARK(6) /* 334 or 235, RFC 4954 section 6 */
#define SERVER_REPLY        MARK(7) /* any well-formed reply, 2xx to 5xx */
#define SERVER_ENHANCED     MARK(8) /* with a status of RFC 2034 */
#define SERVER_ENHANCED_TWO MARK(9)
#define SERVER_FTP_REPLY    MARK(10)
#define SERVER_FTP_TEXT     MARK(11)
#define SERVER_200          MARK(12) /* 200 or 201 as the first line */
#define SERVER_NNTP_TEXT    MARK(13)
#define SERVER_OK           MARK(14) /* +OK */
#define SERVER_OK_TEXT      MARK(15) /* the first line is +OK and speaks like POP3 */
#define SERVER_OK_TWO       MARK(16) /* two SERVER_OK_WORDS lines */
#define SERVER_ERR          MARK(17) /* -ERR */
#define SERVER_CAPA         MARK(18) /* a POP3 capability list */
#define SERVER_IMAP         MARK(19) /* the greeting, RFC 9051 section 7.1 */
#define SERVER_TAGGED       MARK(20) /* tag OK, tag NO, tag BAD */
#define SERVER_UNTAGGED     MARK(21)
#define SERVER_UNTAGGED_TWO MARK(22)
#define SERVER_SIEVE        MARK(23)
#define SERVER_HTTP         MARK(24)
#define SERVER_SSH          MARK(25)
#define SERVER_IRC          MARK(26)
#define SERVER_REDIS        MARK(27)
#define SERVER_MEMCACHED    MARK(28)
#define SERVER_FINGER       MARK(29)
#define SERVER_GOPHER       MARK(30)
#define SERVER_TLS          MARK(31) /* a ServerHello */
#define SERVER_RECORD       MARK(32)
#define SERVER_RECORDS      MARK(33)
#define SERVER_DCERPC       MARK(34)
#define SERVER_FOREIGN      MARK(35)
#define SERVER_OK_WORDS     MARK(36) /* +OK and more on the line */
#define SERVER_RECORD_ONLY  MARK(37)
#define SERVER_REFUSAL      MARK(38) /* the first line is a 4xx or 5xx */

struct marks {
	uint64_t client;
	uint64_t server;
	uint64_t client_first; /* those of the first line alone */
	uint64_t server_first;
	unsigned line_count;
};

/* What one side has said so far. */
struct side_bytes {
	const uint8_t *bytes;
	size_t len;
	bool is_start; /* the first byte is the first the side ever sent */
	bool is_last;  /* no further byte will be looked at */
};

/* One line, cut from the bytes; the last one may still grow. */
struct marks_line {
	struct text text; /* without CR and LF */
	bool is_whole;
	bool is_first;
};

/* Lines in order: false at the end. offset starts at 0. */
bool marks_next_line(
	const struct side_bytes *side, size_t *offset, struct marks_line *line);

/* A word of a line that is there to its end; .len is 0 when it is missing or may grow. */
struct text marks_word(const struct marks_line *line, struct text *rest);

/* Text protocols; binary ones. Both add to *marks. */
void marks_read_lines(const struct side_bytes *side, struct marks *marks);
void marks_read_wire(const struct side_bytes *side, struct marks *marks);

/* Traits of one line as a client would send it; as a server would. */
uint64_t marks_client_line(const struct marks_line *line);
uint64_t marks_server_line(const struct marks_line *line);

/* The tag of an IMAP command or of a tagged reply; .len is 0 when the line is neither. */
struct text marks_imap_command(const struct marks_line *line);
struct text marks_imap_reply(const struct marks_line *line);

/* A constant word somewhere in text, ASCII case apart. */
bool marks_contains(struct text text, const char *word);
