#include "engine/ways.h"

/* Whatever outer ends carry a declared tunnel, it is one network. */
static uint64_t hash_declared(const struct hash_seed *seed, uint64_t around,
	const struct matrix_tunnel *declared, const struct tunnel *tunnel)
{
	const bool has_id = tunnel_kind_has_common_id((enum tunnel_kind)tunnel->kind);
	const uint64_t words[3] = {
		around, declared->name_hash, has_id ? tunnel->id : 0};
	return hash_words(seed, words, 3);
}

struct way ways_note(
	struct ways *ways, const struct matrix *matrix, struct packet *packet)
{
	const struct tunnel *named = NULL; /* the outermost not declared */
	uint64_t hash = 0;
	for (unsigned i = 0; i < packet->tunnel_depth; i++) { /* PACKET_TUNNELS_MAX */
		const struct tunnel *tunnel = &packet->tunnels[i];
		const struct matrix_tunnel *declared = matrix_tunnel_of(matrix, tunnel);
		if (declared) {
			hash = hash_declared(&ways->seed, hash, declared, tunnel);
		} else {
			hash = tunnel_hash(&ways->seed, hash, tunnel);
			named = named ? named : tunnel;
		}
	}
	uint32_t tag = (uint32_t)hash & ~WAY_FOREIGN;
	tag = named ? tag | WAY_FOREIGN : tag > 0 ? tag : 1;
	packet->way = tag;
	const struct way way = {.tag = tag,
		.depth = packet->tunnel_depth,
		.tunnel = named ? *named : packet->tunnels[packet->tunnel_depth - 1]};
	ways->seen[way_is_foreign(tag)][tag % WAYS_SLOTS] = way;
	return way;
}

struct way ways_recall(const struct ways *ways, uint32_t tag)
{
	const struct way *way = &ways->seen[way_is_foreign(tag)][tag % WAYS_SLOTS];
	return way->tag == tag ? *way : (struct way){.tag = tag};
}
