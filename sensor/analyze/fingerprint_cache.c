#include "analyze/fingerprint_cache.h"

#include "base/hash.h"

#include <string.h>

#define SHAPE_BYTES 512 /* a longer one is not kept */
#define SHAPES      128

/* What the fingerprints depend on, and nothing else. */
struct shape {
	size_t len;
	bool is_cut;
	uint8_t bytes[SHAPE_BYTES];
};

struct known_shape {
	struct shape shape;
	char md5[FINGERPRINT_MD5_BYTES];
	char ja4[FINGERPRINT_JA4_BYTES];
};

static struct known_shape known_shapes[SHAPES];

static void shape_number(struct shape *shape, uint16_t value)
{
	if (shape->len + 2 > SHAPE_BYTES) {
		shape->is_cut = true;
		return;
	}
	shape->bytes[shape->len++] = (uint8_t)(value >> 8);
	shape->bytes[shape->len++] = (uint8_t)value;
}

static void shape_list(struct shape *shape, struct text list)
{
	shape_number(shape, (uint16_t)list.len);
	if (list.len > SHAPE_BYTES - shape->len) {
		shape->is_cut = true;
	} else if (list.len > 0) {
		memcpy(shape->bytes + shape->len, list.at, list.len);
		shape->len += list.len;
	}
}

static void shape_extension_types(struct shape *shape, struct text extensions)
{
	struct cursor block = tls_cursor(extensions);
	struct cursor data;
	uint16_t type = 0;
	while (!shape->is_cut && tls_extension_next(&block, &type, &data)) {
		shape_number(shape, type);
	}
}

static struct known_shape *place_of(struct shape *shape)
{
	static const struct hash_seed FIXED;
	uint64_t words[SHAPE_BYTES / sizeof(uint64_t)];
	const size_t count = (shape->len + sizeof(*words) - 1) / sizeof(*words);
	memset(shape->bytes + shape->len, 0, count * sizeof(*words) - shape->len);
	memcpy(words, shape->bytes, count * sizeof(*words));
	return &known_shapes[hash_words(&FIXED, words, count) % SHAPES];
}

static bool is_known(const struct known_shape *known, const struct shape *shape)
{
	return known->shape.len == shape->len &&
	       memcmp(known->shape.bytes, shape->bytes, shape->len) == 0;
}

static void remember(struct known_shape *known, const struct shape *shape,
	const char *md5, const char *ja4)
{
	known->shape.len = shape->len;
	memcpy(known->shape.bytes, shape->bytes, shape->len);
	memcpy(known->md5, md5, strlen(md5) + 1);
	memcpy(known->ja4, ja4, strlen(ja4) + 1);
}

void fingerprint_client_hello(const struct tls_client_hello *hello,
	char ja3[FINGERPRINT_MD5_BYTES], char ja4[FINGERPRINT_JA4_BYTES])
{
	struct shape shape = {.len = 0, .is_cut = false};
	shape_number(&shape, hello->legacy_version);
	shape_number(&shape, hello->offered_version);
	shape_number(&shape, hello->has_server_name ? 1 : 2);
	shape_list(&shape, hello->suites);
	shape_list(&shape, hello->groups);
	shape_list(&shape, hello->point_formats);
	shape_list(&shape, hello->signatures);
	shape_list(&shape, hello->alpn);
	shape_extension_types(&shape, hello->extensions);
	struct known_shape *known = shape.is_cut ? NULL : place_of(&shape);
	if (known != NULL && is_known(known, &shape)) {
		memcpy(ja3, known->md5, FINGERPRINT_MD5_BYTES);
		memcpy(ja4, known->ja4, FINGERPRINT_JA4_BYTES);
		return;
	}
	fingerprint_ja3(hello, ja3);
	fingerprint_ja4(hello, ja4);
	if (known != NULL) {
		remember(known, &shape, ja3, ja4);
	}
}

void fingerprint_server_hello(
	const struct tls_server_hello *hello, char ja3s[FINGERPRINT_MD5_BYTES])
{
	struct shape shape = {.len = 0, .is_cut = false};
	shape_number(&shape, hello->legacy_version);
	shape_number(&shape, hello->suite);
	shape_number(&shape, 0); /* where a ClientHello has 1 or 2 */
	shape_extension_types(&shape, hello->extensions);
	struct known_shape *known = shape.is_cut ? NULL : place_of(&shape);
	if (known != NULL && is_known(known, &shape)) {
		memcpy(ja3s, known->md5, FINGERPRINT_MD5_BYTES);
		return;
	}
	fingerprint_ja3s(hello, ja3s);
	if (known != NULL) {
		remember(known, &shape, ja3s, "");
	}
}
