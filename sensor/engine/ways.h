/*
 * engine/ways - by which tunnel a packet came in, and what that means for its flow.
 *
 * A tunnel is another network: its flows have a tag of their own (packet.way, flow.way),
 * so that nothing inside touches a flow outside or in another tunnel. What the matrix
 * declares is the site's own and is one network however many outer ends carry it; any
 * other tunnel is anybody's claim. VLANs tell no networks apart (decode/tunnel).
 * Remembers the tunnels seen lately for records; bounded, knows no flows.
 */
#pragma once

#include "base/hash.h"
#include "decode/packet.h"
#include "matrix/matrix.h"

#define WAYS_SLOTS 1024 /* of each of the two, by tag, one way associative */

struct ways {
	struct hash_seed seed;
	/* those that the matrix declares, and apart from them the claims of anybody */
	struct way seen[2][WAYS_SLOTS];
};

/* Of a packet that came in by a tunnel; writes its tag into packet->way as well. */
struct way ways_note(
	struct ways *ways, const struct matrix *matrix, struct packet *packet);

/* What is remembered of the tag; without a tunnel (depth 0) where nothing is. */
struct way ways_recall(const struct ways *ways, uint32_t tag);
