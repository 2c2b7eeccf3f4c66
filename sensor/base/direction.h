/*
 * base/direction - which way bytes go in a conversation.
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
