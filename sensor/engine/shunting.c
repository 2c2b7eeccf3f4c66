#include "engine/shunting.h"

#include "base/cold.h"
#include "capture/shunt.h"
#include "engine/passage.h"

/* Of a side: often enough for what is worth it, and nothing for short flows. */
#define PACKETS_BETWEEN_OFFERS 16

_Static_assert(
	(PACKETS_BETWEEN_OFFERS & (PACKETS_BETWEEN_OFFERS - 1)) == 0, "a power of two");

static struct shunt_key key_of(const struct flow *flow)
{
	return shunt_key_of(flow->address, flow->port);
}

static void add_counts(
	struct engine *engine, struct flow *flow, const struct shunt_counts *counts)
{
	const uint64_t packets = counts->packets[0] + counts->packets[1];
	for (int side = 0; side < 2; side++) {
		flow->packets[side] += (uint32_t)counts->packets[side];
		flow->bytes[side] += counts->bytes[side];
	}
	if (counts->last_us > flow->last_us) {
		flow->last_us = counts->last_us;
	}
	engine->frames += packets;
	engine->packets += packets;
	engine->frame_bytes += counts->wire_bytes;
	decoder_note_decoded(engine->decoder, packets);
}

COLD void shunting_count(void *context, struct flow *flow)
{
	struct engine *engine = (struct engine *)context;
	const struct shunt_key key = key_of(flow);
	struct shunt_counts counts;
	if (shunt_take(engine->shunt, &key, &counts)) {
		add_counts(engine, flow, &counts);
	}
}

COLD void shunting_end(struct engine *engine, struct flow *flow)
{
	const struct shunt_key key = key_of(flow);
	shunt_stop(engine->shunt, &key);
	shunting_count(engine, flow);
	shunt_release(engine->shunt, &key);
	flow->is_shunted = false;
}

static COLD void offer(struct engine *engine, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	const struct shunt_key key = key_of(flow);
	const uint32_t tags = shunt_tags(packet->vlan, packet->vlan_count);
	if (flow_is_only_counted(flow) && passage_has_nothing_more(engine, flow)) {
		flow->is_shunted = shunt_offer(engine->shunt, &key, side, tags, flow);
	}
}

void shunting_packet(struct engine *engine, struct flow *flow,
	const struct packet *packet, unsigned side)
{
	if (packet->tcp_flags & (TCP_SYN | TCP_FIN | TCP_RST)) {
		if (flow->is_shunted) {
			const struct shunt_key key = key_of(flow);
			shunt_stop(engine->shunt, &key);
		}
	} else if (flow->packets[side] % PACKETS_BETWEEN_OFFERS == 0) {
		offer(engine, flow, packet, side);
	}
}

static void on_swept(
	void *context, void *owner, const struct shunt_counts *counts, bool is_over)
{
	struct flow *flow = (struct flow *)owner;
	add_counts((struct engine *)context, flow, counts);
	flow->is_shunted = !is_over;
}

void engine_set_shunt(struct engine *engine, struct shunt *shunt)
{
	engine->shunt = shunt;
}

void engine_take_shunted(struct engine *engine, uint64_t now_us)
{
	if (engine->shunt) {
		shunt_sweep(engine->shunt, now_us, on_swept, engine);
	}
}
