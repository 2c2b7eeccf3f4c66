/*
 * analyze/endpoint_map - which servers' ports are known to be MAPI's.
 *
 * Remembers what endpoint mappers answered: (server, port) and whether only interfaces
 * of Exchange were told to listen there. A fixed number of places; the oldest gives way.
 * Forgets after hours: the ports are dealt anew when a server starts. Pure memory.
 */
#pragma once

#include "base/address.h"
#include "base/hash.h"

#include <stdbool.h>

#define ENDPOINT_MAP_SETS    256
#define ENDPOINT_MAP_WAYS    4
#define ENDPOINT_LIFETIME_US (UINT64_C(8) * 3600 * 1000000)

struct endpoint_place {
	struct address server;
	uint64_t told_us; /* 0: free */
	uint16_t port;
	bool has_exchange;
	bool has_other; /* something else listens there too: the port alone tells nothing */
};

struct endpoint_map {
	struct hash_seed seed;
	uint32_t used; /* places ever taken: nothing to look for while 0 */
	struct endpoint_place places[ENDPOINT_MAP_SETS][ENDPOINT_MAP_WAYS];
};

void endpoint_map_init(struct endpoint_map *map, struct hash_seed seed);

/* An interface was told to listen at server's port. */
void endpoint_map_tell(struct endpoint_map *map, const struct address *server,
	uint16_t port, bool is_exchange, uint64_t now_us);

/* Nothing but MAPI was told to listen there, within the lifetime. */
bool endpoint_map_is_exchange(const struct endpoint_map *map,
	const struct address *server, uint16_t port, uint64_t now_us);
