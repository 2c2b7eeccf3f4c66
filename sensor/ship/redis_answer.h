/*
 * ship/redis_answer - what the error texts of a Redis server mean, and slots.
 *
 * Errors are told by their first word; a redirection names the node to go to. Texts
 * only: knows no connection. Redis cluster specification: key hash tags, MOVED and
 * ASK redirection.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define REDIS_HOST_BYTES 112 /* an address, or the path of a UNIX socket */
#define REDIS_SLOTS      16384

/* Where a server listens; port 0: host is the path of a socket. */
struct redis_node {
	char host[REDIS_HOST_BYTES];
	unsigned port;
};

enum redis_error_kind {
	REDIS_ERROR_DOWN = 0, /* gets better by itself */
	REDIS_ERROR_SETTINGS, /* a human must change something */
	REDIS_ERROR_MOVED,    /* another node has the slot */
	REDIS_ERROR_ASK,      /* another node has it for this once */
	REDIS_ERROR_SOON,     /* ask again at once */
	REDIS_ERROR_NO_SCRIPT,
};

struct redis_error {
	const char *word; /* the first one; NULL: any other */
	enum redis_error_kind kind;
	const char *what; /* for humans */
};

/* What the text of an error means; never NULL. */
const struct redis_error *redis_error_of(const char *text);

/*
 * "MOVED 3999 127.0.0.1:6381" and ASK likewise. asked: who said so, as it is where no
 * host is named. False: no redirection to where we could go.
 */
bool redis_redirect_read(const char *text, const struct redis_node *asked,
	struct redis_node *to, unsigned *slot);

/* The slot of a key: of its part in the first {} where that is not empty. */
unsigned redis_slot(const char *key, size_t len);

/* The value of a line "name:value" of what INFO says. False: there is none. */
bool redis_info_read(const char *text, const char *name, char *value, size_t size);
