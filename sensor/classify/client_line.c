#include "classify/traits.h"

#include "classify/exchange.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define VERB_BYTES 16

/* What must follow the verb for the line to be this command. */
enum argument {
	ARGUMENT_ANY,
	ARGUMENT_NONE,
	ARGUMENT_SOME,
	ARGUMENT_FROM, /* MAIL FROM:, RFC 5321 section 4.1.1.2 */
	ARGUMENT_TO,   /* RCPT TO: */
	ARGUMENT_AUTH, /* a SASL mechanism (RFC 4954), or TLS in FTP (RFC 4217) */
	ARGUMENT_USER, /* one name, or the four parts of IRC (RFC 2812 section 3.1.3) */
	ARGUMENT_QUOTED, /* RFC 5804 section 2.1 */
	ARGUMENT_MODE,   /* MODE READER, RFC 3977 section 5.3 */
};

struct verb {
	char word[VERB_BYTES];
	uint64_t trait;
	enum argument argument;
};

/* Sorted: looked up by bsearch. */
static const struct verb VERBS[] = {
	{"ABOR", CLIENT_FTP, ARGUMENT_ANY},
	{"ACCT", CLIENT_FTP, ARGUMENT_SOME},
	{"ADD", CLIENT_MEMCACHED, ARGUMENT_ANY},
	{"ALLO", CLIENT_FTP, ARGUMENT_SOME},
	{"APOP", CLIENT_POP3, ARGUMENT_ANY},
	{"APPE", CLIENT_FTP, ARGUMENT_SOME},
	{"ARTICLE", CLIENT_NNTP, ARGUMENT_SOME},
	{"ATRN", CLIENT_SMTP_ONLY, ARGUMENT_SOME},
	{"AUTH", CLIENT_AUTH, ARGUMENT_AUTH},
	{"AUTHENTICATE", CLIENT_SASL_QUOTED, ARGUMENT_QUOTED},
	{"AUTHINFO", CLIENT_NNTP, ARGUMENT_SOME},
	{"BDAT", CLIENT_SMTP_ONLY, ARGUMENT_SOME},
	{"CAP", CLIENT_IRC, ARGUMENT_SOME},
	{"CAPA", CLIENT_POP3, ARGUMENT_NONE},
	{"CDUP", CLIENT_FTP, ARGUMENT_ANY},
	{"CHECK", CLIENT_NNTP, ARGUMENT_SOME},
	{"CHECKSCRIPT", CLIENT_SIEVE, ARGUMENT_SOME},
	{"CLNT", CLIENT_FTP, ARGUMENT_SOME},
	{"CONFIG", CLIENT_REDIS_INLINE, ARGUMENT_ANY},
	{"CWD", CLIENT_FTP, ARGUMENT_SOME},
	{"DATA", CLIENT_SMTP_ONLY, ARGUMENT_NONE},
	{"DEL", CLIENT_REDIS_INLINE, ARGUMENT_ANY},
	{"DELE", CLIENT_POP3_SHARED, ARGUMENT_SOME},
	{"DELETESCRIPT", CLIENT_SIEVE, ARGUMENT_SOME},
	{"EHLO", CLIENT_EHLO, ARGUMENT_ANY},
	{"EPRT", CLIENT_FTP, ARGUMENT_SOME},
	{"EPSV", CLIENT_FTP, ARGUMENT_ANY},
	{"ETRN", CLIENT_SMTP_ONLY, ARGUMENT_SOME},
	{"EXISTS", CLIENT_REDIS_INLINE, ARGUMENT_ANY},
	{"EXPN", CLIENT_SMTP_ONLY, ARGUMENT_SOME},
	{"FEAT", CLIENT_FTP, ARGUMENT_ANY},
	{"FLUSHALL", CLIENT_REDIS_INLINE, ARGUMENT_ANY},
	{"GET", CLIENT_REDIS_INLINE, ARGUMENT_ANY},
	{"GETS", CLIENT_MEMCACHED, ARGUMENT_ANY},
	{"GETSCRIPT", CLIENT_SIEVE, ARGUMENT_SOME},
	{"GROUP", CLIENT_NNTP, ARGUMENT_SOME},
	{"HAVESPACE", CLIENT_SIEVE, ARGUMENT_SOME},
	{"HELO", CLIENT_EHLO, ARGUMENT_ANY},
	{"HELP", CLIENT_SHARED, ARGUMENT_ANY},
	{"HOST", CLIENT_FTP, ARGUMENT_SOME},
	{"IHAVE", CLIENT_NNTP, ARGUMENT_SOME},
	{"INCR", CLIENT_REDIS_INLINE, ARGUMENT_ANY},
	{"INFO", CLIENT_REDIS_INLINE, ARGUMENT_ANY},
	{"JOIN", CLIENT_IRC, ARGUMENT_SOME},
	{"KEYS", CLIENT_REDIS_INLINE, ARGUMENT_ANY},
	{"LHLO", CLIENT_LHLO, ARGUMENT_ANY},
	{"LIST", CLIENT_POP3_SHARED, ARGUMENT_ANY},
	{"LISTSCRIPTS", CLIENT_SIEVE, ARGUMENT_NONE},
	{"LPUSH", CLIENT_REDIS_INLINE, ARGUMENT_ANY},
	{"MAIL", CLIENT_MAIL, ARGUMENT_FROM},
	{"MDTM", CLIENT_FTP, ARGUMENT_SOME},
	{"MKD", CLIENT_FTP, ARGUMENT_SOME},
	{"MLSD", CLIENT_FTP, ARGUMENT_ANY},
	{"MLST", CLIENT_FTP, ARGUMENT_ANY},
	{"MODE", CLIENT_NNTP, ARGUMENT_MODE},
	{"NEWGROUPS", CLIENT_NNTP, ARGUMENT_SOME},
	{"NEWNEWS", CLIENT_NNTP, ARGUMENT_SOME},
	{"NICK", CLIENT_IRC, ARGUMENT_SOME},
	{"NLST", CLIENT_FTP, ARGUMENT_ANY},
	{"NOOP", CLIENT_SHARED, ARGUMENT_ANY},
	{"OPTS", CLIENT_FTP, ARGUMENT_SOME},
	{"PAGE", CLIENT_PAGE, ARGUMENT_SOME},
	{"PASS", CLIENT_PASS, ARGUMENT_ANY},
	{"PASV", CLIENT_FTP, ARGUMENT_ANY},
	{"PBSZ", CLIENT_FTP, ARGUMENT_SOME},
	{"PING", CLIENT_REDIS_INLINE, ARGUMENT_ANY},
	{"PONG", CLIENT_IRC, ARGUMENT_SOME},
	{"PORT", CLIENT_FTP, ARGUMENT_SOME},
	{"PRIVMSG", CLIENT_IRC, ARGUMENT_SOME},
	{"PROT", CLIENT_FTP, ARGUMENT_SOME},
	{"PUTSCRIPT", CLIENT_SIEVE, ARGUMENT_SOME},
	{"PWD", CLIENT_FTP, ARGUMENT_ANY},
	{"QUIT", CLIENT_SHARED, ARGUMENT_NONE},
	{"RCPT", CLIENT_RCPT, ARGUMENT_TO},
	{"REIN", CLIENT_FTP, ARGUMENT_ANY},
	{"RENAMESCRIPT", CLIENT_SIEVE, ARGUMENT_SOME},
	{"REPLACE", CLIENT_MEMCACHED, ARGUMENT_ANY},
	{"REST", CLIENT_FTP, ARGUMENT_SOME},
	{"RETR", CLIENT_POP3_SHARED, ARGUMENT_SOME},
	{"RNFR", CLIENT_FTP, ARGUMENT_SOME},
	{"RNTO", CLIENT_FTP, ARGUMENT_SOME},
	{"RPUSH", CLIENT_REDIS_INLINE, ARGUMENT_ANY},
	{"RSET", CLIENT_SHARED, ARGUMENT_ANY},
	{"SAML", CLIENT_MAIL, ARGUMENT_FROM},
	{"SELECT", CLIENT_REDIS_INLINE, ARGUMENT_ANY},
	{"SEND", CLIENT_MAIL, ARGUMENT_FROM},
	{"SET", CLIENT_REDIS_INLINE, ARGUMENT_ANY},
	{"SETACTIVE", CLIENT_SIEVE, ARGUMENT_SOME},
	{"SITE", CLIENT_FTP, ARGUMENT_SOME},
	{"SIZE", CLIENT_FTP, ARGUMENT_SOME},
	{"SLAVEOF", CLIENT_REDIS_INLINE, ARGUMENT_ANY},
	{"SOML", CLIENT_MAIL, ARGUMENT_FROM},
	{"STARTTLS", CLIENT_STARTTLS, ARGUMENT_NONE},
	{"STAT", CLIENT_POP3, ARGUMENT_NONE},
	{"STATS", CLIENT_MEMCACHED, ARGUMENT_ANY},
	{"STLS", CLIENT_POP3, ARGUMENT_NONE},
	{"STOR", CLIENT_FTP, ARGUMENT_SOME},
	{"SYST", CLIENT_FTP, ARGUMENT_ANY},
	{"TAKETHIS", CLIENT_NNTP, ARGUMENT_SOME},
	{"TOP", CLIENT_POP3, ARGUMENT_ANY},
	{"TYPE", CLIENT_FTP, ARGUMENT_SOME},
	{"UIDL", CLIENT_POP3, ARGUMENT_ANY},
	{"USER", CLIENT_USER, ARGUMENT_USER},
	{"VERSION", CLIENT_MEMCACHED, ARGUMENT_ANY},
	{"VRFY", CLIENT_SMTP_ONLY, ARGUMENT_SOME},
	{"X-ANONYMOUSTLS", CLIENT_STARTTLS, ARGUMENT_NONE},
	{"X-EXPS", CLIENT_SMTP_ONLY, ARGUMENT_SOME},
	{"X-LINK2STATE", CLIENT_SMTP_ONLY, ARGUMENT_SOME},
	{"XCLIENT", CLIENT_SMTP_ONLY, ARGUMENT_SOME},
	{"XEXCH50", CLIENT_SMTP_ONLY, ARGUMENT_SOME},
	{"XFORWARD", CLIENT_SMTP_ONLY, ARGUMENT_SOME},
	{"XHDR", CLIENT_NNTP, ARGUMENT_SOME},
	{"XOVER", CLIENT_NNTP, ARGUMENT_SOME},
	{"XPROXY", CLIENT_SMTP_ONLY, ARGUMENT_SOME},
	{"XPWD", CLIENT_FTP, ARGUMENT_ANY},
	{"XSHADOW", CLIENT_SMTP_ONLY, ARGUMENT_SOME},
	{"XTND", CLIENT_POP3, ARGUMENT_ANY},
};

/* RFC 9051 section 6 and its usual extensions; sorted. */
static const char IMAP_VERBS[][VERB_BYTES] = {
	"APPEND",
	"AUTHENTICATE",
	"CAPABILITY",
	"CHECK",
	"CLOSE",
	"COMPRESS",
	"COPY",
	"CREATE",
	"DELETE",
	"ENABLE",
	"EXAMINE",
	"EXPUNGE",
	"FETCH",
	"GETACL",
	"GETMETADATA",
	"GETQUOTA",
	"GETQUOTAROOT",
	"ID",
	"IDLE",
	"LIST",
	"LOGIN",
	"LOGOUT",
	"LSUB",
	"MOVE",
	"NAMESPACE",
	"NOOP",
	"NOTIFY",
	"RENAME",
	"SEARCH",
	"SELECT",
	"SETACL",
	"SETQUOTA",
	"SORT",
	"STARTTLS",
	"STATUS",
	"STORE",
	"SUBSCRIBE",
	"THREAD",
	"UID",
	"UNSELECT",
	"UNSUBSCRIBE",
	"XLIST",
};

/* HTTP methods, WebDAV (RFC 4918) and RPC over HTTP (MS-RPCH). */
static const char *const METHODS[] = {"GET", "POST", "HEAD", "PUT", "OPTIONS", "DELETE",
	"PATCH", "TRACE", "CONNECT", "PROPFIND", "PROPPATCH", "REPORT", "SEARCH",
	"MKCOL", "RPC_IN_DATA", "RPC_OUT_DATA"};

static bool verb_of(struct text word, char verb[VERB_BYTES])
{
	if (word.len == 0 || word.len >= VERB_BYTES) {
		return false;
	}
	memset(verb, 0, VERB_BYTES);
	for (size_t i = 0; i < word.len; i++) {
		const uint8_t byte = word.at[i];
		verb[i] =
			(char)(byte >= 'a' && byte <= 'z' ? byte - ('a' - 'A') : byte);
	}
	return true;
}

/* Both tables begin each row with the word, padded with zeros: its letters as a number. */
static int compare_verbs(const void *a, const void *b)
{
	uint64_t words[2][2];
	memcpy(words[0], a, VERB_BYTES);
	memcpy(words[1], b, VERB_BYTES);
	const unsigned at = words[0][0] == words[1][0];
	const uint64_t left = be64toh(words[0][at]);
	const uint64_t right = be64toh(words[1][at]);
	return (left > right) - (left < right);
}

static uint64_t traits_of_auth(const struct traits_line *line, struct text rest)
{
	const struct text mechanism = traits_word(line, &rest);
	if (mechanism.len == 0) {
		return line->is_whole ? CLIENT_POP3_SHARED : 0;
	}
	if (text_is(mechanism, "TLS") || text_is(mechanism, "SSL") ||
		text_is(mechanism, "TLS-C") || text_is(mechanism, "TLS-P")) {
		return CLIENT_FTP;
	}
	/* GSSAPI is missing: FTP has it too, RFC 2228 section 3 */
	static const char *const MECHANISMS[] = {"PLAIN", "LOGIN", "CRAM-MD5",
		"DIGEST-MD5", "NTLM", "XOAUTH2", "OAUTHBEARER", "EXTERNAL", "ANONYMOUS",
		"GSS-SPNEGO", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS",
		"SCRAM-SHA-256-PLUS"};
	for (size_t i = 0; i < sizeof(MECHANISMS) / sizeof(MECHANISMS[0]); i++) {
		if (text_is(mechanism, MECHANISMS[i])) {
			return CLIENT_AUTH;
		}
	}
	return 0;
}

static uint64_t traits_of_user(const struct traits_line *line, struct text rest)
{
	if (!line->is_whole) {
		return 0;
	}
	unsigned words = 0;
	while (words < 4 && text_word(&rest).len > 0) {
		words++;
	}
	return words == 4 ? CLIENT_IRC : CLIENT_USER;
}

static uint64_t traits_of_verb(
	const struct verb *verb, const struct traits_line *line, struct text rest)
{
	const struct text argument = text_trim(rest);
	bool is_it = true;
	switch (verb->argument) {
	case ARGUMENT_ANY:
		break;
	case ARGUMENT_NONE:
		is_it = argument.len == 0 && line->is_whole;
		break;
	case ARGUMENT_SOME:
		is_it = argument.len > 0;
		break;
	case ARGUMENT_FROM:
		is_it = text_starts(argument, "FROM:") ||
			text_starts(argument, "FROM :");
		break;
	case ARGUMENT_TO:
		is_it = text_starts(argument, "TO:") || text_starts(argument, "TO :");
		break;
	case ARGUMENT_AUTH:
		return traits_of_auth(line, rest);
	case ARGUMENT_USER:
		return traits_of_user(line, rest);
	case ARGUMENT_QUOTED:
		is_it = text_starts(argument, "\"");
		break;
	case ARGUMENT_MODE:
		is_it = text_starts(argument, "READER") || text_is(argument, "STREAM");
		break;
	}
	return is_it ? verb->trait : 0;
}

/* tag = 1*<any ASTRING-CHAR except "+">, RFC 9051 section 9. */
static bool is_tag(struct text word)
{
	if (word.len == 0 || word.len > 32) {
		return false;
	}
	for (size_t i = 0; i < word.len; i++) {
		const uint8_t byte = word.at[i];
		if (byte <= 0x20 || byte >= 0x7f || strchr("+(){%*\"\\", byte)) {
			return false;
		}
	}
	return true;
}

struct text traits_imap_command(const struct traits_line *line)
{
	struct text rest = line->text;
	const struct text none = {.at = rest.at, .len = 0};
	const struct text tag = traits_word(line, &rest);
	char verb[VERB_BYTES];
	if (!is_tag(tag) || !verb_of(traits_word(line, &rest), verb)) {
		return none;
	}
	const bool is_verb =
		bsearch(verb, IMAP_VERBS, sizeof(IMAP_VERBS) / sizeof(IMAP_VERBS[0]),
			VERB_BYTES, compare_verbs) != NULL;
	return is_verb ? tag : none;
}

static bool holds(struct text text, const char *word)
{
	return memmem(text.at, text.len, word, strlen(word)) != NULL;
}

/* The mail service that the request asks for, beside being HTTP. */
static uint64_t traits_of_http(struct text method, struct text target)
{
	switch (exchange_of_request(method, target)) {
	case PROTOCOL_MAPI_HTTP:
		return CLIENT_HTTP | CLIENT_MAPI_HTTP;
	case PROTOCOL_OUTLOOK_ANYWHERE:
		return CLIENT_HTTP | CLIENT_ANYWHERE;
	case PROTOCOL_EAS:
		return CLIENT_HTTP | CLIENT_EAS;
	case PROTOCOL_EWS:
		return CLIENT_HTTP | CLIENT_EWS;
	case PROTOCOL_EXCHANGE_HTTPS:
		return CLIENT_HTTP | CLIENT_EXCHANGE_WEB;
	default:
		return CLIENT_HTTP;
	}
}

static bool is_method(struct text word)
{
	for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++) {
		if (word.len == strlen(METHODS[i]) &&
			memcmp(word.at, METHODS[i], word.len) == 0) {
			return true;
		}
	}
	return false;
}

/* Request line, RFC 9112 section 3. The method alone is no evidence. */
static uint64_t traits_of_request(
	const struct traits_line *line, struct text word, struct text rest)
{
	const struct text target = text_trim(rest);
	const bool is_target = text_starts(target, "/") ||
			       text_starts(target, "http://") ||
			       text_starts(target, "https://");
	if (is_target && is_method(word)) {
		/* what a tunnel leads to stands at the end of the target */
		const bool is_enough = target.len > 64 && !text_starts(word, "RPC_");
		return line->is_whole || is_enough ? traits_of_http(word, target) : 0;
	}
	if (!memchr(line->text.at, '/', line->text.len)) {
		return 0; /* every version below has one */
	}
	if (word.len > 1 && holds(target, " HTTP/1.")) {
		return CLIENT_HTTP;
	}
	if (text_starts(line->text, "PRI * HTTP/2")) {
		return CLIENT_HTTP;
	}
	return holds(target, " RTSP/1") || holds(target, " SIP/2") ? CLIENT_FOREIGN : 0;
}

/* *3 CR LF $3, redis protocol specification (RESP) */
static bool is_array_head(struct text text)
{
	uint64_t count = 0;
	text.at++;
	text.len--;
	return text_number(text, 1048576, &count);
}

static uint64_t traits_of_first_line(
	const struct traits_line *line, struct text word, struct text rest)
{
	const struct text text = line->text;
	if (text_starts(text, "SSH-1.") || text_starts(text, "SSH-2.")) {
		return CLIENT_SSH;
	}
	if (text.len > 1 && text.at[0] == '*' && line->is_whole &&
		is_array_head(text)) {
		return CLIENT_REDIS;
	}
	return word.len > 0 ? traits_of_request(line, word, rest) : 0;
}

uint64_t traits_client_line(const struct traits_line *line)
{
	struct text rest = line->text;
	const struct text word = traits_word(line, &rest);
	char name[VERB_BYTES];
	uint64_t traits = line->is_first ? traits_of_first_line(line, word, rest)
			  : traits_is_hello(line, 1) ? CLIENT_UPGRADE
						     : 0;
	/* a request for a path is no command besides, nor one behind a tag */
	const bool is_request =
		traits & CLIENT_HTTP && rest.len > 1 && rest.at[1] == '/';
	if (word.len == 0 || word.at != line->text.at || is_request) {
		return traits;
	}
	if (verb_of(word, name)) {
		const struct verb *verb =
			bsearch(name, VERBS, sizeof(VERBS) / sizeof(VERBS[0]),
				sizeof(VERBS[0]), compare_verbs);
		traits |= verb ? traits_of_verb(verb, line, rest) : 0;
	}
	if (traits_imap_command(line).len > 0) {
		traits |= CLIENT_IMAP;
	}
	return traits;
}
