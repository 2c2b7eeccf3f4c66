/*
 * classify/request_path - the path of an HTTP request as the server reads it.
 *
 * Takes the request line cut anywhere, however long it is: method and target, in origin
 * or absolute form (RFC 9112 section 3). Escapes are decoded, twice where a proxy in front
 * decodes once (and "%u" as IIS takes it), dot segments and empty ones are gone (RFC 3986
 * section 5.2.4), a backslash is a slash. Keeps the beginning of what is left, up to the
 * query; no service's path is longer.
 */
#pragma once

#include "base/text.h"

#define REQUEST_PATH_BYTES   64
#define REQUEST_METHOD_BYTES 16

struct request_escape {
	uint8_t len;
	uint8_t bytes[6]; /* "%4d", "%u004d" */
};

/* Zeroed at the start. */
struct request_path {
	uint8_t stage; /* private, and so is all the rest */
	uint8_t method_len;
	uint8_t len;     /* of whole segments kept in bytes, with their slashes */
	uint8_t segment; /* length of the one at hand, 255: or more */
	bool is_dots;    /* which has nothing but dots */
	uint16_t lost;   /* whole segments behind those, for want of room */
	struct request_escape escapes[2];
	uint8_t method[REQUEST_METHOD_BYTES];
	uint8_t bytes[REQUEST_PATH_BYTES];
};

/* More of the request line; behind the target nothing is taken. */
void request_path_add(struct request_path *path, struct text bytes);

/* The same of a target alone. */
void request_path_add_target(struct request_path *path, struct text target);

/* No more comes. Both are borrowed from path. */
struct text request_path_method(const struct request_path *path);
struct text request_path_end(struct request_path *path);
