#include "audit/domain_checks.h"

#include "audit/domain_tags.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#define KEY_BASE64_BYTES 8192
#define BITS_LEAST       1024 /* RFC 8301, section 3.2 */
#define BITS_GOOD        2048
#define ED25519_BYTES    32 /* RFC 8463, section 4.2 */

static const struct audit_check DKIM_FOUND = {
	"dkim.found", "there is a key for each DKIM selector", SEVERITY_HIGH};
static const struct audit_check DKIM_VALID = {
	"dkim.valid", "the DKIM key can be used", SEVERITY_HIGH};
static const struct audit_check DKIM_STRONG = {"dkim.strong",
	"the DKIM key is long enough (RFC 8301: 2048 bits)", SEVERITY_MEDIUM};
static const struct audit_check DKIM_EARNEST = {
	"dkim.earnest", "the DKIM key is not marked as a test", SEVERITY_LOW};

/* Of "a:b:c", one is the word. */
static bool lists(struct text value, const char *word)
{
	while (value.len > 0) {
		const uint8_t *end = memchr(value.at, ':', value.len);
		const size_t len = end ? (size_t)(end - value.at) : value.len;
		if (text_is(text_trim((struct text){value.at, len}), word)) {
			return true;
		}
		text_advance(&value, len + (end ? 1 : 0));
	}
	return false;
}

/* Without blanks, which may stand anywhere in it. Returns its bytes, 0: it is no base64. */
static size_t decode(struct text value, uint8_t bytes[KEY_BASE64_BYTES])
{
	uint8_t packed[KEY_BASE64_BYTES];
	size_t len = 0;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] == ' ' || value.at[i] == '\t') {
			continue;
		}
		if (len == sizeof(packed)) {
			return 0;
		}
		packed[len++] = value.at[i];
	}
	const int decoded =
		len > 0 && len % 4 == 0 ? EVP_DecodeBlock(bytes, packed, (int)len) : -1;
	const size_t padding =
		len > 1 ? (size_t)(packed[len - 1] == '=') + (packed[len - 2] == '=')
			: 0;
	return decoded > (int)padding ? (size_t)decoded - padding : 0;
}

/* Of an RSA key: its SubjectPublicKeyInfo, or the bare key as RFC 6376 has it. 0: neither. */
static int rsa_bits(const uint8_t *bytes, size_t len)
{
	const uint8_t *at = bytes;
	int bits = 0;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)len);
	if (!key) {
		at = bytes;
		key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)len);
	}
	if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
		bits = EVP_PKEY_get_bits(key);
	}
	EVP_PKEY_free(key);
	return bits;
}

static void check_rsa(struct domain_run *run, const char *selector, struct text value)
{
	uint8_t bytes[KEY_BASE64_BYTES];
	const size_t len = decode(value, bytes);
	const int bits = len > 0 ? rsa_bits(bytes, len) : 0;
	if (bits == 0) {
		domain_answer(run, &DKIM_VALID, AUDIT_NO,
			"%s: p= is no RSA key in base64", selector);
		return;
	}
	domain_answer(run, &DKIM_VALID, AUDIT_YES, "%s: an RSA key", selector);
	domain_answer(run, &DKIM_STRONG, bits < BITS_GOOD ? AUDIT_NO : AUDIT_YES,
		"%s: RSA of %d bits%s", selector, bits,
		bits < BITS_LEAST ? ", which receivers must not accept" : "");
}

static void check_ed25519(
	struct domain_run *run, const char *selector, struct text value)
{
	uint8_t bytes[KEY_BASE64_BYTES];
	const bool is_right = decode(value, bytes) == ED25519_BYTES;
	domain_answer(run, &DKIM_VALID, is_right ? AUDIT_YES : AUDIT_NO, "%s: %s",
		selector, is_right ? "an Ed25519 key" : "p= is no Ed25519 key");
}

static void check_key(struct domain_run *run, const char *selector, struct text record)
{
	struct text key = {NULL, 0};
	struct text type = text_from("rsa");
	struct text value;
	const bool has_key = tags_find(record, "p", &key);
	(void)tags_find(record, "k", &type);
	if (has_key && key.len == 0) {
		domain_answer(run, &DKIM_VALID, AUDIT_NO, "%s: revoked (p= is empty)",
			selector);
		return;
	}
	if (tags_find(record, "v", &value) && !tags_have_version(record, "DKIM1")) {
		domain_answer(run, &DKIM_VALID, AUDIT_NO,
			"%s: v= is not DKIM1, or not in front", selector);
		return;
	}
	if (tags_find(record, "s", &value) && !lists(value, "*") &&
		!lists(value, "email")) {
		domain_answer(run, &DKIM_VALID, AUDIT_NO, "%s: not for mail (s=%.*s)",
			selector, (int)value.len, (const char *)value.at);
		return;
	}
	if (tags_find(record, "h", &value) && !lists(value, "sha256")) {
		domain_answer(run, &DKIM_VALID, AUDIT_NO, "%s: without sha256 (h=%.*s)",
			selector, (int)value.len, (const char *)value.at);
		return;
	}
	if (!has_key) {
		domain_answer(run, &DKIM_VALID, AUDIT_NO, "%s: no p=", selector);
	} else if (text_is(type, "ed25519")) {
		check_ed25519(run, selector, key);
	} else if (text_is(type, "rsa")) {
		check_rsa(run, selector, key);
	} else {
		domain_answer(run, &DKIM_VALID, AUDIT_NO, "%s: unknown kind k=%.*s",
			selector, (int)type.len, (const char *)type.at);
	}
}

static void check_selector(struct domain_run *run, const char *selector)
{
	struct tags_record record;
	struct text flags;
	char name[2 * RR_NAME_BYTES];
	(void)snprintf(name, sizeof(name), "%s._domainkey.%s", selector, run->domain);
	switch (tags_ask(run->audit->resolver, &run->audit->answers->arena, name, NULL,
		&record)) {
	case TAGS_FAILED:
		domain_answer(run, &DKIM_FOUND, AUDIT_UNASKED, "%s: %s", selector,
			record.why);
		return;
	case TAGS_NONE:
		domain_answer(
			run, &DKIM_FOUND, AUDIT_NO, "%s: no TXT record", selector);
		return;
	case TAGS_MANY:
		domain_answer(run, &DKIM_FOUND, AUDIT_NO,
			"%s: several TXT records (RFC 6376, section 3.6.2.2)",
			selector);
		return;
	default:
		break;
	}
	domain_answer(run, &DKIM_FOUND, AUDIT_YES, "%s", selector);
	check_key(run, selector, record.text);
	const bool is_test = tags_find(record.text, "t", &flags) && lists(flags, "y");
	domain_answer(run, &DKIM_EARNEST, is_test ? AUDIT_NO : AUDIT_YES, "%s%s",
		selector, is_test ? ": t=y" : "");
}

void domain_check_dkim(struct domain_run *run)
{
	for (size_t i = 0; i < run->audit->selector_count; i++) {
		check_selector(run, run->audit->selectors[i]);
	}
}
