#include "analyze/endpoint_map.h"

#include <string.h>

void endpoint_map_init(struct endpoint_map *map, struct hash_seed seed)
{
	memset(map, 0, sizeof(*map));
	map->seed = seed;
}

static size_t set_of(
	const struct endpoint_map *map, const struct address *server, uint16_t port)
{
	uint64_t words[3] = {0, 0, port};
	memcpy(words, server->bytes, sizeof(server->bytes));
	return hash_words(&map->seed, words, 3) % ENDPOINT_MAP_SETS;
}

static bool is_alive(const struct endpoint_place *place, uint64_t now_us)
{
	return place->told_us != 0 && now_us < place->told_us + ENDPOINT_LIFETIME_US;
}

static bool is_place_of(const struct endpoint_place *place,
	const struct address *server, uint16_t port, uint64_t now_us)
{
	return is_alive(place, now_us) && place->port == port &&
	       address_equal(&place->server, server);
}

void endpoint_map_tell(struct endpoint_map *map, const struct address *server,
	uint16_t port, bool is_exchange, uint64_t now_us)
{
	struct endpoint_place *set = map->places[set_of(map, server, port)];
	struct endpoint_place *place = &set[0];
	for (size_t i = 0; i < ENDPOINT_MAP_WAYS; i++) {
		if (is_place_of(&set[i], server, port, now_us)) {
			place = &set[i];
			break;
		}
		if (set[i].told_us < place->told_us) {
			place = &set[i];
		}
	}
	if (!is_place_of(place, server, port, now_us)) {
		*place = (struct endpoint_place){.server = *server, .port = port};
		map->used += map->used < UINT32_MAX;
	}
	place->told_us = now_us > 0 ? now_us : 1;
	place->has_exchange |= is_exchange;
	place->has_other |= !is_exchange;
}

bool endpoint_map_is_exchange(const struct endpoint_map *map,
	const struct address *server, uint16_t port, uint64_t now_us)
{
	if (map->used == 0) {
		return false;
	}
	const struct endpoint_place *set = map->places[set_of(map, server, port)];
	for (size_t i = 0; i < ENDPOINT_MAP_WAYS; i++) {
		if (is_place_of(&set[i], server, port, now_us)) {
			return set[i].has_exchange && !set[i].has_other;
		}
	}
	return false;
}
