#include "analyze/tls_hello.h"

#include "analyze/tls.h"

#include <string.h>

static struct text text_of(struct cursor cur)
{
	return (struct text){.at = cur.at, .len = cursor_left(&cur)};
}

/* A vector with a length of 2 bytes; empty when it does not fit. */
static struct text vector16(struct cursor *cur)
{
	const uint16_t len = cursor_be16(cur);
	struct cursor inner = cursor_sub(cur, len);
	return cursor_ok(cur) ? text_of(inner) : (struct text){.at = NULL, .len = 0};
}

/* The same, and of one that does not fit what is there of it. */
static struct text vector16_front(struct cursor *cur)
{
	const size_t len = cursor_be16(cur);
	const size_t left = cursor_left(cur);
	struct cursor inner = cursor_sub(cur, len < left ? len : left);
	return cursor_ok(cur) ? text_of(inner) : (struct text){.at = NULL, .len = 0};
}

static struct text vector8(struct cursor *cur)
{
	const uint8_t len = cursor_u8(cur);
	struct cursor inner = cursor_sub(cur, len);
	return cursor_ok(cur) ? text_of(inner) : (struct text){.at = NULL, .len = 0};
}

/* Drafts of TLS 1.3 (0x7f00 + draft number) count as TLS 1.3. */
static uint16_t version_settled(uint16_t version)
{
	return version >> 8 == 0x7f ? TLS_VERSION_1_3 : version;
}

static uint16_t highest_version(struct text versions)
{
	struct cursor cur = tls_cursor(versions);
	uint16_t highest = 0;
	while (cursor_left(&cur) >= 2) {
		const uint16_t version = version_settled(cursor_be16(&cur));
		if (!tls_is_grease(version) && version > highest &&
			version <= TLS_VERSION_1_3) {
			highest = version;
		}
	}
	return highest;
}

/* ServerNameList, RFC 6066 section 3: the first host_name. */
static struct text server_name(struct cursor *data)
{
	const struct text list = vector16(data);
	struct cursor cur = tls_cursor(list);
	while (cursor_left(&cur) > 0) {
		const uint8_t kind = cursor_u8(&cur);
		const struct text name = vector16(&cur);
		if (!cursor_ok(&cur)) {
			break;
		}
		if (kind == 0) {
			return name;
		}
	}
	return (struct text){.at = NULL, .len = 0};
}

static void client_extension(
	struct tls_client_hello *hello, uint16_t type, struct cursor *data)
{
	switch (type) {
	case TLS_EXTENSION_SERVER_NAME:
		hello->has_server_name = true;
		hello->server_name = server_name(data);
		break;
	case TLS_EXTENSION_GROUPS:
		hello->groups = vector16(data);
		break;
	case TLS_EXTENSION_POINT_FORMATS:
		hello->point_formats = vector8(data);
		break;
	case TLS_EXTENSION_SIGNATURES:
		hello->signatures = vector16(data);
		break;
	case TLS_EXTENSION_ALPN:
		hello->alpn = vector16(data);
		break;
	case TLS_EXTENSION_VERSIONS:
		hello->versions = vector8(data);
		break;
	default:
		break;
	}
}

bool tls_client_hello_read(struct text body, struct tls_client_hello *hello)
{
	struct cursor cur = tls_cursor(body);
	*hello = (struct tls_client_hello){0};
	hello->legacy_version = cursor_be16(&cur);
	cursor_skip(&cur, 32); /* random */
	(void)vector8(&cur);   /* session id */
	hello->suites = vector16(&cur);
	(void)vector8(&cur); /* compression methods */
	if (!cursor_ok(&cur)) {
		return false;
	}
	hello->extensions = vector16_front(&cur);
	struct cursor block = tls_cursor(hello->extensions);
	struct cursor data;
	uint16_t type = 0;
	while (tls_extension_next(&block, &type, &data)) {
		client_extension(hello, type, &data);
	}
	const uint16_t highest = highest_version(hello->versions);
	hello->offered_version = highest ? highest : hello->legacy_version;
	return true;
}

/* What tls_client_hello_note asks for, at a length that a client gives it. */
static bool is_to_stay(uint16_t type, uint16_t len)
{
	enum { BYTES_MAX = 1024 };
	return len <= BYTES_MAX &&
	       (type == TLS_EXTENSION_SERVER_NAME || type == TLS_EXTENSION_ALPN ||
		       type == TLS_EXTENSION_VERSIONS);
}

/* Bytes taken out of their middle: those from .read on have not been looked at. */
struct squeeze {
	uint8_t *bytes;
	size_t len;
	size_t kept;
	size_t read;
};

static void squeeze_keep(struct squeeze *squeeze, size_t len)
{
	memmove(squeeze->bytes + squeeze->kept, squeeze->bytes + squeeze->read, len);
	squeeze->kept += len;
	squeeze->read += len;
}

/* Returns how many of them are yet to come. */
static uint16_t squeeze_leave_out(struct squeeze *squeeze, size_t len)
{
	const size_t left = squeeze->len - squeeze->read;
	squeeze->read += len < left ? len : left;
	return (uint16_t)(len < left ? 0 : len - left);
}

/* What is not whole stays: the next bytes may complete it. */
static uint16_t squeeze_extensions(struct squeeze *squeeze)
{
	enum { HEAD_BYTES = 4 };
	uint16_t passing = 0;
	while (squeeze->len - squeeze->read >= HEAD_BYTES) {
		struct cursor cur = cursor_over(
			squeeze->bytes + squeeze->read, squeeze->len - squeeze->read);
		const uint16_t type = cursor_be16(&cur);
		const uint16_t len = cursor_be16(&cur);
		if (!is_to_stay(type, len)) {
			passing = squeeze_leave_out(squeeze, (size_t)HEAD_BYTES + len);
		} else if (len <= cursor_left(&cur)) {
			squeeze_keep(squeeze, (size_t)HEAD_BYTES + len);
		} else {
			break;
		}
	}
	squeeze_keep(squeeze, squeeze->len - squeeze->read);
	return passing;
}

size_t tls_client_hello_squeeze(uint8_t *bytes, size_t len, uint16_t *passing)
{
	struct squeeze squeeze = {bytes, len, 0, 0};
	struct cursor cur = cursor_over(bytes, len);
	cursor_skip(&cur, 2 + 32); /* version, random */
	(void)vector8(&cur);       /* session id */
	const size_t suites_at = len - cursor_left(&cur);
	const uint16_t suites_len = cursor_be16(&cur);
	*passing = 0;
	if (!cursor_ok(&cur)) {
		return len;
	}
	squeeze_keep(&squeeze, suites_at + 2);
	bytes[suites_at] = bytes[suites_at + 1] = 0; /* so many are left */
	*passing = squeeze_leave_out(&squeeze, suites_len);
	cursor_skip(&cur, suites_len);
	(void)vector8(&cur);  /* compression methods */
	cursor_skip(&cur, 2); /* length of the extensions */
	if (!cursor_ok(&cur)) {
		squeeze_keep(&squeeze, len - squeeze.read);
		return squeeze.kept;
	}
	squeeze_keep(&squeeze, len - cursor_left(&cur) - squeeze.read);
	*passing = squeeze_extensions(&squeeze);
	return squeeze.kept;
}

static const uint8_t RETRY_RANDOM[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
	0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a,
	0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

static void server_extension(
	struct tls_server_hello *hello, uint16_t type, struct cursor *data)
{
	if (type == TLS_EXTENSION_VERSIONS && cursor_left(data) >= 2) {
		hello->version = version_settled(cursor_be16(data));
	} else if (type == TLS_EXTENSION_KEY_SHARE && cursor_left(data) >= 2) {
		hello->group = cursor_be16(data);
	} else if (type == TLS_EXTENSION_PRE_SHARED_KEY) {
		hello->is_resumed = true;
	} else if (type == TLS_EXTENSION_ALPN) {
		hello->alpn = vector16(data);
	}
}

bool tls_server_hello_read(struct text body, struct tls_server_hello *hello)
{
	struct cursor cur = tls_cursor(body);
	*hello = (struct tls_server_hello){0};
	hello->legacy_version = cursor_be16(&cur);
	const uint8_t *random = cursor_take(&cur, 32);
	/* Drafts 18 to 21 of TLS 1.3 have neither session id nor compression. */
	const bool is_early_draft = hello->legacy_version >> 8 == 0x7f;
	if (!is_early_draft) {
		(void)vector8(&cur); /* session id */
	}
	hello->suite = cursor_be16(&cur);
	cursor_skip(&cur, is_early_draft ? 0 : 1); /* compression method */
	if (!cursor_ok(&cur)) {
		return false;
	}
	hello->is_retry = memcmp(random, RETRY_RANDOM, sizeof(RETRY_RANDOM)) == 0;
	hello->has_sentinel = memcmp(random + 24, "DOWNGRD", 7) == 0 && random[31] <= 1;
	hello->version = version_settled(hello->legacy_version);
	hello->extensions = vector16_front(&cur);
	struct cursor block = tls_cursor(hello->extensions);
	struct cursor data;
	uint16_t type = 0;
	while (tls_extension_next(&block, &type, &data)) {
		server_extension(hello, type, &data);
	}
	return true;
}

/* Protocol names of ALPN (RFC 7301), comma-separated, whole names only. */
static void alpn_copy(char *field, size_t size, struct text list)
{
	struct cursor cur = tls_cursor(list);
	size_t used = 0;
	field[0] = '\0';
	while (cursor_left(&cur) > 0) {
		const struct text name = vector8(&cur);
		const size_t comma = used > 0 ? 1 : 0;
		if (!cursor_ok(&cur) || used + comma + name.len >= size) {
			break;
		}
		if (comma) {
			field[used++] = ',';
		}
		text_copy(field + used, size - used, name);
		used += name.len;
	}
}

void tls_client_hello_note(
	const struct tls_client_hello *hello, struct facts_tls_session *session)
{
	session->has_client_hello = true;
	session->offered_version = hello->offered_version;
	text_copy_letters(session->sni, sizeof(session->sni), hello->server_name);
	alpn_copy(session->alpn_offered, sizeof(session->alpn_offered), hello->alpn);
}

void tls_server_hello_note(
	const struct tls_server_hello *hello, struct facts_tls_session *session)
{
	session->version = hello->version;
	session->cipher_suite = hello->suite;
	session->group = hello->group;
	if (hello->is_retry) {
		session->is_retried = true;
		return;
	}
	session->has_server_hello = true;
	/* A TLS 1.3 server says so to every older client; only one that offered better was pulled down. */
	session->has_downgrade_sentinel =
		hello->has_sentinel && hello->version < session->offered_version;
	alpn_copy(session->alpn, sizeof(session->alpn), hello->alpn);
	if (hello->version >= TLS_VERSION_1_3) {
		session->is_resumed = hello->is_resumed;
		session->server_certificate.visibility = FACTS_NOT_VISIBLE;
	}
}

bool tls_ssl2_hello_note(struct text body, struct facts_tls_session *session)
{
	struct cursor cur = tls_cursor(body);
	const uint8_t type = cursor_u8(&cur);
	if (type == 4) { /* SERVER-HELLO of SSL 2.0 itself */
		cursor_skip(&cur, 2);
		const uint16_t version = cursor_be16(&cur);
		if (cursor_ok(&cur) && version == TLS_VERSION_SSL_2) {
			session->version = version;
			session->has_server_hello = true;
		}
		return session->has_server_hello;
	}
	const uint16_t version = cursor_be16(&cur);
	const uint16_t suites_len = cursor_be16(&cur);
	cursor_skip(&cur, 4); /* lengths of session id and challenge */
	cursor_skip(&cur, suites_len);
	if (!cursor_ok(&cur) || type != 1) {
		return false;
	}
	session->has_client_hello = true;
	session->offered_version = version;
	return true;
}

static uint16_t modulus_bits(struct text modulus)
{
	while (modulus.len > 0 && modulus.at[0] == 0) {
		modulus.at++;
		modulus.len--;
	}
	if (modulus.len == 0 || modulus.len > UINT16_MAX / 8) {
		return 0;
	}
	unsigned bits = (unsigned)modulus.len * 8;
	for (unsigned mask = 0x80; !(modulus.at[0] & mask); mask >>= 1) {
		bits--;
	}
	return (uint16_t)bits;
}

void tls_server_key_note(struct text body, struct facts_tls_session *session)
{
	enum { NAMED_CURVE = 3 };
	const char *name = tls_cipher_name(session->cipher_suite);
	struct cursor cur = tls_cursor(body);
	if (!name) {
		return;
	}
	if (strstr(name, "PSK")) {
		(void)vector16(&cur); /* identity hint, RFC 4279, RFC 5489 */
	}
	if (strncmp(name, "TLS_ECDH", 8) == 0) {
		const uint8_t kind = cursor_u8(&cur);
		const uint16_t group = cursor_be16(&cur);
		if (cursor_ok(&cur) && kind == NAMED_CURVE) {
			session->group = group;
		}
	} else if (strncmp(name, "TLS_DH", 6) == 0) {
		const struct text modulus = vector16(&cur);
		session->dh_bits = modulus_bits(modulus);
	}
}

bool tls_certificate_leaf(struct text body, struct text *leaf, bool *is_alone)
{
	struct cursor cur = tls_cursor(body);
	const uint32_t list_len = cursor_be24(&cur);
	*leaf = (struct text){.at = NULL, .len = 0};
	*is_alone = true;
	if (cursor_ok(&cur) && list_len == 0) {
		return true;
	}
	const uint32_t len = cursor_be24(&cur);
	struct cursor der = cursor_sub(&cur, len);
	if (!cursor_ok(&cur) || len == 0 || len + 3 > list_len) {
		return false;
	}
	*leaf = text_of(der);
	*is_alone = len + 3 == list_len;
	return true;
}
