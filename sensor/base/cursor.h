/*
 * base/cursor - read untrusted bytes without ever leaving them.
 *
 * A read past the end sets .short_read, yields zero and moves nothing, so a
 * parser reads a whole header first and tests cursor_ok() once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *at;  /* borrowed: lives as long as the frame */
	const uint8_t *end; /* one past the last readable byte */
	bool short_read;
};

static inline struct cursor cursor_over(const void *bytes, size_t len)
{
	const uint8_t *start = (const uint8_t *)bytes;
	return (struct cursor){.at = start, .end = start + len, .short_read = false};
}

static inline size_t cursor_left(const struct cursor *cur)
{
	return (size_t)(cur->end - cur->at);
}

static inline bool cursor_ok(const struct cursor *cur)
{
	return !cur->short_read;
}

/* Claim len bytes; NULL and sticky short_read when they are not there. */
static inline const uint8_t *cursor_take(struct cursor *cur, size_t len)
{
	if (cur->short_read || len > cursor_left(cur)) {
		cur->short_read = true;
		return NULL;
	}
	const uint8_t *taken = cur->at;
	cur->at += len;
	return taken;
}

static inline void cursor_skip(struct cursor *cur, size_t len)
{
	(void)cursor_take(cur, len);
}

static inline uint8_t cursor_u8(struct cursor *cur)
{
	const uint8_t *p = cursor_take(cur, 1);
	return p ? p[0] : 0;
}

static inline uint16_t cursor_be16(struct cursor *cur)
{
	const uint8_t *p = cursor_take(cur, 2);
	return p ? (uint16_t)((unsigned)p[0] << 8 | p[1]) : 0;
}

static inline uint32_t cursor_be24(struct cursor *cur)
{
	const uint8_t *p = cursor_take(cur, 3);
	return p ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2] : 0;
}

static inline uint32_t cursor_be32(struct cursor *cur)
{
	const uint8_t *p = cursor_take(cur, 4);
	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
			       p[3]
		 : 0;
}

static inline uint16_t cursor_le16(struct cursor *cur)
{
	const uint8_t *p = cursor_take(cur, 2);
	return p ? (uint16_t)((unsigned)p[1] << 8 | p[0]) : 0;
}

static inline uint32_t cursor_le32(struct cursor *cur)
{
	const uint8_t *p = cursor_take(cur, 4);
	return p ? (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 |
			       p[0]
		 : 0;
}

/* A cursor over the next len bytes, which the outer cursor skips. */
static inline struct cursor cursor_sub(struct cursor *cur, size_t len)
{
	const uint8_t *p = cursor_take(cur, len);
	return (struct cursor){.at = p, .end = p ? p + len : p, .short_read = !p};
}
