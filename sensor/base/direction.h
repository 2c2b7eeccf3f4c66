/*
 * base/direction - which way bytes go in a conversation, and how sure that is.
 */
#pragma once

enum direction {
	DIRECTION_TO_SERVER = 0, /* sent by the client */
	DIRECTION_TO_CLIENT = 1, /* sent by the server */
};

static inline enum direction direction_reverse(enum direction way)
{
	return way == DIRECTION_TO_SERVER ? DIRECTION_TO_CLIENT : DIRECTION_TO_SERVER;
}

/* How sure we are who is the client. */
enum direction_confidence {
	DIRECTION_CONFIDENCE_PORT = 0, /* guessed from the port numbers */
	DIRECTION_CONFIDENCE_BANNER,   /* the bytes tell */
	DIRECTION_CONFIDENCE_SYN_ACK,
	DIRECTION_CONFIDENCE_SYN,
};
