#include "classify/traits.h"

#include <string.h>

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_listed(struct text word, const char *const *words)
{
	for (; *words; words++) {
		if (text_is(word, *words)) {
			return true;
		}
	}
	return false;
}

/* Keywords of RFC 5321 section 4.1.1.1 and its registry, those that no FTP server says. */
static bool is_esmtp_keyword(struct text word)
{
	static const char *const KEYWORDS[] = {"8BITMIME", "AUTH", "BINARYMIME",
		"CHUNKING", "DELIVERBY", "DSN", "ENHANCEDSTATUSCODES", "ETRN", "EXPN",
		"FUTURERELEASE", "LIMITS", "MT-PRIORITY", "NO-SOLICITING", "PIPELINING",
		"REQUIRETLS", "SIZE", "SMTPUTF8", "STARTTLS", "VRFY", "X-ANONYMOUSTLS",
		"X-EXPS", "XCLIENT", "XEXCH50", "XFORWARD", "XXXXXXXA", "XXXXXXXX",
		NULL};
	return is_listed(word, KEYWORDS) || text_starts(word, "AUTH=");
}

/* "2.1.0" behind "250", its class the reply's: RFC 2034 section 4. */
static bool is_enhanced(struct text text, uint8_t class)
{
	size_t digits = 0;
	size_t dots = 0;
	for (size_t i = 0; i < text.len && text.at[i] != ' '; i++) {
		const bool is_dot = text.at[i] == '.';
		if ((!is_dot && !is_digit(text.at[i])) || (is_dot && digits == 0)) {
			return false;
		}
		dots += is_dot;
		digits = is_dot ? 0 : digits + 1;
		if (digits > 3) {
			return false;
		}
	}
	return dots == 2 && digits > 0 && text.at[0] == class;
}

/* "mx.example.org", "SMTP-GW01"; SMTP and ESMTP by themselves are what is spoken. */
static bool is_host(struct text word)
{
	static const char *const SPOKEN[] = {"SMTP", "ESMTP", "LMTP", NULL};
	return word.len > 0 &&
	       (memchr(word.at, '.', word.len) != NULL ||
		       (traits_contains(word, "MTP") && !is_listed(word, SPOKEN)));
}

/* What the words behind the host name say; the host's own name says little. */
static struct text behind_host(const struct traits_line *line, struct text text)
{
	struct text words = text;
	return is_host(traits_word(line, &words)) ? words : text;
}

/* "FTP server (SMTP gateway)": the first of the two names it. */
static bool is_ftp_first(struct text text)
{
	for (; text.len > 0; text.at++, text.len--) {
		if (text_starts(text, "SMTP")) {
			return false;
		}
		if (text_starts(text, "FTP") || text_starts(text, "FileZilla")) {
			return true;
		}
	}
	return false;
}

/* Services that greet with 220 as well: RFC 1861, RFC 2229, HylaFAX, VDR. */
static bool is_other_service(struct text words)
{
	return traits_contains(words, "SNPP") || traits_contains(words, "dictd") ||
	       traits_contains(words, "HylaFAX") || traits_contains(words, "SVDRP");
}

static uint64_t traits_of_greeting(const struct traits_line *line, struct text text)
{
	const struct text words = behind_host(line, text);
	if (line->is_whole && is_ftp_first(words)) {
		return SERVER_FTP_TEXT;
	}
	if (traits_contains(words, "SMTP")) {
		return line->is_whole || words.at != text.at ? SERVER_SMTP_TEXT : 0;
	}
	if (line->is_whole && is_other_service(words)) {
		return SERVER_OTHER_TEXT;
	}
	if (traits_contains(words, "LMTP")) {
		return SERVER_LMTP_TEXT;
	}
	if (line->is_whole &&
		(traits_contains(text, "FTP") || traits_contains(text, "FileZilla"))) {
		return SERVER_FTP_TEXT;
	}
	/* of a line that is not all there the rest may say more */
	return line->is_whole && traits_contains(text, "SMTP") ? SERVER_SMTP_TEXT : 0;
}

static uint64_t traits_of_code(unsigned code)
{
	switch (code) {
	case 220:
		return SERVER_220;
	case 250:
		return SERVER_250;
	case 354:
		return SERVER_354;
	case 334:
	case 235:
		return SERVER_SASL_REPLY;
	case 150:
	case 215:
	case 226:
	case 227:
	case 229:
	case 230:
	case 234:
	case 257:
	case 331:
		return SERVER_FTP_REPLY;
	default:
		return 0;
	}
}

/* A well-formed reply code; 0 when the line has none. */
static unsigned reply_code(const struct traits_line *line)
{
	const struct text text = line->text;
	if (text.len < 3 || !is_digit(text.at[1]) || !is_digit(text.at[2])) {
		return 0;
	}
	const bool is_parted = text.len > 3 && (text.at[3] == ' ' || text.at[3] == '-');
	if (!is_parted && (text.len > 3 || !line->is_whole)) {
		return 0;
	}
	const unsigned code = (unsigned)(text.at[0] - '0') * 100 +
			      (unsigned)(text.at[1] - '0') * 10 +
			      (unsigned)(text.at[2] - '0');
	return code >= 150 && code <= 599 ? code : 0;
}

static uint64_t traits_of_news(const struct traits_line *line, struct text rest)
{
	const bool is_news = traits_contains(rest, "NNTP") ||
			     traits_contains(rest, "news") ||
			     traits_contains(rest, "INN ");
	return line->is_first ? SERVER_200 | (is_news ? SERVER_NNTP_TEXT : 0) : 0;
}

/* "250-AUTH METHODS=NULL": Tor's control protocol. Of a line that is not all there it may be. */
static bool is_of_tor(
	const struct traits_line *line, struct text word, struct text behind)
{
	return text_is(word, "AUTH") &&
	       (!line->is_whole || text_starts(text_trim(behind), "METHODS="));
}

/* Reply line, RFC 5321 section 4.2; RFC 959 and RFC 3977 share its shape. */
static uint64_t traits_of_reply(const struct traits_line *line)
{
	const unsigned code = reply_code(line);
	if (code == 0) {
		return 0;
	}
	uint64_t traits = traits_of_code(code) | SERVER_REPLY;
	traits |= line->is_first && code >= 400 ? SERVER_REFUSAL : 0;
	const size_t head = line->text.len > 3 ? 4 : 3;
	const struct text rest = {
		.at = line->text.at + head, .len = line->text.len - head};
	if (code == 220 || (line->is_first && (code == 421 || code == 554))) {
		traits |= traits_of_greeting(line, rest);
	}
	if (code == 200 || code == 201) {
		traits |= traits_of_news(line, rest);
	}
	struct text words = rest;
	const struct text word = traits_word(line, &words);
	if (code == 250 && is_esmtp_keyword(word) && !is_of_tor(line, word, words)) {
		traits |= SERVER_EHLO_REPLY;
	}
	return traits | (is_enhanced(word, line->text.at[0]) ? SERVER_ENHANCED : 0);
}

/* RFC 1939 section 3; redis says "+OK" alone and "+PONG". */
static uint64_t traits_of_plus(const struct traits_line *line)
{
	struct text rest = line->text;
	const struct text word = traits_word(line, &rest);
	if (text_is(word, "+PONG")) {
		return SERVER_REDIS;
	}
	if (!text_is(word, "+OK")) {
		return 0;
	}
	uint64_t traits = SERVER_OK;
	if (line->is_whole && text_trim(rest).len > 0) {
		traits |= SERVER_OK_WORDS;
	} else if (line->is_whole) {
		traits |= SERVER_OK_BARE;
	}
	const bool is_stamped = traits_contains(rest, "<") &&
				traits_contains(rest, "@") &&
				traits_contains(rest, ">");
	if (line->is_first && (is_stamped || traits_contains(rest, "POP") ||
				      traits_contains(rest, "ready"))) {
		traits |= SERVER_OK_TEXT;
	}
	return traits;
}

static uint64_t traits_of_minus(const struct traits_line *line)
{
	if (text_starts(line->text, "-ERR unknown command '") ||
		text_starts(line->text, "-ERR unknown command `") ||
		text_starts(line->text, "-ERR Protocol error") ||
		text_starts(line->text, "-ERR wrong number of arguments") ||
		text_starts(line->text, "-NOAUTH ") ||
		text_starts(line->text, "-WRONGTYPE ")) {
		return SERVER_REDIS;
	}
	struct text rest = line->text;
	const bool is_error = text_is(traits_word(line, &rest), "-ERR");
	return is_error && line->is_whole ? SERVER_ERR : 0;
}

/* MUPDATE (RFC 3656), IMSP and Cyrus' replication greet as IMAP does. */
static bool is_cousin(struct text text)
{
	return text_starts(text_trim(text), "MUPDATE ") ||
	       traits_contains(text, " IMSP ") ||
	       traits_contains(text, " Cyrus sync server");
}

/* Untagged answers, RFC 9051 section 7; ACAP's (RFC 2244) look alike. */
static uint64_t traits_of_star(const struct traits_line *line)
{
	struct text rest = line->text;
	if (traits_word(line, &rest).len != 1) {
		return 0;
	}
	const struct text word = traits_word(line, &rest);
	static const char *const GREETINGS[] = {"OK", "PREAUTH", "BYE", NULL};
	static const char *const KINDS[] = {"CAPABILITY", "FLAGS", "LIST", "LSUB",
		"SEARCH", "STATUS", "ID", "NAMESPACE", "ENABLED", "QUOTA", "QUOTAROOT",
		"NO", "BAD", "ESEARCH", NULL};
	static const char *const COUNTED[] = {
		"EXISTS", "RECENT", "FETCH", "EXPUNGE", NULL};
	uint64_t count = 0;
	if (is_listed(word, GREETINGS)) {
		const bool is_other = is_cousin(rest);
		/* what the line ends with may be the other's name */
		const bool is_imap = line->is_first && line->is_whole && !is_other;
		const uint64_t greeting = (is_other ? SERVER_OTHER_TEXT : 0) |
					  (is_imap ? SERVER_IMAP : 0);
		return SERVER_UNTAGGED | greeting;
	}
	if (line->is_first && text_is(word, "ACAP")) {
		return SERVER_OTHER_TEXT;
	}
	if (text_is(word, "CAPABILITY") && traits_contains(rest, "IMAP4")) {
		return SERVER_UNTAGGED | SERVER_UNTAGGED_TWO;
	}
	if (text_number(word, UINT32_MAX, &count)) {
		return is_listed(traits_word(line, &rest), COUNTED) ? SERVER_UNTAGGED
								    : 0;
	}
	return is_listed(word, KINDS) ? SERVER_UNTAGGED : 0;
}

struct text traits_imap_reply(const struct traits_line *line)
{
	static const char *const STATES[] = {"OK", "NO", "BAD", NULL};
	struct text rest = line->text;
	struct text tag = traits_word(line, &rest);
	const bool is_tagged = tag.len > 0 && !strchr("*+-\"", tag.at[0]) &&
			       is_listed(traits_word(line, &rest), STATES);
	tag.len = is_tagged ? tag.len : 0;
	return tag;
}

/* ":server NOTICE", ":server 001", RFC 2812 section 2.3.1. */
static uint64_t traits_of_colon(const struct traits_line *line)
{
	struct text rest = line->text;
	(void)traits_word(line, &rest);
	const struct text command = traits_word(line, &rest);
	static const char *const COMMANDS[] = {"NOTICE", "001", "020", "376", "433",
		"CAP", "PRIVMSG", "JOIN", "MODE", "PONG", NULL};
	return is_listed(command, COMMANDS) && text_trim(rest).len > 0 ? SERVER_IRC : 0;
}

static bool is_memcached(const struct traits_line *line)
{
	const struct text text = line->text;
	return text_starts(text, "VALUE ") || text_starts(text, "STAT ") ||
	       (text_is(text, "STORED") && line->is_whole) ||
	       (text_starts(text, "VERSION ") && line->is_first);
}

/* type name TAB selector TAB host TAB port, RFC 1436 section 3.8. */
static bool is_gopher(const struct traits_line *line)
{
	if (!line->is_whole || !line->is_first || line->text.len < 8 ||
		!memchr(line->text.at, '\t', line->text.len)) {
		return false;
	}
	size_t tabs = 0;
	size_t port = 0;
	for (size_t i = 0; i < line->text.len; i++) {
		if (line->text.at[i] == '\t') {
			tabs++;
			port = i + 1;
		}
	}
	uint64_t number = 0;
	return tabs == 3 && text_number((struct text){.at = line->text.at + port,
						.len = line->text.len - port},
				    UINT16_MAX, &number);
}

static bool is_pop3_capability(const struct traits_line *line)
{
	static const char *const WORDS[] = {
		"UIDL", "RESP-CODES", "STLS", "AUTH-RESP-CODE", "PIPELINING", NULL};
	return line->is_whole && !line->is_first && is_listed(line->text, WORDS);
}

/* RFC 5804 section 4: a code in brackets or a string follows, as with nobody else. */
static bool is_sieve_ok(const struct traits_line *line)
{
	struct text rest = line->text;
	if (!text_is(traits_word(line, &rest), "OK")) {
		return false;
	}
	rest = text_trim(rest);
	return rest.len > 0 && (rest.at[0] == '"' || rest.at[0] == '(');
}

static uint64_t traits_of_first(const struct traits_line *line)
{
	const struct text text = line->text;
	if (text_starts(text, "HTTP/1.") || text_starts(text, "ICY 200")) {
		return SERVER_HTTP;
	}
	if (text_starts(text, "RTSP/1.") || text_starts(text, "SIP/2.")) {
		return SERVER_FOREIGN;
	}
	if (text_starts(text, "SSH-1.") || text_starts(text, "SSH-2.")) {
		return SERVER_SSH;
	}
	if (text_starts(text, "NOTICE AUTH ") || text_starts(text, "NOTICE * ")) {
		return SERVER_IRC;
	}
	if (text_starts(text, "Login") && traits_contains(text, "Name: ")) {
		return SERVER_FINGER;
	}
	if (is_sieve_ok(line)) {
		return SERVER_SIEVE_OK;
	}
	return is_gopher(line) ? SERVER_GOPHER : 0;
}

/* Lines told by a whole phrase, whatever their first byte. */
static uint64_t traits_of_phrase(const struct traits_line *line)
{
	uint64_t traits = line->is_first ? traits_of_first(line) : 0;
	traits |= is_pop3_capability(line) ? SERVER_CAPA : 0;
	traits |= is_memcached(line) ? SERVER_MEMCACHED : 0;
	traits |= traits_imap_reply(line).len > 0 ? SERVER_TAGGED : 0;
	traits |= traits_is_hello(line, 2) ? SERVER_UPGRADE : 0;
	return traits;
}

uint64_t traits_server_line(const struct traits_line *line)
{
	if (line->text.len == 0) {
		return 0;
	}
	switch (line->text.at[0]) {
	case '2':
	case '3':
	case '4':
	case '5':
	case '1':
		return traits_of_reply(line) | traits_of_phrase(line);
	case '+':
		return traits_of_plus(line);
	case '-':
		return traits_of_minus(line);
	case '*':
		return traits_of_star(line);
	case ':':
		return traits_of_colon(line);
	case '"':
		/* RFC 5804 sections 1.7 and 4: the value is quoted or a literal */
		return text_starts(line->text, "\"IMPLEMENTATION\" \"") ||
				       text_starts(line->text, "\"IMPLEMENTATION\" {")
			       ? SERVER_SIEVE
			       : 0;
	default:
		return traits_of_phrase(line);
	}
}
