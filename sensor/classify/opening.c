#include "classify/opening.h"

#include "classify/traits.h"

#include <string.h>

#define LOOKED_AT_BYTES 16
#define TELNET_IAC      0xff /* RFC 854: then SB, WILL, WONT, DO or DONT */
#define TELNET_SB       0xfa

struct opening_row {
	uint64_t first; /* one of these in the first line */
	uint64_t all;   /* or of these anywhere */
	enum opening opening;
};

static const struct opening_row ROWS[] = {
	{CLIENT_HTTP, 0, OPENING_HTTP}, /* most of what is no mail: first */
	{0, CLIENT_TLS, OPENING_TLS},
	{CLIENT_SSH, 0, OPENING_SSH},
	{CLIENT_FOREIGN, 0, OPENING_RTSP_OR_SIP},
	{0, CLIENT_DCERPC, OPENING_DCERPC},
	{CLIENT_REDIS | CLIENT_REDIS_INLINE, 0, OPENING_REDIS},
	{CLIENT_MEMCACHED, 0, OPENING_MEMCACHED},
	{CLIENT_USER | CLIENT_PASS | CLIENT_FTP, 0, OPENING_FTP},
	{CLIENT_NNTP, 0, OPENING_NNTP},
	{CLIENT_IRC, 0, OPENING_IRC},
};

static const char *const NAMES[OPENING_COUNT] = {
	[OPENING_NONE] = "",
	[OPENING_HTTP] = "an http request",
	[OPENING_SSH] = "an ssh banner",
	[OPENING_RTSP_OR_SIP] = "an rtsp or sip request",
	[OPENING_TLS] = "a tls client hello",
	[OPENING_DCERPC] = "a dcerpc header",
	[OPENING_REDIS] = "a redis command",
	[OPENING_MEMCACHED] = "a memcached command",
	[OPENING_FTP] = "an ftp command",
	[OPENING_NNTP] = "an nntp command",
	[OPENING_IRC] = "an irc command",
	[OPENING_LINE] = "a line that is no command",
	[OPENING_BYTES] = "bytes that are no text",
};

/* Commands of ManageSieve that other protocols have as well: no traits. */
static const char *const WORDS_OF_SIEVE[] = {"CAPABILITY", "LOGOUT", "UNAUTHENTICATE"};

static bool is_blank(struct text line)
{
	return text_word(&line).len == 0;
}

static struct text first_line(struct text bytes)
{
	const uint8_t *feed = memchr(bytes.at, '\n', bytes.len);
	bytes.len = feed != NULL ? (size_t)(feed - bytes.at) : bytes.len;
	bytes.len -= bytes.len > 0 && bytes.at[bytes.len - 1] == '\r';
	return bytes;
}

static bool is_telnet(struct text bytes)
{
	return bytes.len >= 2 && bytes.at[0] == TELNET_IAC && bytes.at[1] >= TELNET_SB;
}

static bool is_text(struct text bytes)
{
	const size_t len = bytes.len < LOOKED_AT_BYTES ? bytes.len : LOOKED_AT_BYTES;
	for (size_t i = 0; i < len; i++) {
		const uint8_t byte = bytes.at[i];
		if ((byte < 0x20 && byte != '\r' && byte != '\n' && byte != '\t') ||
			byte >= 0x7f) {
			return false;
		}
	}
	return true;
}

static bool is_of_sieve(struct text line)
{
	const struct text word = text_word(&line);
	for (size_t i = 0; i < sizeof(WORDS_OF_SIEVE) / sizeof(WORDS_OF_SIEVE[0]);
		i++) {
		if (text_is(word, WORDS_OF_SIEVE[i])) {
			return true;
		}
	}
	return false;
}

enum opening opening_of(struct text bytes, uint64_t first, uint64_t all)
{
	for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
		if ((first & ROWS[i].first) != 0 || (all & ROWS[i].all) != 0) {
			return ROWS[i].opening;
		}
	}
	const struct text line = first_line(bytes);
	if (is_blank(line) || is_telnet(bytes) || is_of_sieve(line)) {
		return OPENING_NONE;
	}
	return is_text(bytes) ? OPENING_LINE : OPENING_BYTES;
}

bool opening_is_mail(uint64_t first, enum protocol protocol)
{
	switch (protocol_row(protocol)->grammar) {
	case PROTOCOL_GRAMMAR_SMTP:
		return (first & (CLIENT_EHLO | CLIENT_LHLO | CLIENT_MAIL | CLIENT_RCPT |
					CLIENT_STARTTLS | CLIENT_SMTP_ONLY |
					CLIENT_AUTH | CLIENT_SHARED)) != 0;
	case PROTOCOL_GRAMMAR_IMAP:
		return (first & CLIENT_IMAP) != 0;
	case PROTOCOL_GRAMMAR_POP3:
		return (first & (CLIENT_USER | CLIENT_PASS | CLIENT_POP3 |
					CLIENT_POP3_SHARED | CLIENT_AUTH |
					CLIENT_SHARED)) != 0;
	case PROTOCOL_GRAMMAR_SIEVE:
		return (first & (CLIENT_SIEVE | CLIENT_SASL_QUOTED | CLIENT_STARTTLS |
					CLIENT_SHARED)) != 0;
	default:
		return true;
	}
}

const char *opening_name(enum opening opening)
{
	return NAMES[opening];
}
