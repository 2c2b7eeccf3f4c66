#include "analyze/facts.h"
#include "base/text.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

struct mechanism_row {
	unsigned flag;
	const char *name;
};

/* The names of records; IANA's SASL mechanism registry where there is one. */
static const struct mechanism_row MECHANISMS[] = {
	{FACTS_MECHANISM_PLAIN, "PLAIN"},
	{FACTS_MECHANISM_LOGIN, "LOGIN"},
	{FACTS_MECHANISM_USER_PASS, "USER/PASS"},
	{FACTS_MECHANISM_USER_ONLY, "USER"},
	{FACTS_MECHANISM_XOAUTH2, "XOAUTH2"},
	{FACTS_MECHANISM_OAUTHBEARER, "OAUTHBEARER"},
	{FACTS_MECHANISM_CRAM_MD5, "CRAM-MD5"},
	{FACTS_MECHANISM_DIGEST_MD5, "DIGEST-MD5"},
	{FACTS_MECHANISM_SCRAM, "SCRAM"},
	{FACTS_MECHANISM_NTLM, "NTLM"},
	{FACTS_MECHANISM_GSSAPI, "GSSAPI"},
	{FACTS_MECHANISM_EXTERNAL, "EXTERNAL"},
	{FACTS_MECHANISM_APOP, "APOP"},
	{FACTS_MECHANISM_ANONYMOUS, "ANONYMOUS"},
	{FACTS_MECHANISM_BASIC, "BASIC"},
	{FACTS_MECHANISM_OTHER, "OTHER"},
};

#define MECHANISM_COUNT (sizeof(MECHANISMS) / sizeof(MECHANISMS[0]))

const char *facts_mechanism_name(unsigned flag)
{
	for (size_t i = 0; i < MECHANISM_COUNT; i++) {
		if (MECHANISMS[i].flag == flag) {
			return MECHANISMS[i].name;
		}
	}
	return "OTHER";
}

const char *facts_mechanism_names(unsigned flags, char text[FACTS_MECHANISMS_BYTES])
{
	char *at = text;
	for (; flags != 0; flags &= flags - 1) { /* all of MECHANISMS fit */
		const char *name = facts_mechanism_name(flags & -flags);
		const size_t len = strlen(name);
		assert(at + 1 + len < text + FACTS_MECHANISMS_BYTES);
		*at = '+';
		at += at > text;
		memcpy(at, name, len);
		at += len;
	}
	*at = '\0';
	return text;
}

/* As SASL knows them: USER and APOP are commands of POP3. */
static const struct text_word_row *const BY_NAME[TEXT_WORD_LISTS] = {
	[TEXT_WORD_LIST('A')] = TEXT_WORDS({"ANONYMOUS", FACTS_MECHANISM_ANONYMOUS}),
	[TEXT_WORD_LIST('B')] = TEXT_WORDS({"BASIC", FACTS_MECHANISM_BASIC}),
	[TEXT_WORD_LIST('C')] = TEXT_WORDS({"CRAM-MD5", FACTS_MECHANISM_CRAM_MD5}),
	[TEXT_WORD_LIST('D')] = TEXT_WORDS({"DIGEST-MD5", FACTS_MECHANISM_DIGEST_MD5}),
	[TEXT_WORD_LIST('E')] = TEXT_WORDS({"EXTERNAL", FACTS_MECHANISM_EXTERNAL}),
	[TEXT_WORD_LIST('G')] = TEXT_WORDS({"GSSAPI", FACTS_MECHANISM_GSSAPI},
		{"GSS-SPNEGO", FACTS_MECHANISM_GSSAPI}),
	[TEXT_WORD_LIST('L')] = TEXT_WORDS({"LOGIN", FACTS_MECHANISM_LOGIN}),
	[TEXT_WORD_LIST('N')] = TEXT_WORDS({"NTLM", FACTS_MECHANISM_NTLM}),
	[TEXT_WORD_LIST('O')] =
		TEXT_WORDS({"OAUTHBEARER", FACTS_MECHANISM_OAUTHBEARER}),
	[TEXT_WORD_LIST('P')] = TEXT_WORDS({"PLAIN", FACTS_MECHANISM_PLAIN}),
	[TEXT_WORD_LIST('S')] = TEXT_WORDS({"SCRAM", FACTS_MECHANISM_SCRAM}),
	[TEXT_WORD_LIST('X')] = TEXT_WORDS({"XOAUTH2", FACTS_MECHANISM_XOAUTH2}),
};

unsigned facts_mechanism_flag(struct text name)
{
	return text_starts(name, "SCRAM-")
		       ? FACTS_MECHANISM_SCRAM
		       : text_find(name, BY_NAME, FACTS_MECHANISM_OTHER);
}

#define STARTTLS_FAULTS                                                           \
	(FACTS_STARTTLS_REFUSED | FACTS_STARTTLS_MASKED |                         \
		FACTS_STARTTLS_MASKED_GREETING | FACTS_STARTTLS_MASKED_VERB |     \
		FACTS_STARTTLS_INJECTED_CLIENT | FACTS_STARTTLS_INJECTED_SERVER | \
		FACTS_STARTTLS_CLEAR_AFTER | FACTS_STARTTLS_FAILED)

_Static_assert(sizeof(struct facts_news) == 6 * sizeof(uint16_t) + 14,
	"no byte between the members, or one was added here and not counted");
_Static_assert(PROTOCOL_COUNT <= UINT8_MAX + 1, "a protocol fits its member");

bool facts_is_content_clear(const struct facts *facts)
{
	const bool is_proof = facts->auth_tried == 0 ||
			      (facts->auth_tried & FACTS_MECHANISMS_CHALLENGE) != 0;
	return facts->has_content_clear || facts->auth_secret != 0 ||
	       (facts->auth_accepted == FACTS_YES && is_proof);
}

void facts_news_of(const struct facts *facts, struct facts_news *news)
{
	const struct facts_tls_session *session = &facts->session;
	const struct facts_headers *headers = &facts->headers;
	const bool is_clear = facts_is_content_clear(facts);
	const bool is_talk_over =
		facts->is_mail_taken &&
		(facts->is_other_talk || facts->opening != OPENING_NONE);
	const bool is_offer_news = is_clear || facts->starttls_offered == FACTS_NO;
	*news = (struct facts_news){
		.starttls = facts->starttls & STARTTLS_FAULTS,
		.auth_secret = facts->auth_secret,
		.version = session->version,
		.cipher_suite = session->cipher_suite,
		.dh_bits = session->dh_bits,
		.sender = (uint16_t)((facts->mail_from_domain[0] != '\0') |
				     is_talk_over << 1),
		.protocol = (uint8_t)facts->protocol,
		.tls = (uint8_t)facts->tls,
		.starttls_offered =
			is_offer_news ? (uint8_t)facts->starttls_offered : 0,
		.auth_accepted = (uint8_t)facts->auth_accepted,
		.header_addresses = headers->address_count,
		.is_content_clear = is_clear,
		.has_client_bytes = is_clear && facts->has_client_bytes,
		.has_server_bytes = facts->has_server_bytes,
		.has_requiretls_clear = facts->has_requiretls_clear,
		.smtp = (uint8_t)(facts->is_helo_only | facts->is_ehlo_refused << 1 |
				  facts->smuggling << 2 | facts->is_turned << 4 |
				  (facts->opening != OPENING_NONE) << 5 |
				  facts->has_unread_lines << 6 |
				  facts->has_said_more << 7),
		.has_unsigned_message = headers->without_dkim_signature > 0,
		.has_unchecked_message = headers->without_authentication_results > 0,
		.has_server_certificate =
			session->server_certificate.visibility == FACTS_SEEN,
		.has_no_client_certificate = session->client_certificate == FACTS_NO,
	};
}

#define FIELD_BITS (FACTS_FIELD_WORDS * UINT64_C(64))

/* Two bits for each: of 50 fields one in 30 that is not there seems to be. */
static uint64_t field_bit(uint64_t hash, unsigned at, size_t *word)
{
	const uint64_t bit = (at == 0 ? hash : hash >> 32) % FIELD_BITS;
	*word = bit / 64;
	return UINT64_C(1) << bit % 64;
}

void facts_field_add(uint64_t fields[FACTS_FIELD_WORDS], uint64_t hash)
{
	for (unsigned i = 0; i < 2; i++) {
		size_t word;
		const uint64_t bit = field_bit(hash, i, &word);
		fields[word] |= bit;
	}
}

bool facts_has_field(const uint64_t fields[FACTS_FIELD_WORDS], uint64_t hash)
{
	for (unsigned i = 0; i < 2; i++) {
		size_t word;
		const uint64_t bit = field_bit(hash, i, &word);
		if ((fields[word] & bit) == 0) {
			return false;
		}
	}
	return true;
}

const char *facts_tls_name(enum facts_tls tls)
{
	static const char *const NAMES[] = {
		[FACTS_TLS_UNKNOWN] = "unknown",
		[FACTS_TLS_NONE] = "none",
		[FACTS_TLS_STARTTLS] = "starttls",
		[FACTS_TLS_IMPLICIT] = "implicit",
	};
	return NAMES[tls];
}

const char *facts_answer_name(enum facts_answer answer)
{
	static const char *const NAMES[] = {
		[FACTS_UNKNOWN] = "unknown",
		[FACTS_NO] = "no",
		[FACTS_YES] = "yes",
	};
	return NAMES[answer];
}

/* What became of the server's certificate: TLS 1.3 hides it, and that is never "valid". */
const char *facts_visibility_name(enum facts_visibility visibility)
{
	static const char *const NAMES[] = {
		[FACTS_NOT_SEEN] = "not_seen",
		[FACTS_SEEN] = "seen",
		[FACTS_NOT_VISIBLE] = "not_visible",
		[FACTS_RESUMED] = "resumed",
		[FACTS_UNREADABLE] = "unreadable",
	};
	return NAMES[visibility];
}

/* MS-RPCE section 2.2.1.1.8; NULL: no call of DCE/RPC was seen. */
const char *facts_rpc_level_name(unsigned level)
{
	static const char *const NAMES[] = {
		NULL, "none", "connect", "call", "packet", "integrity", "privacy"};
	return level < sizeof(NAMES) / sizeof(NAMES[0]) ? NAMES[level] : NULL;
}
