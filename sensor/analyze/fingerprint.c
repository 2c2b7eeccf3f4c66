#include "analyze/fingerprint.h"

#include <openssl/evp.h>
#include <string.h>

#define JA4_VALUES_MAX 256 /* a longer list is no client's: the rest is left out */

struct digest {
	EVP_MD *kind;
	EVP_MD_CTX *context;
};

/* Fetching an algorithm costs more than the digest of a hello, so it is done once. */
static struct digest md5_digest;
static struct digest sha256_digest;
static struct digest sha1_digest;

static bool digest_prepare(struct digest *digest, const char *name)
{
	if (!digest->kind) {
		digest->kind = EVP_MD_fetch(NULL, name, NULL);
	}
	if (!digest->context) {
		digest->context = EVP_MD_CTX_new();
	}
	return digest->kind && digest->context;
}

bool fingerprint_prepare(struct reason *why)
{
	(void)digest_prepare(&md5_digest, "MD5"); /* a FIPS system has none */
	return digest_prepare(&sha256_digest, "SHA256") ||
	       reason_set(why, "libcrypto offers no SHA-256");
}

static void hex_copy(char *text, const uint8_t *bytes, size_t digits)
{
	static const char HEX[] = "0123456789abcdef";
	for (size_t i = 0; i < digits; i++) {
		text[i] = HEX[i % 2 ? bytes[i / 2] & 0x0f : bytes[i / 2] >> 4];
	}
	text[digits] = '\0';
}

/* Text that goes into a digest piece by piece. */
struct digest_text {
	struct digest *digest;
	bool is_ok;
	size_t len;
	char buf[512];
};

static void digest_text_start(
	struct digest_text *out, struct digest *digest, const char *name)
{
	out->digest = digest;
	out->len = 0;
	out->is_ok = digest_prepare(digest, name) &&
		     EVP_DigestInit_ex2(digest->context, digest->kind, NULL) == 1;
}

static void digest_text_flush(struct digest_text *out)
{
	out->is_ok = out->is_ok &&
		     EVP_DigestUpdate(out->digest->context, out->buf, out->len) == 1;
	out->len = 0;
}

static void put_char(struct digest_text *out, char letter)
{
	if (out->len == sizeof(out->buf)) {
		digest_text_flush(out);
	}
	out->buf[out->len++] = letter;
}

static void put_decimal(struct digest_text *out, unsigned value)
{
	char digits[10];
	size_t count = 0;
	do {
		digits[count++] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	while (count > 0) {
		put_char(out, digits[--count]);
	}
}

static void put_hex16(struct digest_text *out, uint16_t value)
{
	const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)(value & 0xff)};
	char digits[5];
	hex_copy(digits, bytes, 4);
	for (size_t i = 0; i < 4; i++) {
		put_char(out, digits[i]);
	}
}

/* digits hex digits of the digest into text, "" when it failed. */
static void digest_text_end(struct digest_text *out, char *text, size_t digits)
{
	uint8_t bytes[EVP_MAX_MD_SIZE];
	digest_text_flush(out);
	text[0] = '\0';
	if (out->is_ok && EVP_DigestFinal_ex(out->digest->context, bytes, NULL) == 1) {
		hex_copy(text, bytes, digits);
	}
}

void fingerprint_sha256(struct text bytes, char text[65])
{
	struct digest_text out;
	digest_text_start(&out, &sha256_digest, "SHA256");
	out.is_ok = out.is_ok &&
		    EVP_DigestUpdate(sha256_digest.context, bytes.at, bytes.len) == 1;
	digest_text_end(&out, text, 64);
}

void fingerprint_sha1(struct text bytes, char text[FINGERPRINT_SHA1_BYTES])
{
	struct digest_text out;
	char digits[41];
	digest_text_start(&out, &sha1_digest, "SHA1");
	out.is_ok = out.is_ok &&
		    EVP_DigestUpdate(sha1_digest.context, bytes.at, bytes.len) == 1;
	digest_text_end(&out, digits, sizeof(digits) - 1);
	size_t len = 0;
	for (size_t i = 0; digits[i] != '\0'; i++) {
		if (i > 0 && i % 2 == 0) {
			text[len++] = ':';
		}
		text[len++] = digits[i];
	}
	text[len] = '\0';
}

/* Values of 2 bytes in decimal, joined by '-', GREASE left out. */
static void put_list(struct digest_text *out, struct text values)
{
	struct cursor cur = tls_cursor(values);
	bool is_first = true;
	while (cursor_left(&cur) >= 2) {
		const uint16_t value = cursor_be16(&cur);
		if (tls_is_grease(value)) {
			continue;
		}
		if (!is_first) {
			put_char(out, '-');
		}
		put_decimal(out, value);
		is_first = false;
	}
}

static void put_extensions(struct digest_text *out, struct text extensions)
{
	struct cursor block = tls_cursor(extensions);
	struct cursor data;
	uint16_t type = 0;
	bool is_first = true;
	while (tls_extension_next(&block, &type, &data)) {
		if (tls_is_grease(type)) {
			continue;
		}
		if (!is_first) {
			put_char(out, '-');
		}
		put_decimal(out, type);
		is_first = false;
	}
}

void fingerprint_ja3(
	const struct tls_client_hello *hello, char text[FINGERPRINT_MD5_BYTES])
{
	struct digest_text out;
	digest_text_start(&out, &md5_digest, "MD5");
	put_decimal(&out, hello->legacy_version);
	put_char(&out, ',');
	put_list(&out, hello->suites);
	put_char(&out, ',');
	put_extensions(&out, hello->extensions);
	put_char(&out, ',');
	put_list(&out, hello->groups);
	put_char(&out, ',');
	for (size_t i = 0; i < hello->point_formats.len; i++) {
		if (i > 0) {
			put_char(&out, '-');
		}
		put_decimal(&out, hello->point_formats.at[i]);
	}
	digest_text_end(&out, text, 32);
}

void fingerprint_ja3s(
	const struct tls_server_hello *hello, char text[FINGERPRINT_MD5_BYTES])
{
	struct digest_text out;
	digest_text_start(&out, &md5_digest, "MD5");
	put_decimal(&out, hello->legacy_version);
	put_char(&out, ',');
	put_decimal(&out, hello->suite);
	put_char(&out, ',');
	put_extensions(&out, hello->extensions);
	digest_text_end(&out, text, 32);
}

/* Values in ascending order; count goes on past what is kept. */
struct sorted {
	uint16_t values[JA4_VALUES_MAX];
	size_t kept;
	unsigned count;
};

static void sorted_add(struct sorted *sorted, uint16_t value)
{
	if (sorted->kept == JA4_VALUES_MAX) {
		return;
	}
	size_t at = sorted->kept++;
	for (; at > 0 && sorted->values[at - 1] > value; at--) {
		sorted->values[at] = sorted->values[at - 1];
	}
	sorted->values[at] = value;
}

static void put_sorted(struct digest_text *out, const struct sorted *sorted)
{
	for (size_t i = 0; i < sorted->kept; i++) {
		if (i > 0) {
			put_char(out, ',');
		}
		put_hex16(out, sorted->values[i]);
	}
}

static void ja4_suites(struct text suites, struct sorted *sorted)
{
	struct cursor cur = tls_cursor(suites);
	while (cursor_left(&cur) >= 2) {
		const uint16_t suite = cursor_be16(&cur);
		if (!tls_is_grease(suite)) {
			sorted->count++;
			sorted_add(sorted, suite);
		}
	}
}

/* Server name and ALPN are counted but not digested. */
static void ja4_extensions(struct text extensions, struct sorted *sorted)
{
	struct cursor block = tls_cursor(extensions);
	struct cursor data;
	uint16_t type = 0;
	while (tls_extension_next(&block, &type, &data)) {
		if (tls_is_grease(type)) {
			continue;
		}
		sorted->count++;
		if (type != TLS_EXTENSION_SERVER_NAME && type != TLS_EXTENSION_ALPN) {
			sorted_add(sorted, type);
		}
	}
}

static void put_signatures(struct digest_text *out, struct text signatures)
{
	struct cursor cur = tls_cursor(signatures);
	char separator = '_';
	for (size_t i = 0; i < JA4_VALUES_MAX && cursor_left(&cur) >= 2; i++) {
		const uint16_t scheme = cursor_be16(&cur);
		if (tls_is_grease(scheme)) {
			continue;
		}
		put_char(out, separator);
		put_hex16(out, scheme);
		separator = ',';
	}
}

static const char *ja4_version(uint16_t version)
{
	switch (version) {
	case TLS_VERSION_1_3:
		return "13";
	case TLS_VERSION_1_2:
		return "12";
	case TLS_VERSION_1_1:
		return "11";
	case TLS_VERSION_1_0:
		return "10";
	case TLS_VERSION_SSL_3:
		return "s3";
	case TLS_VERSION_SSL_2:
		return "s2";
	default:
		return "00";
	}
}

static bool is_alphanumeric(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z');
}

/* First and last character of the first ALPN name; of its hex form when one is not alphanumeric. */
static void ja4_alpn(struct text alpn, char ends[2])
{
	struct cursor cur = tls_cursor(alpn);
	const uint8_t len = cursor_u8(&cur);
	const uint8_t *name = cursor_take(&cur, len);
	ends[0] = '0';
	ends[1] = '0';
	if (!name || len == 0) {
		return;
	}
	if (is_alphanumeric(name[0]) && is_alphanumeric(name[len - 1])) {
		ends[0] = (char)name[0];
		ends[1] = (char)name[len - 1];
		return;
	}
	char hex[3];
	hex_copy(hex, &name[0], 2);
	ends[0] = hex[0];
	hex_copy(hex, &name[len - 1], 2);
	ends[1] = hex[1];
}

static void ja4_two_digits(char *text, unsigned count)
{
	const unsigned shown = count > 99 ? 99 : count;
	text[0] = (char)('0' + shown / 10);
	text[1] = (char)('0' + shown % 10);
}

/* Twelve hex digits of a sorted list and its tail, zeros for an empty list. */
static void ja4_part(char *text, const struct sorted *sorted, struct text signatures)
{
	if (sorted->kept == 0) {
		memset(text, '0', 12);
		text[12] = '\0';
		return;
	}
	struct digest_text out;
	digest_text_start(&out, &sha256_digest, "SHA256");
	put_sorted(&out, sorted);
	put_signatures(&out, signatures);
	digest_text_end(&out, text, 12);
}

void fingerprint_ja4(
	const struct tls_client_hello *hello, char text[FINGERPRINT_JA4_BYTES])
{
	struct sorted suites = {.kept = 0, .count = 0};
	struct sorted extensions = {.kept = 0, .count = 0};
	ja4_suites(hello->suites, &suites);
	ja4_extensions(hello->extensions, &extensions);
	const char *version = ja4_version(hello->offered_version);
	text[0] = 't';
	text[1] = version[0];
	text[2] = version[1];
	text[3] = hello->has_server_name ? 'd' : 'i';
	ja4_two_digits(text + 4, suites.count);
	ja4_two_digits(text + 6, extensions.count);
	ja4_alpn(hello->alpn, text + 8);
	text[10] = '_';
	ja4_part(text + 11, &suites, (struct text){.at = NULL, .len = 0});
	text[23] = '_';
	ja4_part(text + 24, &extensions, hello->signatures);
}
